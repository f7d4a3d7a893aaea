// The expected traffic of a run as firewall rules need it: who, with whom, over what, and how sure that is.

import type { RunChoice } from '../rows.ts';
import type { StoreReader } from './reader.ts';

export interface ExpectedPairRow {
  readonly initiator: string;
  readonly responder: string;
  readonly service: string;
  readonly transport: string;
  /** The responder's port; null where the transport has none, and for AH. */
  readonly port: number | null;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly first_seen_us: number;
  readonly last_seen_us: number;
}

/** What the stored flows add to a pair. Numbers are 0 or 1, as SQLite has them. */
export interface PairFactRow {
  readonly initiator: string;
  readonly responder: string;
  readonly transport: string;
  readonly port: number | null;
  /** Any flow was answered. */
  readonly answered: number;
  /** Any packet came back. */
  readonly both_ways: number;
  /** Of every flow, who began it is a guess. */
  readonly guessed: number;
  /** Every flow came in a tunnel. */
  readonly tunnelled: number;
}

export interface RpcPortRow {
  readonly server: string;
  readonly port: number;
  /** Names of its interfaces, or their UUIDs, by commas. */
  readonly interfaces: string;
}

function ofRun(run: RunChoice): string {
  return run === 'all' ? '' : 'AND run_id = @run';
}

function values(run: RunChoice): Record<string, number> {
  return run === 'all' ? {} : { run };
}

/** Sums of expected traffic by pair of addresses and port. */
export function expectedPairs(store: StoreReader, run: RunChoice): ExpectedPairRow[] {
  return store.all(
    `SELECT initiator, responder, service, transport, port, sum(flows) AS flows, sum(packets) AS packets,
       sum(bytes) AS bytes, min(first_seen_us) AS first_seen_us, max(last_seen_us) AS last_seen_us
     FROM service_pairs WHERE verdict = 'expected' ${ofRun(run)}
     GROUP BY initiator, responder, service, transport, port
     ORDER BY responder, transport, port, initiator`,
    values(run),
  );
}

/** What stored flows say of expected pairs; nothing of flows that were not stored. */
export function pairFacts(store: StoreReader, run: RunChoice): PairFactRow[] {
  // AH has the ports of what is inside, which its pairs have not.
  const port = "CASE WHEN transport = 'ah' THEN NULL ELSE responder_port END";
  return store.all(
    `SELECT initiator, responder, transport, ${port} AS port,
       max(state IN ('established', 'half-open', 'closed', 'reset', 'two-way')
         OR (state = 'mid-stream' AND packets_out > 0 AND packets_back > 0)) AS answered,
       max(packets_back > 0) AS both_ways,
       min(direction_basis = 'port-guess') AS guessed,
       min(encapsulation IS NOT NULL) AS tunnelled
     FROM flow_records WHERE verdict = 'expected' ${ofRun(run)}
     GROUP BY initiator, responder, transport, 4`,
    values(run),
  );
}

/** TCP ports from 1024 on that were learned as RPC's, with what listens there. */
export function learnedRpcPorts(store: StoreReader, run: RunChoice): RpcPortRow[] {
  return store.all(
    `SELECT server, port, coalesce(group_concat(DISTINCT coalesce(interface_name, interface_uuid)), '') AS interfaces
     FROM rpc_endpoints WHERE transport = 'tcp' AND port >= 1024 ${ofRun(run)}
     GROUP BY server, port ORDER BY server, port`,
    values(run),
  );
}
