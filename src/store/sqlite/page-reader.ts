// What the page of a run reads beyond single rows: pairs by number in one pass, traffic over time, and what is allowed.

import type { StoreReader } from './reader.ts';

/** A pair as numbers: addresses by their ids, service and verdict by the number of their kind; port -1 for none. */
export type PairCells = readonly [
  initiatorId: number,
  responderId: number,
  kindId: number,
  port: number,
  flows: number,
  packets: number,
  bytes: number,
  firstSeenUs: number,
  lastSeenUs: number,
];

export interface PairKindRow {
  readonly kind_id: number;
  readonly service: string;
  readonly transport: string;
  readonly verdict: string;
}

export interface MinuteRow {
  readonly service: string;
  readonly start_us: number;
  readonly width_us: number;
  readonly packets: number;
  readonly bytes: number;
}

export interface AllowedRow {
  readonly service: string;
  readonly label: string;
  readonly transport: string;
  /** The port, or the protocol's number where the transport is ip. */
  readonly port: number;
  readonly last_port: number;
  readonly allowed_by: string;
  readonly initiators: string | null;
  readonly responders: string | null;
}

export interface HostIdRow {
  readonly address_id: number;
  readonly address: string;
  readonly role: string;
  readonly confidence: string;
  readonly evidence: string;
}

/** Every pair of a run that has flows, those with most bytes first, one at a time. */
export function pairCells(store: StoreReader, runId: number): IterableIterator<PairCells> {
  return store.cells(
    `SELECT initiator_id, responder_id, kind_id, port, flows, packets, bytes, first_seen_us, last_seen_us
     FROM pairs WHERE run_id = ? AND flows > 0 ORDER BY bytes DESC`,
    runId,
  ) as IterableIterator<PairCells>;
}

export function pairKinds(store: StoreReader, runId: number): PairKindRow[] {
  return store.all('SELECT kind_id, service, transport, verdict FROM pair_kinds WHERE run_id = ?', runId);
}

/** The texts of the addresses that are asked for, by id. */
export function addressTexts(
  store: StoreReader,
  runId: number,
  ids: Iterable<number>,
): ReadonlyMap<number, string> {
  const rows = store.all<{ address_id: number; address: string }>(
    `SELECT address_id, address FROM json_each(?) CROSS JOIN addresses ON run_id = ? AND address_id = value`,
    JSON.stringify([...ids]),
    runId,
  );
  return new Map(rows.map((row) => [row.address_id, row.address]));
}

/** Packets and bytes by service and stretch of time, in the order of time. */
export function serviceMinutes(store: StoreReader, runId: number): MinuteRow[] {
  return store.all(
    `SELECT service, start_us, width_us, packets, bytes FROM service_minutes WHERE run_id = ?
     ORDER BY start_us, service`,
    runId,
  );
}

/** What the run's profile and policy allowed, in the order of the list. */
export function allowedServices(store: StoreReader, runId: number): AllowedRow[] {
  return store.all(
    `SELECT service, label, transport, port, last_port, allowed_by, initiators, responders FROM allowed_services
     WHERE run_id = ? ORDER BY row_id`,
    runId,
  );
}

export function hostRows(store: StoreReader, runId: number): HostIdRow[] {
  return store.all(
    `SELECT h.address_id, a.address, h.role, h.confidence, h.evidence FROM host_rows h
     CROSS JOIN addresses a ON a.run_id = h.run_id AND a.address_id = h.address_id
     WHERE h.run_id = ? ORDER BY h.address_id`,
    runId,
  );
}

/** What changes with every checkpoint of a run, to tell whether a page is out of date. */
export function runState(store: StoreReader, runId: number): string {
  const { run_uid, status, packets, finished_at_us } = store.run(runId);
  return `${run_uid} ${status} ${packets} ${finished_at_us}`;
}
