// Keeping house in a database: runs whose process is gone, deleting a run, old flows, and giving space back.

import type { Database } from 'better-sqlite3';
import { EXIT, XportsError } from '../../base/errors.ts';
import { printable } from '../../base/text.ts';
import { databaseError, withDb } from './failure.ts';
import { closeWritten, openForReading, openForWriting } from './open.ts';
import { isGone, type RunProcess } from './processes.ts';
import { RUN_TABLES } from './tables.ts';

/** Few enough for each transaction to stay well under a second. */
const ROWS_PER_DELETE = 50_000;
const DAY_US = 86_400_000_000;

/** Marks runs as interrupted that say they are running and whose process is gone. */
export function markInterrupted(db: Database, nowUs = Date.now() * 1000): void {
  const running = db
    .prepare(
      "SELECT id, host, pid, process_started_at_us, heartbeat_us FROM runs WHERE status = 'running' ORDER BY id",
    )
    .all() as (RunProcess & { id: number })[];
  const mark = db.prepare(
    "UPDATE runs SET status = 'interrupted', message = coalesce(message, 'the process ended without closing the run') WHERE id = ?",
  );
  for (const run of running) if (isGone(run, nowUs)) mark.run(run.id);
}

/** Deletes rows of one run from a table, a part at a time so that others can write in between. */
function deleteRows(db: Database, table: string, key: string | null, runId: number): void {
  if (key === null) {
    db.prepare(`DELETE FROM ${table} WHERE run_id = ?`).run(runId);
    return;
  }
  const part = db.prepare(`DELETE FROM ${table} WHERE run_id = @runId AND ${key} <= (
    SELECT max(${key}) FROM (
      SELECT ${key} FROM ${table} WHERE run_id = @runId ORDER BY ${key} LIMIT ${ROWS_PER_DELETE}))`);
  while (part.run({ runId }).changes > 0);
}

function withWritable<T>(path: string, work: (db: Database) => T): T {
  openForReading(path).close();
  const db = openForWriting(path);
  try {
    return work(db);
  } catch (error) {
    throw databaseError('write', path, error);
  } finally {
    closeWritten(db);
  }
}

/** Deletes a run and all that belongs to it. One that is still being written is refused. */
export function deleteRun(path: string, runId: number): void {
  withWritable(path, (db) => {
    db.transaction(() => markInterrupted(db)).immediate();
    const run = db.prepare('SELECT status FROM runs WHERE id = ?').get(runId) as
      | { status: string }
      | undefined;
    if (run === undefined) {
      throw new XportsError(
        'usage',
        EXIT.usage,
        `there is no run ${runId} in ${printable(path)}`,
        `list them: xports runs ${withDb(path)}`.trimEnd(),
      );
    }
    if (run.status === 'running') {
      throw new XportsError('usage', EXIT.usage, `run ${runId} is still running`, 'stop it first');
    }
    db.prepare("UPDATE runs SET status = 'interrupted', message = 'its deletion was begun' WHERE id = ?").run(
      runId,
    );
    for (const { table, key } of RUN_TABLES) deleteRows(db, table, key, runId);
    db.prepare('DELETE FROM runs WHERE id = ?').run(runId);
  });
}

/**
 * Deletes the flows of runs that ended more than `days` ago; runs, pairs and findings stay. What counts is
 * the later of the last packet and the end of the run, so that an old capture read today keeps its flows.
 * Returns the runs that lost theirs.
 */
export function deleteOldFlows(path: string, days: number, nowUs = Date.now() * 1000): number[] {
  return withWritable(path, (db) => {
    const old = db
      .prepare(
        `SELECT id FROM runs WHERE status <> 'running'
           AND max(coalesce(finished_at_us, heartbeat_us), coalesce(last_packet_us, 0)) < ?
           AND EXISTS (SELECT 1 FROM flows WHERE run_id = runs.id)
         ORDER BY id`,
      )
      .pluck()
      .all(nowUs - days * DAY_US) as number[];
    for (const runId of old) deleteRows(db, 'flows', 'flow_id', runId);
    return old;
  });
}

/** Gives the space of deleted rows back to the system; nobody else may be writing. */
export function vacuum(path: string): void {
  withWritable(path, (db) => {
    db.exec('VACUUM');
  });
}
