// Opening a database to write or to read, with the checks that keep us from spoiling another program's file.

import { existsSync } from 'node:fs';
import Database from 'better-sqlite3';
import { EXIT, XportsError } from '../../base/errors.ts';
import { printable } from '../../base/text.ts';
import { databaseError, withDb } from './failure.ts';
import { APPLICATION_ID, migrate, SCHEMA_VERSION, versionOf } from './schema.ts';

/** How long to wait for another process's transaction. */
const BUSY_TIMEOUT_MS = 60_000;
const BUSY_RETRY_MS = 20;
/** A checkpoint every 64 MiB: it costs an fsync, and at 4 MiB those halve the rate. */
const WAL_PAGES = 16_000;
const CACHE_KIB = 8 * 1024;

/** Throws XportsError where the database is not ours, or of a newer xports. */
export function assertOurs(db: Database.Database, path: string): void {
  const version = versionOf(db);
  const application = db.pragma('application_id', { simple: true }) as number;
  const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
  if (application !== APPLICATION_ID && (tables > 0 || version > 0)) {
    throw new XportsError(
      'database',
      EXIT.database,
      `${printable(path)} is the database of another program`,
      'name another file with --db',
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new XportsError(
      'database',
      EXIT.database,
      `${printable(path)} was written by a newer xports (database version ${version}, this one knows ${SCHEMA_VERSION})`,
      'update xports, or name another file with --db',
    );
  }
}

/** A database that nothing was stored in yet. */
export function noRunsError(path: string): XportsError {
  return new XportsError(
    'database',
    EXIT.database,
    `${printable(path)} holds no runs`,
    `read a capture into it: xports analyze ${withDb(path)}capture.pcap`,
  );
}

/** SQLite does not wait for another process here, as it does everywhere else. */
function switchToWal(db: Database.Database): void {
  const until = performance.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      db.pragma('journal_mode = WAL');
      return;
    } catch (error) {
      const isBusy = String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY');
      if (!isBusy || performance.now() > until) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_RETRY_MS);
    }
  }
}

/** Opens or creates a database and brings it to the newest version. */
export function openForWriting(path: string): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    assertOurs(db, path);
    switchToWal(db);
    db.pragma('synchronous = NORMAL');
    db.pragma(`wal_autocheckpoint = ${WAL_PAGES}`);
    db.pragma(`cache_size = -${CACHE_KIB}`);
    migrate(db);
    return db;
  } catch (error) {
    db?.close();
    throw databaseError('open', path, error);
  }
}

/** Opens a database that is there, to read; it is never created. */
export function openForReading(path: string): Database.Database {
  if (!existsSync(path)) {
    throw new XportsError(
      'database',
      EXIT.database,
      `there is no database ${printable(path)}`,
      'make one with: xports analyze <capture>, or name another file with --db',
    );
  }
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    assertOurs(db, path);
    if (versionOf(db) < SCHEMA_VERSION) {
      // An empty file, or an older version that only a writer may bring forward.
      if (versionOf(db) === 0) {
        throw noRunsError(path);
      }
      db.close();
      openForWriting(path).close();
      return openForReading(path);
    }
    return db;
  } catch (error) {
    db?.close();
    throw databaseError('open', path, error);
  }
}

/**
 * Closes a database. The last to leave turns it back into one plain file, which can be read where its
 * directory cannot be written; that fails harmlessly while somebody else has it open.
 */
export function closeWritten(db: Database.Database): void {
  try {
    db.pragma('busy_timeout = 0');
    db.pragma('journal_mode = DELETE');
  } catch {
    // In use: the next to close it will do this.
  }
  db.close();
}
