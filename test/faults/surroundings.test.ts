// Files that change while they are read, readers that leave, clocks that jump, memory that ends.
import assert from 'node:assert/strict';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { scratch } from '../store/sample.ts';
import { isReading, manyFlows, RECORD_BYTES, start, wholeRuns } from './support.ts';

const FLOWS = 150_000;
const preload = (name: string) => ['--import', pathToFileURL(join(import.meta.dirname, name)).href];

describe('a capture', () => {
  test('that grows while it is read is read to an end that is whole, or damaged where it is not', async (t) => {
    const dir = scratch(t);
    const file = join(dir, 'a.pcap');
    const db = join(dir, 'x.db');
    const all = manyFlows(FLOWS);
    writeFileSync(file, all.subarray(0, 24 + 100_000 * RECORD_BYTES));
    const started = start(['analyze', file, '--db', db, '--quiet']);
    await isReading(db, started);
    appendFileSync(file, all.subarray(24 + 100_000 * RECORD_BYTES));
    const { code, err } = await started.ended;
    const [run] = wholeRuns(db);
    assert.ok(code === 0 || code === 4, err);
    assert.ok(run.packets >= 100_000 && run.packets <= FLOWS, `${run.packets} packets`);
    assert.equal(run.status, code === 0 ? 'complete' : 'damaged');
  });

  test('that is cut while it is read is exit code 0 or 4, and what was read is stored', async (t) => {
    const dir = scratch(t);
    const file = join(dir, 'a.pcap');
    const db = join(dir, 'x.db');
    writeFileSync(file, manyFlows(FLOWS));
    const started = start(['analyze', file, '--db', db, '--quiet']);
    await isReading(db, started);
    truncateSync(file, 24 + 1000 * RECORD_BYTES + 20);
    const { code, err } = await started.ended;
    const [run] = wholeRuns(db);
    assert.ok(code === 0 || code === 4, err);
    assert.ok(run.packets <= FLOWS);
    assert.equal(run.status, code === 0 ? 'complete' : 'damaged');
    if (code === 4) assert.match(err, /a\.pcap.*cut short/s);
  });

  test('on standard input may stall within a record and go on', async (t) => {
    const db = join(scratch(t), 'x.db');
    const { child, ended } = start(['analyze', '-', '--db', db, '--quiet']);
    const bytes = manyFlows(300);
    for (const cut of [10, 30, 24 + 100 * RECORD_BYTES + 3]) {
      child.stdin?.write(bytes.subarray(cut === 10 ? 0 : cut === 30 ? 10 : 30, cut));
      await pause(50);
    }
    child.stdin?.end(bytes.subarray(24 + 100 * RECORD_BYTES + 3));
    const { code, err } = await ended;
    assert.deepEqual([code, err], [0, '']);
    assert.deepEqual(wholeRuns(db), [{ status: 'complete', packets: 300, bytes: 300 * 60 }]);
  });
});

test('a reader of the report that is gone before it is written ends the program quietly, with the run stored', async (t) => {
  const dir = scratch(t);
  const file = join(dir, 'a.pcap');
  const db = join(dir, 'x.db');
  writeFileSync(file, manyFlows(20_000));
  const { child, ended } = start(['analyze', file, '--db', db, '--json']);
  child.stdout?.destroy();
  const { code, err } = await ended;
  assert.deepEqual([code, err], [0, '']);
  assert.deepEqual(wholeRuns(db), [{ status: 'complete', packets: 20_000, bytes: 20_000 * 60 }]);
});

test('a clock that jumps a day back and forth changes nothing that is counted', async (t) => {
  const dir = scratch(t);
  const file = join(dir, 'a.pcap');
  const db = join(dir, 'x.db');
  writeFileSync(file, manyFlows(50_000));
  const { code, err } = await start(['analyze', file, '--db', db, '--quiet'], preload('jumping-clock.js'))
    .ended;
  assert.deepEqual([code, err], [0, '']);
  assert.deepEqual(wholeRuns(db), [{ status: 'complete', packets: 50_000, bytes: 50_000 * 60 }]);
});

test('a storing thread that runs out of memory ends the program with 70 and a sentence; the database is whole', async (t) => {
  const dir = scratch(t);
  const file = join(dir, 'a.pcap');
  const db = join(dir, 'x.db');
  writeFileSync(file, manyFlows(FLOWS));
  const { code, err, signal } = await start(['analyze', file, '--db', db], preload('hungry-thread.js')).ended;
  assert.deepEqual([code, signal], [70, null], err);
  assert.match(err, /^xports: .*memory/m);
  assert.ok(!err.includes('    at '), err);
  for (const { status } of wholeRuns(db)) assert.notEqual(status, 'complete');
  const again = await start(['analyze', file, '--db', db, '--quiet']).ended;
  assert.equal(again.code, 0, again.err);
  const statuses = wholeRuns(db).map(({ status }) => status);
  assert.equal(statuses.pop(), 'complete');
  // It may have ended before it had begun a run.
  assert.ok(
    statuses.every((status) => status === 'interrupted'),
    statuses.join(' '),
  );
});
