// What is written again takes the place of what was there: flows, pairs, findings and all else.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { VERDICT } from '../../src/audit/terms.ts';
import { END, STATE } from '../../src/flow/terms.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { batchOf, book, checkpointOf, httpsFlow, pairsOf, runStart, scratch } from './sample.ts';

const ADDRESSES = book('192.0.2.10', '10.0.0.5');
const PAIR = {
  initiatorId: 1,
  responderId: 2,
  service: 'smtp',
  protocol: 6,
  port: 25,
  verdict: VERDICT.expected,
  flows: 1,
  packets: 10,
  bytes: 1000,
};

function open(t: TestContext): { sink: SqliteSink; db: Database.Database } {
  const path = join(scratch(t), 'x.db');
  const sink = new SqliteSink(path, runStart());
  const db = new Database(path, { readonly: true });
  t.after(() => {
    db.close();
    sink.close();
  });
  return { sink, db };
}

test('a flow stored while open is replaced when it ends', (t) => {
  const { sink, db } = open(t);
  sink.flows(batchOf(httpsFlow(1, { endReason: END.open }), httpsFlow(2)), ADDRESSES);
  sink.flows(batchOf(httpsFlow(1, { endReason: END.fin, state: STATE.closed, packetsOut: 50 })), ADDRESSES);
  const rows = db
    .prepare('SELECT flow_id, end_reason, state, packets_out FROM flow_records ORDER BY flow_id')
    .all();
  assert.deepEqual(rows, [
    { flow_id: 1, end_reason: 'fin', state: 'closed', packets_out: 50 },
    { flow_id: 2, end_reason: 'fin', state: 'established', packets_out: 5 },
  ]);
});

test('flows come in any order and in numbers that fill no statement', (t) => {
  const { sink, db } = open(t);
  const ids = Array.from({ length: 137 }, (_, i) => ((i * 50) % 137) + 1);
  sink.flows(batchOf(...ids.map((id) => httpsFlow(id, { bytesOut: id * 10 }))), ADDRESSES);
  const row = db
    .prepare('SELECT count(*) AS flows, sum(bytes_out = flow_id * 10) AS right FROM flow_records')
    .get();
  assert.deepEqual(row, { flows: 137, right: 137 });
});

test('distinct counts and sums stay right over checkpoints', (t) => {
  const { sink, db } = open(t);
  sink.checkpoint(checkpointOf({ pairs: pairsOf(PAIR) }), ADDRESSES);
  const more = pairsOf({ ...PAIR, flows: 3, packets: 25 }, { ...PAIR, port: 26, service: 'smtp-ssl-26' });
  sink.checkpoint(checkpointOf({ pairs: more }), ADDRESSES);
  sink.checkpoint(checkpointOf({ pairs: more }), ADDRESSES);
  const rows = db
    .prepare('SELECT service, flows, packets, initiators FROM service_counts ORDER BY service')
    .all();
  assert.deepEqual(rows, [
    { service: 'smtp', flows: 3, packets: 25, initiators: 1 },
    { service: 'smtp-ssl-26', flows: 1, packets: 10, initiators: 1 },
  ]);
});

test('a pair whose flows were all given another label disappears from the views', (t) => {
  const { sink, db } = open(t);
  sink.checkpoint(checkpointOf({ pairs: pairsOf(PAIR) }), ADDRESSES);
  sink.checkpoint(checkpointOf({ pairs: pairsOf({ ...PAIR, flows: 0, packets: 0, bytes: 0 }) }), ADDRESSES);
  assert.equal(db.prepare('SELECT count(*) FROM service_pairs').pluck().get(), 0);
  assert.equal(db.prepare('SELECT count(*) FROM service_counts').pluck().get(), 0);
});

test('findings, sources, minutes and facts are those of the last checkpoint', (t) => {
  const { sink, db } = open(t);
  const finding = {
    kind: 'unexpected-port',
    severity: 'high',
    status: 'open',
    protocol: 6,
    port: 99,
    responderId: 2,
    initiatorId: 1,
    initiators: 1,
    flows: 1,
    packets: 1,
    bytes: 60,
    outcome: 'answered',
    firstSeenUs: 1,
    lastSeenUs: 2,
    text: 0,
  } as const;
  const texts = [{ title: 't', explanation: 'e', suggestion: 's' }];
  sink.checkpoint(
    checkpointOf({
      findings: [finding, finding],
      texts,
      minutes: [
        { service: 1, startUs: 0, widthUs: 60, packets: 1, bytes: 1 },
        { service: 1, startUs: 60, widthUs: 60, packets: 1, bytes: 1 },
      ],
      facts: { flows: 1 },
    }),
    ADDRESSES,
  );
  sink.checkpoint(
    checkpointOf({
      findings: [{ ...finding, status: 'resolved' }],
      texts,
      minutes: [{ service: 1, startUs: 0, widthUs: 120, packets: 2, bytes: 2 }],
      facts: { flows: 2 },
    }),
    ADDRESSES,
  );
  assert.deepEqual(db.prepare('SELECT finding_id, status FROM findings').all(), [
    { finding_id: 1, status: 'resolved' },
  ]);
  assert.deepEqual(db.prepare('SELECT start_us, width_us FROM service_minutes').all(), [
    { start_us: 0, width_us: 120 },
  ]);
  assert.equal(db.prepare("SELECT value FROM run_facts WHERE name = 'flows'").pluck().get(), 2);
});

test('a reader sees whole checkpoints while the run goes on', (t) => {
  const { sink, db } = open(t);
  const totals = { ...checkpointOf().totals, packets: 10 };
  sink.checkpoint(checkpointOf({ pairs: pairsOf(PAIR), totals }), ADDRESSES);
  const sums = db
    .prepare(
      'SELECT (SELECT packets FROM runs) AS run, (SELECT sum(packets) FROM service_counts) AS services',
    )
    .get();
  assert.deepEqual(sums, { run: 10, services: 10 });
  assert.equal(db.prepare('SELECT status FROM runs').pluck().get(), 'running');
});

test('a heartbeat moves on', (t) => {
  const { sink, db } = open(t);
  const before = db.prepare('SELECT heartbeat_us FROM runs').pluck().get() as number;
  sink.heartbeat();
  assert.ok((db.prepare('SELECT heartbeat_us FROM runs').pluck().get() as number) >= before);
});

test('a closed database is one file, without a journal beside it', async (t) => {
  const dir = scratch(t);
  const sink = new SqliteSink(join(dir, 'x.db'), runStart());
  sink.flows(batchOf(httpsFlow(1)), ADDRESSES);
  sink.finish('complete', null);
  sink.close();
  const { readdirSync } = await import('node:fs');
  assert.deepEqual(readdirSync(dir), ['x.db']);
});
