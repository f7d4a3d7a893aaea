// What earlier runs of a database learned of RPC, for a run that may go by it.

import type { Database } from 'better-sqlite3';
import ipaddr from 'ipaddr.js';
import type { RecalledEndpoint } from '../../audit/memory.ts';

/** The newest that are taken; a database of years has no end of them. */
const MOST = 65_536;

/** What one run learned of one interface on one port. */
interface Row {
  readonly server: string;
  readonly port: number;
  readonly uuid: string;
  readonly mapped: number;
  readonly first_us: number;
  readonly last_us: number;
  readonly run_id: number;
}

/**
 * RPC's dynamic TCP endpoints that runs before `runId` learned, of the same sensor: the addresses of two networks may be
 * the same. Left out is what an endpoint mapper contradicted later, by naming the interface on another port alone.
 */
export function recallEndpoints(db: Database, runId: number): RecalledEndpoint[] {
  const rows = db
    .prepare(
      `SELECT e.server, e.port, coalesce(e.interface_uuid, '') AS uuid, max(e.basis <> 'bind') AS mapped,
         min(e.first_seen_us) AS first_us, max(coalesce(e.last_seen_us, e.first_seen_us)) AS last_us, e.run_id
       FROM rpc_endpoints e JOIN runs r ON r.id = e.run_id
       WHERE e.run_id < @runId AND e.transport = 'tcp' AND e.port >= 1024
         AND r.sensor = (SELECT sensor FROM runs WHERE id = @runId)
       GROUP BY e.server, e.port, uuid, e.run_id ORDER BY last_us DESC LIMIT ${MOST}`,
    )
    .all({ runId }) as Row[];
  const endpoints = new Map<string, Row>();
  for (const row of rows) {
    const key = `${placeOf(row)} ${row.uuid}`;
    const known = endpoints.get(key);
    endpoints.set(key, known === undefined ? row : merged(known, row));
  }
  const all = [...endpoints.values()];
  const gone = contradictions(all, rows);
  return all.filter((row) => row.last_us >= (gone.get(placeOf(row)) ?? -Infinity)).map(recalled);
}

/** Two rows of one interface on one port, the newer first. */
function merged(newer: Row, older: Row): Row {
  return {
    ...newer,
    mapped: Math.max(newer.mapped, older.mapped),
    first_us: Math.min(newer.first_us, older.first_us),
  };
}

/** For each server's port, since when a mapper has had one of its interfaces elsewhere. */
function contradictions(endpoints: readonly Row[], rows: readonly Row[]): ReadonlyMap<string, number> {
  const newest = new Map<string, Row>();
  for (const row of rows) {
    if (row.mapped === 0 || row.uuid === '') continue;
    const known = newest.get(interfaceOf(row));
    if (known === undefined || row.first_us > known.first_us) newest.set(interfaceOf(row), row);
  }
  const gone = new Map<string, number>();
  for (const row of endpoints) {
    const named = newest.get(interfaceOf(row));
    if (named === undefined || named.port === row.port || named.first_us <= row.last_us) continue;
    gone.set(placeOf(row), Math.max(named.first_us, gone.get(placeOf(row)) ?? -Infinity));
  }
  return gone;
}

function recalled(row: Row): RecalledEndpoint {
  const address = ipaddr.parse(row.server);
  return {
    ipVersion: address.kind() === 'ipv4' ? 4 : 6,
    server: wordsOf(address.toByteArray()),
    port: row.port,
    interfaceUuid: row.uuid,
    isMapped: row.mapped === 1,
    firstLearnedUs: row.first_us,
    lastLearnedUs: row.last_us,
    runId: row.run_id,
  };
}

function wordsOf(bytes: readonly number[]): number[] {
  const view = new DataView(Uint8Array.from(bytes).buffer);
  return Array.from({ length: bytes.length / 4 }, (_, n) => view.getInt32(n * 4));
}

function placeOf({ server, port }: Row): string {
  return `${server} ${port}`;
}

function interfaceOf({ server, uuid }: Row): string {
  return `${server} ${uuid}`;
}
