// What a live capture shows on a terminal: rates, services by traffic, drops and memory, below the lines that are said;
// and keys to sort, pause and quit. Where there is no terminal: a plain line now and then.

import { printable } from '../base/text.ts';
import type { LiveProgress } from '../pipeline/live-options.ts';
import type { FindingNote } from '../pipeline/news.ts';
import { byteSize, grouped, spanText } from '../report/format.ts';
import type { TextStream } from './output.ts';

const CLEAR_BELOW = '\u001b[J';
const CTRL_C = '\u0003';
const PLAIN_MS = 60_000;
const LEAST_ROWS = 6;
const MOST_SERVICES = 12;
const MOST_FINDINGS = 5;
const SORTS = ['bytes/s', 'packets/s', 'bytes', 'name'] as const;

/** What is needed of standard input: keys, one at a time. */
export interface Keys {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  on(event: 'data', listener: (bytes: Buffer) => void): unknown;
  removeListener(event: 'data', listener: (bytes: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

export interface ScreenOptions {
  readonly stream: TextStream & { readonly rows?: number };
  readonly keys: Keys;
  readonly device: string;
  readonly quiet: boolean;
  /** False for a process that leaves its terminal to others. */
  readonly isForeground: boolean;
  /** Milliseconds that only go on. */
  readonly now: () => number;
  readonly memoryBytes: () => number;
  readonly onQuit: () => void;
}

interface ServiceRate {
  readonly service: string;
  readonly packetsPerS: number;
  readonly bytesPerS: number;
  readonly bytes: number;
}

export class LiveScreen {
  private readonly options: ScreenOptions;
  private readonly onTerminal: boolean;
  private readonly onKey = (bytes: Buffer) => this.press(bytes.toString('latin1'));
  private startedAtMs = 0;
  private begun = false;
  private paused = false;
  private sort = 0;
  /** Lines of the block that stands on the terminal. */
  private drawn = 0;
  private saidAtMs = 0;
  private last: { readonly atMs: number; readonly progress: LiveProgress } | null = null;
  private lines: readonly string[] = [];
  private rates: readonly ServiceRate[] = [];
  private head: readonly string[] = [];
  private readonly newest: string[] = [];

  constructor(options: ScreenOptions) {
    this.options = options;
    this.onTerminal = options.stream.isTTY === true && !options.quiet && options.isForeground;
  }

  begin(): void {
    const { quiet, device, keys, now } = this.options;
    this.begun = true;
    this.startedAtMs = now();
    this.saidAtMs = this.startedAtMs;
    if (!quiet) this.say(`xports: capturing on ${printable(device)}; Ctrl-C stops and stores`);
    if (!this.onTerminal || keys.isTTY !== true) return;
    keys.setRawMode?.(true);
    keys.on('data', this.onKey);
    keys.resume();
  }

  /** Gives the terminal back. */
  end(): void {
    const { keys, stream } = this.options;
    stream.write(this.erase());
    if (!this.begun || !this.onTerminal || keys.isTTY !== true) return;
    keys.removeListener('data', this.onKey);
    keys.setRawMode?.(false);
    keys.pause();
  }

  /** Writes a line above the block; it has been made fit for a terminal. */
  say(line: string): void {
    this.options.stream.write(`${this.erase()}${line}\n`);
    this.draw();
  }

  hear(note: FindingNote): void {
    const time = new Date().toTimeString().slice(0, 8);
    const what = note.status === 'open' ? note.severity : 'resolved';
    this.newest.unshift(`${time}  ${what.padEnd(8)}  ${note.title}`);
    this.newest.length = Math.min(this.newest.length, MOST_FINDINGS);
  }

  show(progress: LiveProgress): void {
    const atMs = this.options.now();
    const before = this.last;
    this.last = { atMs, progress };
    if (this.options.quiet) return;
    if (!this.onTerminal) {
      if (atMs - this.saidAtMs < PLAIN_MS) return;
      this.saidAtMs = atMs;
      this.options.stream.write(`xports: ${statusText(progress)}\n`);
      return;
    }
    const seconds = before === null ? 0 : (atMs - before.atMs) / 1000;
    if (this.paused || (before !== null && seconds <= 0)) return;
    this.head = this.headLines(progress, before?.progress ?? progress, seconds);
    this.rates = ratesOf(progress, before?.progress ?? progress, seconds);
    this.redraw();
  }

  private press(keys: string): void {
    for (const key of keys) {
      if (key === 'q' || key === CTRL_C) this.options.onQuit();
      if (key === 's') this.sort = (this.sort + 1) % SORTS.length;
      if (key === 'p') this.paused = !this.paused;
    }
    this.redraw();
  }

  private redraw(): void {
    if (this.head.length === 0) return;
    const keys = `s sort (${SORTS[this.sort]})  p ${this.paused ? 'go on (paused: the capture is not)' : 'pause'}  q stop and store`;
    const findings = this.newest.length === 0 ? [] : ['', 'newest findings', ...this.newest];
    const rows = (this.options.stream.rows ?? 24) - 1;
    const room = rows - this.head.length - findings.length - 4;
    const services = this.serviceLines(Math.max(0, Math.min(room, MOST_SERVICES)));
    const lines = [...this.head, ...services, ...findings, '', keys];
    // On a small terminal what comes first counts.
    this.lines = lines.slice(0, Math.max(rows, LEAST_ROWS));
    this.options.stream.write(this.erase());
    this.draw();
  }

  private draw(): void {
    if (!this.onTerminal || this.lines.length === 0) return;
    const width = (this.options.stream.columns ?? 80) - 1;
    this.options.stream.write(`${this.lines.map((line) => printable(line).slice(0, width)).join('\n')}\n`);
    this.drawn = this.lines.length;
  }

  private erase(): string {
    const code = this.drawn === 0 ? '' : `\r\u001b[${this.drawn}A${CLEAR_BELOW}`;
    this.drawn = 0;
    return code;
  }

  private headLines(now: LiveProgress, before: LiveProgress, seconds: number): string[] {
    const rate = (a: number, b: number) => (seconds === 0 ? 0 : Math.max(0, (a - b) / seconds));
    const packetsPerS = Math.round(rate(now.packets, before.packets));
    const elapsed = spanText((this.options.now() - this.startedAtMs) * 1000);
    const evicted = now.evicted === 0 ? '' : ` (${grouped(now.evicted)} evicted)`;
    const waiting =
      now.waitingBytes === 0 ? '' : `  up to ${byteSize(now.waitingBytes)} wait for the database`;
    return [
      '',
      `${this.options.device}  run ${now.runId}  ${elapsed}`,
      `${grouped(packetsPerS)} packets/s  ${bitRate(rate(now.bytes, before.bytes))}  ${grouped(now.packets)} packets  ${byteSize(now.bytes)}`,
      `${dropsText(now)}  ${now.lagS.toFixed(1)} s behind the wire`,
      `${grouped(now.flows)} flows open${evicted}  ${byteSize(this.options.memoryBytes())} of memory${waiting}`,
    ];
  }

  private serviceLines(most: number): string[] {
    if (most < 1 || this.rates.length === 0) return [];
    const order = SORTS[this.sort];
    const sorted = [...this.rates].sort((a, b) => {
      if (order === 'packets/s') return b.packetsPerS - a.packetsPerS || b.bytes - a.bytes;
      if (order === 'bytes/s') return b.bytesPerS - a.bytesPerS || b.bytes - a.bytes;
      if (order === 'bytes') return b.bytes - a.bytes;
      return a.service < b.service ? -1 : 1;
    });
    const title = `${'service'.padEnd(20)}${'packets/s'.padStart(12)}${'rate'.padStart(14)}${'bytes'.padStart(12)}`;
    return [
      '',
      title,
      ...sorted
        .slice(0, most)
        .map(
          ({ service, packetsPerS, bytesPerS, bytes }) =>
            `${service.padEnd(20)}${grouped(Math.round(packetsPerS)).padStart(12)}${bitRate(bytesPerS).padStart(14)}${byteSize(bytes).padStart(12)}`,
        ),
    ];
  }
}

/** One line that says how it goes. */
export function statusText(progress: LiveProgress): string {
  return `${grouped(progress.packets)} packets  ${grouped(progress.flows)} flows open  ${dropsText(progress)}`;
}

function dropsText({ kernelDropped, interfaceDropped, engineDropped }: LiveProgress): string {
  if (kernelDropped === null) {
    return engineDropped === 0
      ? 'drops unknown'
      : `${grouped(engineDropped)} dropped by the engine, more unknown`;
  }
  return `${grouped(kernelDropped)} dropped by the kernel, ${grouped(interfaceDropped ?? 0)} by the interface`;
}

function ratesOf(now: LiveProgress, before: LiveProgress, seconds: number): ServiceRate[] {
  const earlier = new Map(before.services.map((total) => [total.service, total]));
  return now.services.map(({ service, packets, bytes }) => {
    const old = earlier.get(service);
    const rate = (value: number) => (seconds === 0 ? 0 : Math.max(0, value / seconds));
    return {
      service,
      packetsPerS: rate(packets - (old?.packets ?? 0)),
      bytesPerS: rate(bytes - (old?.bytes ?? 0)),
      bytes,
    };
  });
}

/** `12.3 Mbit/s`. */
function bitRate(bytesPerS: number): string {
  const units = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'];
  let value = bytesPerS * 8;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`;
}
