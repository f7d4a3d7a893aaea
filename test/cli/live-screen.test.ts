// What a live capture shows, on a terminal and elsewhere.
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { type Keys, LiveScreen } from '../../src/cli/live-screen.ts';
import type { LiveProgress } from '../../src/pipeline/live-options.ts';

const ESC = '\u001b';
/** Cursor up, clear what is below, a new line, text. */
const CODES = new RegExp(`${ESC}\\[(\\d+)A|(${ESC}\\[J)|(\n)|([^${ESC}\n\r]+)`, 'g');

const PROGRESS: LiveProgress = {
  runId: 3,
  packets: 0,
  bytes: 0,
  kernelDropped: 0,
  interfaceDropped: 0,
  engineDropped: 0,
  flows: 5,
  evicted: 0,
  services: [],
  lagS: 0,
  waitingBytes: 0,
  checkpointAgeS: 0,
};

class Terminal extends Writable {
  readonly isTTY: boolean;
  readonly columns = 80;
  readonly rows = 30;
  text = '';

  constructor(isTTY = true) {
    super();
    this.isTTY = isTTY;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }

  /** What is to be seen now, as a terminal would have it. */
  get seen(): string[] {
    const lines: string[] = [''];
    for (const [, up, clear, newline, text] of this.text.matchAll(CODES)) {
      if (up !== undefined) lines.length = lines.length - Number(up);
      else if (clear !== undefined) lines[lines.length - 1] = '';
      else if (newline !== undefined) lines.push('');
      else if (text !== undefined) lines[lines.length - 1] += text;
    }
    return lines;
  }
}

class Keyboard extends EventEmitter {
  readonly isTTY = true;
  raw = false;

  setRawMode(on: boolean): void {
    this.raw = on;
  }

  press(keys: string): void {
    this.emit('data', Buffer.from(keys));
  }

  resume(): void {}
  pause(): void {}
}

function screen(terminal: Terminal, quiet = false, isForeground = true) {
  const keys = new Keyboard();
  let atMs = 0;
  let quits = 0;
  const shown = new LiveScreen({
    stream: terminal,
    keys: keys as unknown as Keys,
    device: 'eth1',
    quiet,
    isForeground,
    now: () => atMs,
    memoryBytes: () => 256 << 20,
    onQuit: () => quits++,
  });
  const after = (seconds: number, progress: Partial<LiveProgress>) => {
    atMs += seconds * 1000;
    shown.show({ ...PROGRESS, ...progress });
  };
  return { shown, keys, after, quits: () => quits };
}

const BUSY: Partial<LiveProgress> = {
  packets: 3000,
  bytes: 2_500_000,
  kernelDropped: 17,
  services: [
    { service: 'smtp', packets: 2000, bytes: 500_000 },
    { service: 'https-owa', packets: 1000, bytes: 2_000_000 },
  ],
};

test('on a terminal it shows rates, services by traffic, drops and memory', () => {
  const terminal = new Terminal();
  const { shown, after } = screen(terminal);
  shown.begin();
  after(0, {});
  after(2, BUSY);
  const text = terminal.seen.join('\n');
  assert.match(text, /eth1 {2}run 3 {2}2\.0 s/);
  assert.match(text, /1,500 packets\/s {2}10\.0 Mbit\/s {2}3,000 packets {2}2\.4 MiB/);
  assert.match(text, /17 dropped by the kernel, 0 by the interface/);
  assert.match(text, /5 flows open {2}256\.0 MiB of memory/);
  assert.match(text, /https-owa +500 +8\.0 Mbit\/s +1\.9 MiB\nsmtp +1,000 +2\.0 Mbit\/s/);
});

test('a block takes the place of the one before it, below what was said', () => {
  const terminal = new Terminal();
  const { shown, after } = screen(terminal);
  shown.begin();
  after(1, {});
  shown.say('xports: first');
  after(1, BUSY);
  shown.say('xports: second');
  after(1, BUSY);
  const { seen } = terminal;
  assert.deepEqual(seen.slice(0, 3), [
    'xports: capturing on eth1; Ctrl-C stops and stores',
    'xports: first',
    'xports: second',
  ]);
  assert.equal(seen.filter((line) => line.startsWith('eth1')).length, 1);
  shown.end();
  assert.deepEqual(terminal.seen.slice(3), ['']);
});

test('keys sort, pause and quit, and the terminal is given back', () => {
  const terminal = new Terminal();
  const { shown, keys, after, quits } = screen(terminal);
  shown.begin();
  assert.equal(keys.raw, true);
  after(0, {});
  after(1, BUSY);
  keys.press('s');
  assert.match(terminal.seen.join('\n'), /smtp .*\nhttps-owa /);
  keys.press('p');
  after(1, { ...BUSY, packets: 9999 });
  assert.match(terminal.seen.join('\n'), /3,000 packets.*paused/s);
  keys.press('p');
  after(1, { ...BUSY, packets: 9999 });
  assert.match(terminal.seen.join('\n'), /9,999 packets/);
  keys.press('q');
  keys.press('\u0003');
  assert.equal(quits(), 2);
  shown.end();
  assert.equal(keys.raw, false);
  assert.equal(keys.listenerCount('data'), 0);
});

test('no line is wider than the terminal, and the block is not higher', () => {
  const terminal = new Terminal();
  const { shown, after } = screen(terminal);
  shown.begin();
  const services = Array.from({ length: 60 }, (_, n) => ({ service: `service-${n}`, packets: n, bytes: n }));
  after(0, {});
  after(1, { services, packets: 1e15, bytes: 1e18, waitingBytes: 1e12, evicted: 1e15 });
  const block = terminal.seen.slice(1);
  assert.ok(block.length <= terminal.rows, `${block.length} lines`);
  assert.ok(block.every((line) => line.length < terminal.columns));
});

test('where there is no terminal a plain line comes once a minute, and keys are left alone', () => {
  const terminal = new Terminal(false);
  const { shown, keys, after } = screen(terminal);
  shown.begin();
  for (let s = 0; s < 150; s++) after(1, { packets: s });
  shown.end();
  assert.equal(
    terminal.text,
    'xports: capturing on eth1; Ctrl-C stops and stores\n' +
      'xports: 59 packets  5 flows open  0 dropped by the kernel, 0 by the interface\n' +
      'xports: 119 packets  5 flows open  0 dropped by the kernel, 0 by the interface\n',
  );
  assert.equal(keys.raw, false);
});

test('in the background the terminal is left to others', () => {
  const terminal = new Terminal();
  const { shown, keys, after } = screen(terminal, false, false);
  shown.begin();
  after(1, BUSY);
  shown.end();
  assert.equal(terminal.text, 'xports: capturing on eth1; Ctrl-C stops and stores\n');
  assert.equal(keys.raw, false);
});

test('with --quiet nothing is shown', () => {
  const terminal = new Terminal();
  const { shown, after } = screen(terminal, true);
  shown.begin();
  after(100, BUSY);
  shown.end();
  assert.equal(terminal.text, '');
});
