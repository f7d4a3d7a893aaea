// A database that cannot be written for a while: nothing is lost, and nothing is stored twice.

import assert from 'node:assert/strict';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { VERDICT } from '../../src/audit/terms.ts';
import type { Patience } from '../../src/store/sqlite/patience.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { query } from '../support/analyze.ts';
import { batchOf, book, checkpointOf, httpsFlow, pairsOf, runStart, scratch } from './sample.ts';

const HOSTS = Array.from({ length: 2000 }, (_, n) => `10.1.${n >> 8}.${n & 255}`);
const ADDRESSES = book(...HOSTS);
const FLOWS = Array.from({ length: 500 }, (_, n) => httpsFlow(n + 1, { bytesOut: n }));
const PAIRS = Array.from({ length: 300 }, (_, n) => ({
  initiatorId: n + 2,
  responderId: 1,
  service: n % 2 === 0 ? 'smtp' : 'https-owa',
  protocol: 6,
  port: n % 2 === 0 ? 25 : 443,
  verdict: VERDICT.expected,
  flows: 1,
  packets: 10 + n,
  bytes: 1000,
}));

/** Writes what a run has, twice over as checkpoints do. */
function fill(sink: SqliteSink): void {
  sink.flows(batchOf(...FLOWS), ADDRESSES);
  sink.checkpoint(checkpointOf({ pairs: pairsOf(...PAIRS) }), ADDRESSES);
  sink.flows(batchOf(...FLOWS.slice(0, 100)), ADDRESSES);
  sink.checkpoint(
    checkpointOf({ pairs: pairsOf(...PAIRS.map((p) => ({ ...p, packets: p.packets + 5 }))) }),
    ADDRESSES,
  );
  sink.finish('complete', null);
}

function tablesOf(path: string) {
  const names = ['addresses', 'flow_records', 'service_pairs', 'service_counts', 'flow_kinds', 'pair_kinds'];
  return names.map((name) => query(path, `SELECT * FROM ${name} ORDER BY 1, 2, 3`));
}

function untroubled(t: TestContext) {
  const path = join(scratch(t), 'calm.db');
  const sink = new SqliteSink(path, runStart());
  fill(sink);
  sink.close();
  return tablesOf(path);
}

/** Keeps what is told, and calls `after` the second time there is to wait. */
function patience(told: (string | null)[], after: () => void): Patience {
  let waits = 0;
  return {
    tell: (reason) => told.push(reason),
    wait: () => {
      if (++waits % 2 === 0) after();
      return waits < 1000;
    },
  };
}

test('a database that another program locks is written when that is done', (t) => {
  const path = join(scratch(t), 'x.db');
  const told: (string | null)[] = [];
  const sink = new SqliteSink(
    path,
    runStart(),
    patience(told, () => other.exec('COMMIT')),
  );
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  fill(sink);
  sink.close();
  other.close();
  assert.match(String(told[0]), /cannot write the database .*x\.db: another program keeps it locked/);
  assert.deepEqual(told.slice(1), [null]);
  assert.deepEqual(tablesOf(path), untroubled(t));
});

test('on a disk that is full again and again, what a transaction wrote is written again when there is room', (t) => {
  const path = join(scratch(t), 'x.db');
  const told: (string | null)[] = [];
  let pages = 1;
  const room = (more: number) => {
    // The size that SQLite may use stands for the disk's.
    const { db } = sink as unknown as { db: Database.Database };
    db.pragma(`max_page_count = ${(db.pragma('page_count', { simple: true }) as number) + more}`);
  };
  const sink: SqliteSink = new SqliteSink(
    path,
    runStart(),
    patience(told, () => {
      pages += 8;
      room(pages);
    }),
  );
  room(1);
  fill(sink);
  sink.close();
  assert.ok(told.length >= 4, `${told.length} times`);
  assert.match(String(told[0]), /no space left on the device/);
  assert.deepEqual(tablesOf(path), untroubled(t));
});

test('a database that stays locked ends the run when patience ends, with what was kept', (t) => {
  const path = join(scratch(t), 'x.db');
  let waits = 0;
  const sink = new SqliteSink(path, runStart(), { tell: () => {}, wait: () => ++waits < 3 });
  sink.flows(batchOf(...FLOWS), ADDRESSES);
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  assert.throws(() => sink.flows(batchOf(...FLOWS), ADDRESSES), {
    exitCode: 6,
    message: /another program keeps it locked; run 1 keeps the 500 flows stored before/,
  });
  assert.equal(waits, 3);
  other.exec('COMMIT');
  other.close();
  sink.close();
  assert.equal(query(path, 'SELECT count(*) AS flows FROM flow_records')[0].flows, 500);
});

test('a database that is moved away is missed, and written when it is back', (t) => {
  const path = join(scratch(t), 'x.db');
  const told: (string | null)[] = [];
  const sink = new SqliteSink(
    path,
    runStart(),
    patience(told, () => renameSync(`${path}.away`, path)),
  );
  renameSync(path, `${path}.away`);
  fill(sink);
  sink.close();
  assert.match(String(told[0]), /it is gone/);
  assert.deepEqual(tablesOf(path), untroubled(t));
});

test('a database that is deleted is not written on as a file without a name', (t) => {
  const path = join(scratch(t), 'x.db');
  const sink = new SqliteSink(path, runStart(), { tell: () => {}, wait: () => false });
  rmSync(path);
  assert.throws(() => sink.flows(batchOf(...FLOWS), ADDRESSES), { exitCode: 6, message: /it is gone/ });
  sink.close();
});
