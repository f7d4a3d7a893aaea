// Whole runs over files, folders and pipes, into a sink that remembers: which sources count, which are told of, and
// what a run shows while its sources are silent.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { hex } from '../../fixtures/builder/bytes.ts';
import { startUs } from '../../fixtures/builder/conversation.ts';
import { type Packet, pcap, pcapRecord } from '../../fixtures/builder/pcap.ts';
import { enhancedPacket, interfaceBlock, section, simplePacket } from '../../fixtures/builder/pcapng.ts';
import { XportsError } from '../../src/base/errors.ts';
import { type AnalyzeResult, analyze, type Progress } from '../../src/pipeline/analyze.ts';
import { LocalRows } from '../../src/pipeline/run-rows.ts';
import type { SourceRow } from '../../src/store/sink.ts';
import { at, folder, MemorySink, write } from './memory.ts';

const noPipes = process.platform === 'win32' && 'named pipes have no path here';

class RunSink extends MemorySink {
  readonly runId = 1;
  beats = 0;
  status = 'running';
  message: string | null = null;

  override heartbeat(): void {
    this.beats++;
  }

  override finish(status = '', message: string | null = null): void {
    this.status = status;
    this.message = message;
  }

  /** The rows of `sources` by the last part of their path. */
  get rows(): Map<string, SourceRow> {
    return new Map((this.state?.sources ?? []).map((row) => [basename(row.path), row]));
  }
}

interface Watched {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly onBegin?: () => void;
}

function run(sources: readonly string[], sink: RunSink, watched: Watched = {}): Promise<AnalyzeResult> {
  const options = {
    sources,
    db: 'unused',
    profile: 'allow-list',
    servers: null,
    rpcRange: null,
    flows: 'all',
    payload: true,
    reader: 'default',
    tcpTimeoutS: 300,
    otherTimeoutS: 60,
    activeTimeoutS: 0,
    retainDays: null,
    sensor: 'here',
    version: '0',
    ...watched,
  } as const;
  return analyze(options, async (settings) => {
    watched.onBegin?.();
    return new LocalRows(settings, sink);
  });
}

/** A named pipe that stays open for writing until the test is over. */
function pipe(t: TestContext, into: string, name: string): { path: string; writer: number } {
  const path = join(into, name);
  execFileSync('mkfifo', [path]);
  const writer = openSync(path, 'r+');
  t.after(() => closeSync(writer));
  return { path, writer };
}

describe('in a directory', () => {
  test('what begins like no capture is listed and is no error', async (t) => {
    const into = folder(t);
    write(into, {
      'a.pcap': pcap(at(0)),
      notes: new TextEncoder().encode('on the first floor'),
      empty: hex(''),
    });
    mkdirSync(join(into, 'deeper'));
    const sink = new RunSink();
    const result = await run([into], sink);
    assert.deepEqual([result.exitCode, result.notices, sink.status], [0, [], 'complete']);
    assert.deepEqual([...sink.rows.keys()].sort(), ['a.pcap', 'empty', 'notes']);
  });

  test('a capture whose header cannot be read is told of, has its row, and is exit code 4', async (t) => {
    const into = folder(t);
    write(into, {
      good: pcap(at(0)),
      cut: pcap([]).subarray(0, 20),
      old: pcap([], { version: [3, 0] }),
      section: section('little', [], [9, 0]),
      modified: hex(`34cdb2a1${'00'.repeat(40)}`),
    });
    const sink = new RunSink();
    const result = await run([into], sink);
    assert.deepEqual([result.exitCode, sink.status], [4, 'damaged']);
    assert.match(sink.rows.get('cut')?.damage ?? '', /ends within the 24 bytes of its header/);
    assert.equal(sink.rows.get('good')?.packets, 1);
    for (const name of ['cut', 'old', 'section', 'modified']) {
      assert.ok(
        result.notices.some((notice) => notice.startsWith(join(into, name))),
        name,
      );
    }
    assert.equal(result.notices.length, 4);
  });

  test('what the system does not let be opened is told of, has its row, and is exit code 4', async (t) => {
    const into = folder(t);
    write(into, { good: pcap(at(0)) });
    symlinkSync(join(into, 'gone'), join(into, 'link'));
    const sink = new RunSink();
    const result = await run([into], sink);
    assert.equal(result.exitCode, 4);
    assert.match(result.notices.join(), /link: no such file or directory/);
    assert.match(sink.rows.get('link')?.damage ?? '', /no such file or directory/);
  });

  test('links to pipes and devices are passed over, and links to files are read', {
    skip: noPipes,
  }, async (t) => {
    const into = folder(t);
    const elsewhere = folder(t);
    const [file] = write(elsewhere, { file: pcap(at(0, 1)) });
    execFileSync('mkfifo', [join(elsewhere, 'pipe')]);
    execFileSync('mkfifo', [join(into, 'pipe')]);
    symlinkSync(join(elsewhere, 'pipe'), join(into, 'link-to-pipe'));
    symlinkSync('/dev/zero', join(into, 'link-to-device'));
    symlinkSync(elsewhere, join(into, 'link-to-folder'));
    symlinkSync(file, join(into, 'link-to-file'));
    const sink = new RunSink();
    const result = await run([into], sink);
    assert.deepEqual([result.exitCode, [...sink.rows.keys()]], [0, ['link-to-file']]);
  });

  test('a name that is no UTF-8 is read, and shown so that it can be told', {
    skip: process.platform !== 'linux' && 'names are UTF-8 here',
  }, async (t) => {
    const into = folder(t);
    writeFileSync(Buffer.concat([Buffer.from(`${into}/K`), hex('f6'), Buffer.from('ln.pcap')]), pcap(at(0)));
    writeFileSync(
      Buffer.concat([Buffer.from(`${into}/K`), hex('fc'), Buffer.from('ln.pcap')]),
      pcap(at(1, 2)),
    );
    const sink = new RunSink();
    const result = await run([into], sink);
    assert.equal(result.exitCode, 0);
    assert.equal(sink.rows.get('K\\xf6ln.pcap')?.packets, 1);
    assert.equal(sink.rows.get('K\\xfcln.pcap')?.packets, 2);
  });
});

test('names of files in messages have no control characters', async (t) => {
  const into = folder(t);
  const paths = [join(into, 'a\u001b[31m'), ...write(into, { 'b\u0007\n': pcap(at(0, 1)).subarray(0, -3) })];
  const { notices } = await run(paths, new RunSink());
  assert.equal(notices.length, 2);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that must not be there
  for (const notice of notices) assert.doesNotMatch(notice, /[\u0000-\u001f\u007f]/);
});

describe('times of a source', () => {
  test('may be the epoch itself', async (t) => {
    const [packet] = at(0);
    const paths = write(folder(t), {
      epoch: pcap([
        { ...packet, timeUs: 5_000_000 },
        { ...packet, timeUs: 0 },
      ]),
    });
    const sink = new RunSink();
    await run(paths, sink);
    const row = sink.rows.get('epoch');
    assert.deepEqual([row?.firstPacketUs, row?.lastPacketUs], [0, 5_000_000]);
    assert.equal(sink.state?.totals.firstPacketUs, 0);
  });

  test('are those of its packets that have one, and of the run for those before', async (t) => {
    const [packet] = at(0);
    const later: Packet = { ...packet, timeUs: startUs + 7 };
    const earlier: Packet = { ...packet, timeUs: startUs - 7 };
    const timed = [enhancedPacket(packet), enhancedPacket(later), enhancedPacket(earlier)];
    const paths = write(folder(t), {
      mixed: section('little', [interfaceBlock(), simplePacket(packet), ...timed, simplePacket(packet)]),
    });
    const sink = new RunSink();
    await run(paths, sink);
    const row = sink.rows.get('mixed');
    assert.deepEqual([row?.packets, row?.firstPacketUs, row?.lastPacketUs], [5, startUs - 7, startUs + 7]);
  });

  test('are not there where no packet has one', async (t) => {
    const [packet] = at(0);
    const paths = write(folder(t), { none: section('little', [interfaceBlock(), simplePacket(packet)]) });
    const sink = new RunSink();
    await run(paths, sink);
    const row = sink.rows.get('none');
    assert.deepEqual([row?.packets, row?.firstPacketUs, row?.lastPacketUs], [1, null, null]);
  });
});

describe('a pipe that is silent', { skip: noPipes }, () => {
  test('has its run begun, and its heartbeats and checkpoints, while it is waited for', async (t) => {
    const { path, writer } = pipe(t, folder(t), 'pipe');
    t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: startUs / 1000 });
    const stop = new AbortController();
    const sink = new RunSink();
    let onBegin = () => {};
    const isBegun = new Promise<void>((resolve) => {
      onBegin = resolve;
    });
    const result = run([path], sink, {
      signal: stop.signal,
      onBegin,
    });
    await isBegun;
    await turn();
    t.mock.timers.tick(2_000);
    assert.ok(sink.beats > 0, 'it is alive before the first byte');
    assert.equal(sink.rows.size, 0);
    writeSync(writer, pcap(at(0, 1)));
    while (sink.rows.get('pipe')?.packets !== 2) {
      t.mock.timers.tick(20_000);
      await turn();
    }
    assert.deepEqual([sink.rows.get('pipe')?.format, sink.status], ['pcap', 'running']);
    const { beats } = sink;
    t.mock.timers.tick(20_000);
    assert.ok(sink.beats > beats, 'it is alive though nothing more comes');
    stop.abort();
    assert.equal((await result).exitCode, 0);
    assert.deepEqual([sink.status, sink.rows.get('pipe')?.packets], ['interrupted', 2]);
  });

  test('ends when it is told to stop before its first byte: no packets, and nothing wrong', async (t) => {
    const { path } = pipe(t, folder(t), 'pipe');
    const stop = new AbortController();
    const sink = new RunSink();
    const result = run([path], sink, {
      signal: stop.signal,
      onBegin: () => setImmediate(() => stop.abort()),
    });
    assert.deepEqual(await result, {
      runId: 1,
      exitCode: 0,
      notices: ['stopped after 0 packets: what was read is stored'],
    });
    assert.equal(sink.status, 'interrupted');
  });

  test('is no damage where it was stopped within a packet, and hides no damage of others', async (t) => {
    const into = folder(t);
    const { path, writer } = pipe(t, into, 'pipe');
    const cut = pcap(at(0, 1)).subarray(0, -3);
    const [file] = write(into, { cut });
    const stop = new AbortController();
    const [late] = at(50);
    writeSync(writer, pcap([late]));
    writeSync(writer, pcapRecord(late).subarray(0, 20));
    const sink = new RunSink();
    const result = await run([file, path], sink, {
      signal: stop.signal,
      onProgress: ({ packets }) => packets === 2 && stop.abort(),
    });
    assert.equal(result.exitCode, 4);
    assert.match(result.notices[0], /^stopped after 2 packets/);
    assert.match(result.notices[1], /cut: damaged at offset/);
    assert.equal(result.notices.length, 2);
    assert.equal(sink.rows.get('pipe')?.damage, null);
    assert.equal(sink.status, 'damaged');
  });

  test('whose database fails meanwhile ends with that error', async (t) => {
    const { path } = pipe(t, folder(t), 'pipe');
    t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
    const sink = new RunSink();
    sink.heartbeat = () => {
      throw new XportsError('database', 6, 'the disk is gone');
    };
    let onBegin = () => {};
    const isBegun = new Promise<void>((resolve) => {
      onBegin = resolve;
    });
    const result = assert.rejects(run([path], sink, { onBegin }), /the disk is gone/);
    await isBegun;
    await turn();
    t.mock.timers.tick(2_000);
    await result;
  });
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
