// What a database saw of one port, protocol or service: the questions behind `xports explain`.

import type { FindingViewRow, RunChoice, ServiceCountRow } from '../rows.ts';
import type { StoreReader } from './reader.ts';

/** Ports of some transports, a transport as a whole, or a service by its catalog name. */
export interface PortFilter {
  readonly transports?: readonly string[];
  readonly ports?: readonly [first: number, last: number];
  readonly service?: string;
}

/** One side of the flows that were asked for. */
export interface PartyRow {
  readonly address: string;
  readonly verdict: string;
  /** How many different addresses it dealt with. */
  readonly others: number;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly first_seen_us: number;
  readonly last_seen_us: number;
}

export interface EndpointRow {
  readonly run_id: number;
  readonly server: string;
  readonly transport: string;
  readonly port: number;
  readonly interface_uuid: string | null;
  readonly interface_name: string | null;
  readonly basis: string;
  readonly first_seen_us: number;
}

interface Condition {
  readonly where: string;
  readonly values: Record<string, string | number>;
}

function conditionOf(run: RunChoice, filter: PortFilter): Condition {
  const parts: string[] = [];
  const values: Record<string, string | number> = {};
  if (run !== 'all') {
    parts.push('run_id = @run');
    values.run = run;
  }
  if (filter.transports !== undefined) {
    parts.push('transport IN (SELECT value FROM json_each(@transports))');
    values.transports = JSON.stringify(filter.transports);
  }
  if (filter.ports !== undefined) {
    parts.push('port BETWEEN @first AND @last');
    [values.first, values.last] = filter.ports;
  }
  if (filter.service !== undefined) {
    parts.push('service = @service');
    values.service = filter.service;
  }
  return { where: parts.length === 0 ? '' : `WHERE ${parts.join(' AND ')}`, values };
}

/** Sums by service, port and verdict, the largest first. */
export function countsOfPort(store: StoreReader, run: RunChoice, filter: PortFilter): ServiceCountRow[] {
  const { where, values } = conditionOf(run, filter);
  return store.all(
    `SELECT * FROM service_counts ${where} ORDER BY run_id, bytes DESC, service, transport, port`,
    values,
  );
}

/** Who answered or who began, a row an address and verdict, the busiest first; `limit` -1 is all. */
export function partiesOfPort(
  store: StoreReader,
  run: RunChoice,
  filter: PortFilter,
  side: 'responder' | 'initiator',
  limit: number,
): PartyRow[] {
  const { where, values } = conditionOf(run, filter);
  const other = side === 'responder' ? 'initiator' : 'responder';
  return store.all(
    `SELECT ${side} AS address, verdict, count(DISTINCT ${other}) AS others, sum(flows) AS flows,
       sum(packets) AS packets, sum(bytes) AS bytes, min(first_seen_us) AS first_seen_us,
       max(last_seen_us) AS last_seen_us
     FROM service_pairs ${where} GROUP BY ${side}, verdict
     ORDER BY flows DESC, bytes DESC, address LIMIT @limit`,
    { ...values, limit },
  );
}

/** How many different addresses answered or began. */
export function partyCountOfPort(
  store: StoreReader,
  run: RunChoice,
  filter: PortFilter,
  side: 'responder' | 'initiator',
): number {
  const { where, values } = conditionOf(run, filter);
  const [row] = store.all<{ parties: number }>(
    `SELECT count(DISTINCT ${side}) AS parties FROM service_pairs ${where}`,
    values,
  );
  return row.parties;
}

/** Findings about these ports; a service's own are found by its ports. */
export function findingsOfPort(
  store: StoreReader,
  run: RunChoice,
  filter: Omit<PortFilter, 'service'>,
): FindingViewRow[] {
  const { where, values } = conditionOf(run, filter);
  return store.all(
    `SELECT * FROM findings ${where} ORDER BY run_id, status = 'resolved',
       CASE severity WHEN 'high' THEN 0 WHEN 'medium' THEN 1 WHEN 'low' THEN 2 ELSE 3 END, flows DESC, finding_id`,
    values,
  );
}

/** RPC endpoints that were learned on these ports. */
export function endpointsOfPort(
  store: StoreReader,
  run: RunChoice,
  filter: Omit<PortFilter, 'service'>,
): EndpointRow[] {
  const { where, values } = conditionOf(run, filter);
  return store.all(
    `SELECT run_id, server, transport, port, interface_uuid, interface_name, basis, min(first_seen_us) AS first_seen_us,
       max(last_seen_us) AS last_seen_us
     FROM rpc_endpoints ${where}
     GROUP BY run_id, server, transport, port, interface_uuid, interface_name, basis
     ORDER BY run_id, server, port, interface_uuid, basis`,
    values,
  );
}
