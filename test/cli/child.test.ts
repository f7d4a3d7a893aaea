// The command line as a process of its own: pipes that stay open, signals, few descriptors, and output that fails.

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { pcap } from '../../fixtures/builder/pcap.ts';
import { at } from '../pipeline/memory.ts';
import { scratch } from '../store/sample.ts';
import { query } from '../support/analyze.ts';

const program = join(import.meta.dirname, '../../bin/xports.js');
const onUnix = process.platform === 'win32' && 'pipes, signals and limits are others here';
const onLinux = process.platform !== 'linux' && '/dev/full is here only';
/** A record that says it has 4 GB. */
const DAMAGED = Buffer.concat([pcap(at(0)), Buffer.alloc(16, 0xff)]);

interface Started {
  readonly child: ChildProcess;
  /** What it printed, and its exit code. */
  readonly ended: Promise<{ code: number | null; out: string; err: string }>;
}

function start(command: readonly string[], stdio: StdioOptions = 'pipe'): Started {
  const child = spawn(command[0], command.slice(1), { stdio });
  after(() => child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  return { child, ended: once(child, 'close').then(([code]) => ({ code, out, err })) };
}

const xports = (...args: string[]) => [process.execPath, program, ...args];

/** Waits until the database has a run. */
async function runIsThere(db: string): Promise<void> {
  for (;;) {
    if (existsSync(db) && statusOf(db).length > 0) return;
    await pause(20);
  }
}

function statusOf(db: string): unknown[] {
  try {
    return query(db, 'SELECT status, source_kind FROM runs').map((row) => [row.status, row.source_kind]);
  } catch {
    // It is being made.
    return [];
  }
}

function fifo(into: string): string {
  const path = join(into, 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

describe('a pipe that stays open', { skip: onUnix }, () => {
  test('does not keep the program when what it brought is damaged', async (t) => {
    const db = join(scratch(t), 'x.db');
    const { child, ended } = start(xports('analyze', '-', '--db', db));
    child.stdin?.on('error', () => {});
    child.stdin?.write(DAMAGED);
    const { code, out, err } = await ended;
    assert.equal(code, 4);
    assert.match(out, /^Run 1 /);
    assert.match(err, /4294967295 captured bytes/);
  });

  test('does not keep the program where it has a name, either', async (t) => {
    const dir = scratch(t);
    const path = fifo(dir);
    const writer = openSync(path, 'r+');
    t.after(() => closeSync(writer));
    writeSync(writer, DAMAGED);
    const { ended } = start(xports('analyze', path, '--db', join(dir, 'x.db')));
    const { code, out } = await ended;
    assert.equal(code, 4);
    assert.match(out, /^Run 1 /);
  });

  test('has its run in the database before its first byte; Ctrl-C then is exit code 0', async (t) => {
    for (const name of ['-', '/dev/stdin']) {
      const db = join(scratch(t), 'x.db');
      const { child, ended } = start(xports('analyze', name, '--db', db));
      await runIsThere(db);
      assert.deepEqual(statusOf(db), [['running', 'stdin']]);
      child.kill('SIGINT');
      const { code, err } = await ended;
      assert.equal(code, 0);
      assert.match(err, /stopped after 0 packets/);
      assert.deepEqual(statusOf(db), [['interrupted', 'stdin']]);
    }
  });

  test('may be opened without a writer, and be left by the first signal', async (t) => {
    const dir = scratch(t);
    const db = join(dir, 'x.db');
    const { child, ended } = start(xports('analyze', fifo(dir), '--db', db));
    await runIsThere(db);
    child.kill('SIGTERM');
    const { code, err } = await ended;
    assert.equal(code, 0);
    assert.match(err, /stopped after 0 packets/);
  });

  test('is read to its end from a writer that comes later', async (t) => {
    const dir = scratch(t);
    const db = join(dir, 'x.db');
    const path = fifo(dir);
    const { ended } = start(xports('analyze', path, '--db', db));
    await runIsThere(db);
    writeFileSync(path, pcap(at(0, 1, 2)));
    const { code } = await ended;
    assert.equal(code, 0);
    assert.deepEqual(query(db, 'SELECT packets, status FROM runs'), [{ packets: 3, status: 'complete' }]);
  });
});

test('more overlapping files than descriptors are read to the last packet', { skip: onUnix }, async (t) => {
  const dir = scratch(t);
  const db = join(scratch(t), 'x.db');
  const FILES = 200;
  // Records of 9 KB, so that files are longer than what is read of them at once.
  const bytes = Buffer.concat([at(0)[0].bytes, Buffer.alloc(9000)]);
  const RECORDS = 32;
  for (let file = 0; file < FILES; file++) {
    const packets = Array.from({ length: RECORDS }, (_, n) => ({ ...at(n * FILES + file)[0], bytes }));
    writeFileSync(join(dir, `${file}.pcap`), pcap(packets));
  }
  const command = ['sh', '-c', 'ulimit -n 128 && exec "$@"', 'sh'];
  const { ended } = start([...command, ...xports('analyze', dir, '--db', db, '--flows', 'none')]);
  const { code, err } = await ended;
  assert.deepEqual([code, err], [0, '']);
  const [run] = query(db, 'SELECT packets, packets_out_of_order AS past FROM runs');
  assert.deepEqual(run, { packets: FILES * RECORDS, past: 0 });
  const [sources] = query(db, `SELECT count(*) AS n FROM sources WHERE packets = ${RECORDS}`);
  assert.equal(sources.n, FILES);
});

describe('output that cannot be written', { skip: onLinux }, () => {
  test('is one sentence and exit code 74, and the run is stored', async (t) => {
    const dir = scratch(t);
    const db = join(dir, 'x.db');
    const file = join(dir, 'a.pcap');
    writeFileSync(file, pcap(at(0)));
    const full = openSync('/dev/full', 'w');
    t.after(() => closeSync(full));
    for (const args of [['analyze', file, '--db', db], ['analyze', file, '--db', db, '--json'], ['--help']]) {
      const { code, err } = await start(xports(...args), ['ignore', full, 'pipe']).ended;
      assert.deepEqual([code, err], [74, 'xports: cannot write the output: no space left on the device\n']);
    }
    assert.deepEqual(query(db, 'SELECT status FROM runs'), [{ status: 'complete' }, { status: 'complete' }]);
  });

  test('is told also where a part of it was written', async (t) => {
    const path = join(scratch(t), 'out');
    const command = ['sh', '-c', 'ulimit -f 1 && exec "$@" > "$0"', path];
    const { code, err } = await start([...command, ...xports('services', '--json')]).ended;
    assert.equal(code, 74);
    assert.match(err, /^xports: cannot write the output: .*\n$/);
    assert.ok(readFileSync(path).length > 0);
  });
});
