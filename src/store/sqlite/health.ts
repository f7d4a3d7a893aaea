// How a database is, without changing it: what it is, whether SQLite finds it whole, and how much room there is.

import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { XportsError } from '../../base/errors.ts';
import { databaseError } from './failure.ts';
import { assertOurs } from './open.ts';
import { SCHEMA_VERSION, versionOf } from './schema.ts';

export interface Trouble {
  readonly text: string;
  readonly hint: string | null;
}

/** Null is what is not known. */
export interface DatabaseHealth {
  readonly path: string;
  readonly exists: boolean;
  readonly bytes: number | null;
  /** Of the log that waits to be written into the database. */
  readonly walBytes: number | null;
  /** Room on the disk where the database is or would be. */
  readonly freeBytes: number | null;
  readonly userVersion: number | null;
  readonly newestVersion: number;
  readonly runs: number | null;
  /** What `PRAGMA quick_check` says: `ok`, or what is damaged. */
  readonly quickCheck: string | null;
  readonly trouble: Trouble | null;
}

/** SQLite's own version. Throws XportsError with the command that helps where it cannot be loaded. */
export function sqliteVersion(): string {
  try {
    const db = new Database(':memory:');
    const version = db.prepare<[], string>('SELECT sqlite_version()').pluck().get();
    db.close();
    return version ?? '';
  } catch (error) {
    throw databaseError('open', ':memory:', error);
  }
}

/** Looks at the database; what is wrong is in `trouble`, and nothing is thrown. */
export function databaseHealth(path: string): DatabaseHealth {
  const exists = existsSync(path);
  const health: DatabaseHealth = {
    path,
    exists,
    bytes: sizeOf(path),
    walBytes: exists ? (sizeOf(`${path}-wal`) ?? 0) : null,
    freeBytes: roomBeside(path),
    userVersion: null,
    newestVersion: SCHEMA_VERSION,
    runs: null,
    quickCheck: null,
    trouble: null,
  };
  if (!exists) return health;
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
    assertOurs(db, path);
    return { ...health, ...insideOf(db) };
  } catch (error) {
    const { message, hint } = databaseError('read', path, error);
    return { ...health, trouble: { text: message, hint: hint ?? null } };
  } finally {
    db?.close();
  }
}

function insideOf(
  db: Database.Database,
): Pick<DatabaseHealth, 'userVersion' | 'quickCheck' | 'runs' | 'trouble'> {
  const userVersion = versionOf(db);
  // One mistake is enough to know.
  const quickCheck = String(db.pragma('quick_check(1)', { simple: true }));
  const runs =
    userVersion === 0 ? 0 : (db.prepare<[], number>('SELECT count(*) FROM runs').pluck().get() ?? 0);
  if (quickCheck === 'ok') return { userVersion, quickCheck, runs, trouble: null };
  const hint = `save what can be read: sqlite3 OLD.db .recover | sqlite3 NEW.db; then name the new one with --db`;
  return { userVersion, quickCheck, runs, trouble: { text: `it is damaged: ${quickCheck}`, hint } };
}

function sizeOf(path: string): number | null {
  try {
    return statSync(path).size;
  } catch {
    return null;
  }
}

function roomBeside(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(dirname(resolve(path)));
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Of an error that was thrown: what is wrong and what helps. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof XportsError) return { text: error.message, hint: error.hint ?? null };
  return { text: error instanceof Error ? error.message : String(error), hint: null };
}
