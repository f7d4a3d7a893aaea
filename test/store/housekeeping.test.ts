// Deleting runs and old flows, and giving the space back.

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { VERDICT } from '../../src/audit/terms.ts';
import { deleteOldFlows, deleteRun, vacuum } from '../../src/store/sqlite/runs.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { batchOf, book, checkpointOf, httpsFlow, pairsOf, runStart, scratch } from './sample.ts';

const ADDRESSES = book('192.0.2.10', '10.0.0.5');
const DAY_US = 86_400_000_000;

function storeRun(path: string, flows = 3): number {
  const sink = new SqliteSink(path, runStart());
  sink.flows(batchOf(...Array.from({ length: flows }, (_, i) => httpsFlow(i + 1))), ADDRESSES);
  const pair = {
    initiatorId: 1,
    responderId: 2,
    service: 'https-owa',
    protocol: 6,
    port: 443,
    verdict: VERDICT.expected,
    flows,
    packets: 9 * flows,
    bytes: 4500 * flows,
  };
  sink.checkpoint(checkpointOf({ pairs: pairsOf(pair), facts: { flows } }), ADDRESSES);
  sink.finish('complete', null);
  sink.close();
  return sink.runId;
}

/** How many rows of each run a table has. */
function rowsOf(path: string, table: string): unknown {
  const db = new Database(path, { readonly: true });
  try {
    const rows = db.prepare(`SELECT run_id, count(*) AS rows FROM ${table} GROUP BY run_id`).all();
    return Object.fromEntries(
      (rows as { run_id: number; rows: number }[]).map((row) => [row.run_id, row.rows]),
    );
  } finally {
    db.close();
  }
}

test('deleting a run takes everything of it and nothing of another', (t) => {
  const path = join(scratch(t), 'x.db');
  const first = storeRun(path);
  const second = storeRun(path);
  deleteRun(path, first);
  const db = new Database(path, { readonly: true });
  const tables = db
    .prepare(
      "SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'run_id'",
    )
    .pluck()
    .all() as string[];
  assert.deepEqual(db.prepare('SELECT id FROM runs').pluck().all(), [second]);
  db.close();
  assert.ok(tables.length > 10);
  for (const table of tables) assert.ok(!(String(first) in (rowsOf(path, table) as object)), table);
  assert.deepEqual(rowsOf(path, 'flow_records'), { [second]: 3 });
  assert.notEqual(storeRun(path), first, 'a number is never used twice');
});

test('a run that is not there or is still at work is not deleted', (t) => {
  const path = join(scratch(t), 'x.db');
  const sink = new SqliteSink(path, runStart());
  t.after(() => sink.close());
  assert.throws(() => deleteRun(path, 99), { exitCode: 2, message: /no run 99/ });
  assert.throws(() => deleteRun(path, sink.runId), { exitCode: 2, message: /still running/ });
});

test('old flows go, while runs, pairs and counts stay', (t) => {
  const path = join(scratch(t), 'x.db');
  const run = storeRun(path);
  const now = Date.now() * 1000;
  assert.deepEqual(deleteOldFlows(path, 30, now + 29 * DAY_US), []);
  assert.deepEqual(rowsOf(path, 'flow_records'), { [run]: 3 });
  assert.deepEqual(deleteOldFlows(path, 30, now + 31 * DAY_US), [run]);
  assert.deepEqual(rowsOf(path, 'flow_records'), {});
  assert.deepEqual(rowsOf(path, 'service_pairs'), { [run]: 1 });
  assert.deepEqual(rowsOf(path, 'service_counts'), { [run]: 1 });
});

test('an old capture that was read just now keeps its flows', (t) => {
  const path = join(scratch(t), 'x.db');
  const run = storeRun(path);
  // Its packets are of 2023, and it was read within the last day.
  assert.deepEqual(deleteOldFlows(path, 1), []);
  assert.deepEqual(rowsOf(path, 'flow_records'), { [run]: 3 });
});

test('vacuum gives the space of a deleted run back', (t) => {
  const path = join(scratch(t), 'x.db');
  const big = storeRun(path, 20_000);
  storeRun(path);
  const before = statSync(path).size;
  deleteRun(path, big);
  vacuum(path);
  assert.ok(statSync(path).size < before / 4);
  assert.deepEqual(rowsOf(path, 'flow_records'), { [big + 1]: 3 });
});
