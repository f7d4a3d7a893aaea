// A capture that is killed under load. Needs root and libpcap.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { sampleCapture } from '../../fixtures/sample.ts';
import { query, runXports } from '../support/analyze.ts';
import { Cable, cannotTry, conserves } from './namespaces.ts';

const MOMENTS = 20;
const CHECKPOINT_S = 0.2;
/** A checkpoint is written in a time of its own, on a machine that has other things to do. */
const WRITING_S = 3;
const SAMPLE = join(mkdtempSync(join(tmpdir(), 'xports-sample-')), 'sample.pcap');
writeFileSync(SAMPLE, sampleCapture(1514));

after(() => rmSync(dirname(SAMPLE), { recursive: true }));

/** The time of the last whole record of a capture with nanoseconds, in microseconds. */
function lastPacketUs(path: string): number {
  const file = readFileSync(path);
  let timeUs = 0;
  for (let at = 24; at + 16 <= file.length; at += 16 + file.readUInt32LE(at + 8)) {
    timeUs = file.readUInt32LE(at) * 1e6 + Math.floor(file.readUInt32LE(at + 4) / 1000);
  }
  return timeUs;
}

test('killed at any moment under load it leaves a whole database, and a checkpoint interval is missing at most', {
  skip: cannotTry(),
  timeout: 180_000,
}, async () => {
  const cable = new Cable();
  const load = cable.load(SAMPLE);
  try {
    const database = cable.path('live.db');
    for (let moment = 1; moment <= MOMENTS; moment++) {
      const file = cable.path(`kept-${moment}.pcap`);
      const listener = await cable.listen('--checkpoint', String(CHECKPOINT_S), '--write', file);
      await new Promise((resolve) => setTimeout(resolve, 120 + Math.random() * 480));
      listener.child.kill('SIGKILL');
      await listener.ended;
      assert.deepEqual(query(database, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
      conserves(database);
      const [run] = query(database, 'SELECT * FROM runs ORDER BY id DESC LIMIT 1');
      assert.equal(run.id, moment);
      assert.equal(run.status, 'running');
      // Where no checkpoint was reached yet, all that came is within the first.
      const storedUs = Number(run.last_packet_us ?? run.started_at_us);
      const missingS = (lastPacketUs(file) - storedUs) / 1e6;
      assert.ok(missingS <= CHECKPOINT_S + WRITING_S, `moment ${moment}: ${missingS} s are missing`);
      rmSync(file);
    }
    const runs = await runXports(['runs', '--db', database]);
    assert.equal(runs.exit, 0, runs.stderr);
    await load.stop();
    // The next one that writes says of all of them how they ended.
    const last = await cable.listen('--checkpoint', String(CHECKPOINT_S));
    const sent = cable.send(SAMPLE, 200);
    assert.equal((await last.stop()).exit, 0);
    const statuses = query(database, 'SELECT status, packets FROM runs ORDER BY id');
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [...Array.from({ length: MOMENTS }, () => 'interrupted'), 'complete'],
    );
    assert.equal(statuses.at(-1)?.packets, sent);
  } finally {
    await load.stop();
    cable.remove();
  }
});
