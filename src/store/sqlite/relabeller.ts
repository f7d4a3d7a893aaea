// Gives stored flows another kind, once it was learned what their responder's port is.

import type { Database, Statement } from 'better-sqlite3';
import { serverAndPort } from '../../audit/endpoint-key.ts';

/** Flows that are looked at in one statement. */
const STEP = 50_000;

/** Changes the flows of one run. */
export class Relabeller {
  private readonly last: Statement;
  private readonly addEndpoint: Statement;
  private readonly addKind: Statement;
  private readonly update: Statement;
  private readonly remove: Statement;
  private readonly empty: () => void;
  private readonly breathe: () => void;

  constructor(db: Database, runId: number, breathe: () => void) {
    this.breathe = breathe;
    db.exec(`CREATE TEMP TABLE learned_endpoints (responder_id INTEGER, port INTEGER, PRIMARY KEY (responder_id, port))
      WITHOUT ROWID;
      CREATE TEMP TABLE changed_kinds (kind_id INTEGER PRIMARY KEY, new_id INTEGER)`);
    this.empty = () => db.exec('DELETE FROM learned_endpoints; DELETE FROM changed_kinds');
    this.addEndpoint = db.prepare('INSERT INTO learned_endpoints VALUES (?, ?)');
    this.addKind = db.prepare('INSERT INTO changed_kinds VALUES (?, ?)');
    this.last = db.prepare(`SELECT max(flow_id) FROM flows WHERE run_id = ${runId}`).pluck();
    const which = (becomes: string) => `run_id = ${runId} AND flow_id > ? AND flow_id <= ?
      AND kind_id IN (SELECT kind_id FROM changed_kinds WHERE new_id IS ${becomes})
      AND (responder_id, responder_port) IN (SELECT responder_id, port FROM learned_endpoints)`;
    this.update = db.prepare(`UPDATE flows
      SET kind_id = (SELECT new_id FROM changed_kinds WHERE changed_kinds.kind_id = flows.kind_id)
      WHERE ${which('NOT NULL')}`);
    this.remove = db.prepare(`DELETE FROM flows WHERE ${which('NULL')}`);
  }

  /** Flows to the endpoints (see endpointKey) get the kind that theirs becomes; null removes them. */
  run(endpoints: ReadonlySet<number>, kinds: ReadonlyMap<number, number | null>): void {
    const last = this.last.get() as number | null;
    if (last === null || kinds.size === 0) return;
    this.empty();
    for (const key of endpoints) this.addEndpoint.run(...serverAndPort(key));
    for (const [kind, becomes] of kinds) this.addKind.run(kind, becomes);
    for (let from = 0; from < last; from += STEP) {
      this.remove.run(from, from + STEP);
      this.update.run(from, from + STEP);
      this.breathe();
    }
  }
}
