// The program is ended at moments nobody chose: the database is whole, and the next run says what became of the last.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { scratch } from '../store/sample.ts';
import { isReading, manyFlows, start, wholeRuns } from './support.ts';

const FLOWS = 60_000;
/** `XPORTS_KILLS=300` for more moments than a test has time for. */
const KILLS = Number(process.env.XPORTS_KILLS ?? 8);
const INTERRUPTS = 4;
/** About as long as a whole run; where it is over before, the kill comes too late and does no harm. */
const LONGEST_MS = 800;
const onUnix = process.platform === 'win32' && 'signals are others here';

describe('an analysis', { skip: onUnix }, () => {
  test('killed at any moment leaves a whole database, in which every packet counted is in one place', async (t) => {
    const dir = scratch(t);
    const file = join(dir, 'a.pcap');
    const db = join(dir, 'x.db');
    writeFileSync(file, manyFlows(FLOWS));
    let unfinished = 0;
    for (let moment = 0; moment < KILLS; moment++) {
      const { child, ended } = start(['analyze', file, '--db', db, '--quiet']);
      await pause(((moment + Math.random()) / KILLS) * LONGEST_MS);
      child.kill('SIGKILL');
      const { signal, err } = await ended;
      assert.equal(err, '');
      const runs = wholeRuns(db);
      if (signal !== null && runs.at(-1)?.status === 'running') unfinished++;
      for (const run of runs) if (run.status === 'complete') assert.equal(run.packets, FLOWS);
    }
    t.diagnostic(`${KILLS} kills, ${unfinished} within a run`);
    const last = await start(['analyze', file, '--db', db, '--quiet']).ended;
    assert.equal(last.code, 0, last.err);
    const statuses = wholeRuns(db).map(({ status }) => status);
    assert.equal(statuses.at(-1), 'complete');
    assert.ok(!statuses.includes('running'), statuses.join(' '));
  });

  test('interrupted in any phase ends with 0 and an interrupted run, or with the whole of it', async (t) => {
    const dir = scratch(t);
    const file = join(dir, 'a.pcap');
    writeFileSync(file, manyFlows(FLOWS));
    for (let moment = 0; moment < INTERRUPTS; moment++) {
      const db = join(dir, `${moment}.db`);
      const started = start(['analyze', file, '--db', db]);
      await isReading(db, started);
      await pause(moment * 150);
      started.child.kill('SIGINT');
      const { code, signal, err } = await started.ended;
      const [run] = wholeRuns(db);
      if (run?.status === 'interrupted') {
        assert.deepEqual([code, signal], [0, null], err);
        assert.match(err, new RegExp(`stopped after ${run.packets} packets`));
        // A signal that comes when all was read still interrupts.
        assert.ok(run.packets <= FLOWS);
      } else {
        // All was read: the report may have been cut short by the signal.
        assert.deepEqual(run, { status: 'complete', packets: FLOWS, bytes: FLOWS * 60 });
        assert.ok(code === 0 || signal === 'SIGINT', `exit ${code} ${signal}: ${err}`);
      }
      rmSync(db, { force: true });
    }
  });
});
