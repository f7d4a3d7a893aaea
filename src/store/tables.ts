// The tables and views that others may read, as data: what an export writes, and what its types and schemas say.
// docs/database.md describes them in words.

import { FINDING_KINDS, OUTCOMES, SEVERITIES, VERDICTS } from '../audit/terms.ts';
import { END_REASONS, FLOW_STATES, START_BASES } from '../flow/terms.ts';
import { ROLES } from '../policy/terms.ts';
import { LABEL_BASES } from '../service/catalog.ts';

/** A count is a whole number of up to 53 bits, a small one has 32; a time is microseconds since 1970 in UTC. */
export type ColumnType = 'text' | 'count' | 'small' | 'time';

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  readonly nullable: boolean;
  /** All that can stand there, where that is a closed list. */
  readonly values: readonly string[] | null;
}

export interface PublicTable {
  readonly name: string;
  readonly columns: readonly TableColumn[];
  /** The column that says whose run a row is of. */
  readonly runColumn: string;
  /** An order that the database has at hand, or null for that in which rows come. */
  readonly order: string | null;
}

const TRAFFIC = 'flows count, packets count, bytes count, first_seen_us time, last_seen_us time';
const ENDPOINT = 'transport text, port small?';

const STATUSES = ['running', 'complete', 'interrupted', 'damaged'];
const CONFIDENCES = ['high', 'medium', 'low'];

const VALUES: Readonly<Record<string, readonly string[]>> = {
  'runs.source_kind': ['file', 'stdin', 'interface'],
  'runs.status': STATUSES,
  'service_counts.verdict': VERDICTS,
  'service_pairs.verdict': VERDICTS,
  'flow_records.verdict': VERDICTS,
  'flow_records.state': FLOW_STATES,
  'flow_records.end_reason': END_REASONS,
  'flow_records.direction_basis': START_BASES,
  'flow_records.label_basis': LABEL_BASES,
  'findings.kind': FINDING_KINDS,
  'findings.severity': SEVERITIES,
  'findings.status': ['open', 'resolved'],
  'findings.outcome': OUTCOMES,
  'hosts.role': ROLES,
  'hosts.confidence': CONFIDENCES,
  'allowed_services.allowed_by': ['profile', 'policy'],
  'policy_exceptions.status': ['used', 'unused', 'expired'],
  'rpc_endpoints.basis': ['map', 'lookup', 'bind'],
};

/** Columns as `name type`, by commas; a question mark behind a type lets NULL stand there. */
function table(name: string, order: string | null, columns: string): PublicTable {
  return {
    name,
    runColumn: name === 'runs' ? 'id' : 'run_id',
    order,
    columns: columns.split(',').map((text): TableColumn => {
      const [column, type] = text.trim().split(/\s+/);
      return {
        name: column,
        type: type.replace('?', '') as ColumnType,
        nullable: type.endsWith('?'),
        values: VALUES[`${name}.${column}`] ?? null,
      };
    }),
  };
}

export const PUBLIC_TABLES: readonly PublicTable[] = [
  table(
    'runs',
    'id',
    `id count, run_uid text, sensor text, source text, source_kind text, status text, started_at_us time,
     finished_at_us time?, heartbeat_us time, first_packet_us time?, last_packet_us time?, packets count, bytes count,
     packets_out_of_order count, kernel_dropped count?, interface_dropped count?, profile text, policy text?,
     options text, version text, message text?, host text, pid count, process_started_at_us time`,
  ),
  table(
    'sources',
    'run_id, source_id',
    `run_id count, source_id count, path text, format text?, link_types text?, snaplen count?, packets count, bytes count,
     first_packet_us time?, last_packet_us time?, damage_offset count?, damage text?`,
  ),
  table('skipped', 'run_id, reason', 'run_id count, reason text, packets count, bytes count'),
  table(
    'service_counts',
    null,
    `run_id count, service text, ${ENDPOINT}, verdict text, flows count, packets count, bytes count, initiators count,
     responders count, first_seen_us time, last_seen_us time`,
  ),
  table(
    'service_pairs',
    null,
    `run_id count, initiator text, responder text, service text, ${ENDPOINT}, verdict text, ${TRAFFIC}`,
  ),
  table(
    'flow_records',
    'run_id, flow_id',
    `run_id count, flow_id count, ip_version small, protocol small, transport text, initiator text, initiator_port small?,
     responder text, responder_port small?, packets_out count, packets_back count, bytes_out count, bytes_back count,
     payload_out count, payload_back count, first_seen_us time, last_seen_us time, state text, end_reason text,
     continues_flow_id count?, direction_basis text, service text, inner_service text?, label_basis text, verdict text,
     payload_protocol text?, rpc_interface text?, vlans text?, encapsulation text?, initiator_isn count?,
     responder_isn count?`,
  ),
  table(
    'findings',
    'run_id, finding_id',
    `run_id count, finding_id count, kind text, severity text, status text, ${ENDPOINT}, responder text?, initiator text?,
     initiators count, flows count, packets count, bytes count, outcome text, first_seen_us time, last_seen_us time,
     title text, explanation text, suggestion text`,
  ),
  table(
    'service_minutes',
    'run_id, service, start_us',
    'run_id count, service text, start_us time, width_us count, packets count, bytes count',
  ),
  table('run_facts', 'run_id, name', 'run_id count, name text, value count'),
  table('hosts', null, 'run_id count, address text, role text, confidence text, evidence text'),
  table(
    'allowed_services',
    'run_id, row_id',
    `run_id count, row_id count, service text, label text, transport text, port small, last_port small, allowed_by text,
     initiators text?, responders text?`,
  ),
  table(
    'policy_exceptions',
    'run_id, exception_id',
    `run_id count, exception_id count, line count, matches text, reason text, expires text?, status text, flows count,
     packets count, bytes count, first_seen_us time?, last_seen_us time?`,
  ),
  table(
    'rpc_endpoints',
    null,
    `run_id count, server text, transport text, port small, interface_uuid text?, interface_name text?, basis text,
     first_seen_us time, last_seen_us time?`,
  ),
  table(
    'remembered_endpoints',
    null,
    `run_id count, server text, transport text, port small, interface_uuid text?, interface_name text?, status text,
     learned_run_id count, last_learned_us time`,
  ),
];

export const TABLE_NAMES = PUBLIC_TABLES.map(({ name }) => name);

/** The table of this name. Throws where there is none: names come from `TABLE_NAMES`. */
export function publicTable(name: string): PublicTable {
  const found = PUBLIC_TABLES.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no table ${name}`);
  return found;
}
