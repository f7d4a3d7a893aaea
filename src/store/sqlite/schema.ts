// The version of a database and the way forward from each earlier one. `user_version` counts the migrations
// that were applied; `application_id` tells our databases from those of other programs.

import type { Database } from 'better-sqlite3';
import { MEMORY_TABLES, POLICY_TABLES, TABLES } from './tables.ts';
import { HOST_VIEW, VIEWS } from './views.ts';

/** "xprt" in ASCII. */
export const APPLICATION_ID = 0x78707274;

/** Migration n leads from version n to n + 1. Never edit one that was released: append. */
export const MIGRATIONS: readonly string[] = [TABLES + VIEWS, POLICY_TABLES + HOST_VIEW, MEMORY_TABLES];

export const SCHEMA_VERSION = MIGRATIONS.length;

export function versionOf(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number;
}

/** Brings the database to the newest version; another process may be doing the same. */
export function migrate(db: Database, migrations: readonly string[] = MIGRATIONS): void {
  if (versionOf(db) >= migrations.length) return;
  const apply = db.transaction(() => {
    for (let version = versionOf(db); version < migrations.length; version++) {
      db.exec(migrations[version]);
    }
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${migrations.length}`);
  });
  apply.immediate();
}
