// Puts stored flows out of scope, once it is known which hosts are the servers.

import type { Database } from 'better-sqlite3';

/** Flows that are looked at in one statement. */
const STEP = 50_000;

/** Flows of the run in which none of `servers` takes part get the kind that theirs becomes; null removes them. */
export function rescope(
  db: Database,
  runId: number,
  servers: ReadonlySet<number>,
  kinds: ReadonlyMap<number, number> | null,
  breathe: () => void,
): void {
  const last = db.prepare('SELECT max(flow_id) FROM flows WHERE run_id = ?').pluck().get(runId) as
    | number
    | null;
  if (last === null) return;
  db.exec(`CREATE TEMP TABLE judged_servers (address_id INTEGER PRIMARY KEY);
    CREATE TEMP TABLE scoped_kinds (kind_id INTEGER PRIMARY KEY, new_id INTEGER)`);
  const addServer = db.prepare('INSERT INTO judged_servers VALUES (?)');
  const addKind = db.prepare('INSERT INTO scoped_kinds VALUES (?, ?)');
  for (const id of servers) addServer.run(id);
  for (const [kind, becomes] of kinds ?? []) addKind.run(kind, becomes);
  const outside = `run_id = ${runId} AND flow_id > ? AND flow_id <= ?
    AND initiator_id NOT IN (SELECT address_id FROM judged_servers)
    AND responder_id NOT IN (SELECT address_id FROM judged_servers)`;
  const statement =
    kinds === null
      ? db.prepare(`DELETE FROM flows WHERE ${outside}`)
      : db.prepare(`UPDATE flows
          SET kind_id = (SELECT new_id FROM scoped_kinds WHERE scoped_kinds.kind_id = flows.kind_id)
          WHERE ${outside} AND kind_id IN (SELECT kind_id FROM scoped_kinds)`);
  for (let from = 0; from < last; from += STEP) {
    statement.run(from, from + STEP);
    breathe();
  }
  db.exec('DROP TABLE judged_servers; DROP TABLE scoped_kinds');
}
