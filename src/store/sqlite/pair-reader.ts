// The pairs of a run, as they are compared with another's.

import type { StoreReader } from './reader.ts';

export interface ServicePairRow {
  readonly run_id: number;
  readonly initiator: string;
  readonly responder: string;
  readonly service: string;
  readonly transport: string;
  readonly port: number | null;
  readonly verdict: string;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly first_seen_us: number;
  readonly last_seen_us: number;
}

/** Every pair of addresses of a run with what it used, in the order of its addresses. */
export function servicePairs(store: StoreReader, runId: number): ServicePairRow[] {
  return store.all(
    `SELECT run_id, initiator, responder, service, transport, port, verdict, flows, packets, bytes, first_seen_us,
       last_seen_us
     FROM service_pairs WHERE run_id = ? ORDER BY initiator, responder, transport, port, service, verdict`,
    runId,
  );
}
