// The documents that commands print, field by field. Rows of tables are what store/tables.ts says they are.

import { publicTable } from '../../store/tables.ts';
import { count, flag, listOf, object, oneOf, orNull, port, rowOf, type Schema, text, time } from './terms.ts';

/** Whose run it is, which only the table itself and its export tell. */
const PROCESS_COLUMNS = ['host', 'pid', 'process_started_at_us'];

export const runRow = rowOf(publicTable('runs'), PROCESS_COLUMNS);
const sourceRow = rowOf(publicTable('sources'), ['source_id']);
const serviceRow = rowOf(publicTable('service_counts'));
const findingRow = rowOf(publicTable('findings'));
const endpointRow = rowOf(publicTable('rpc_endpoints'));
const standing = oneOf(
  'listed',
  'partly',
  'conditional',
  'infrastructure',
  'groups',
  'allowed',
  'excepted',
  'denied',
  'not-listed',
);

export const report: Schema = object({
  run: runRow,
  sources: listOf(sourceRow),
  services: listOf(serviceRow),
  findings: listOf(findingRow),
  skipped: listOf(rowOf(publicTable('skipped'))),
});

export const catalogRow: Schema = object({
  id: text,
  transport: oneOf('tcp', 'udp', 'ip'),
  port: { type: 'string', pattern: '^[0-9]+(-[0-9]+)?$', description: "Of ip, the protocol's number." },
  lists: oneOf('1', '2', '1,2'),
  label: text,
  note: text,
});

export const catalog = listOf(catalogRow);
export const services = listOf(serviceRow);

const party = object({
  address: text,
  verdict: serviceRow.properties.verdict,
  others: count,
  flows: count,
  packets: count,
  bytes: count,
  first_seen_us: time,
  last_seen_us: time,
});

export const explain: Schema = object({
  asked: text,
  standings: listOf(object({ transport: text, standing })),
  known: listOf(
    object({
      standing,
      service: orNull(text),
      name: text,
      transports: listOf(text),
      first: port,
      last: port,
      who: text,
      note: text,
      source: text,
    }),
  ),
  elsewhere: listOf(text),
  rules: oneOf('run', 'policy', 'allow-list'),
  run: { anyOf: [{ type: 'integer', minimum: 1 }, { const: 'all' }, { type: 'null' }] },
  silent: orNull(text),
  seen: orNull(
    object({
      services: listOf(serviceRow),
      responders: listOf(party),
      responders_total: count,
      initiators: listOf(party),
      initiators_total: count,
      rpc_endpoints: listOf(endpointRow),
      findings: listOf(findingRow),
    }),
  ),
});

const reason = object({
  service: text,
  port: orNull(port),
  peers: count,
  flows: count,
  packets: count,
  bytes: count,
  first_seen_us: time,
  last_seen_us: time,
  answered: orNull(flag),
  guessed: flag,
  tunnelled: flag,
  interfaces: text,
});

export const rules: Schema = object({
  about: listOf(text),
  servers: listOf(text),
  rules: listOf(
    object({
      server: text,
      direction: oneOf('in', 'out'),
      ip_version: oneOf(4, 6),
      transport: text,
      protocol: count,
      ports: listOf(port),
      peers: listOf(text),
      reasons: listOf(reason),
      mirrored: flag,
    }),
  ),
  established: flag,
  icmp: listOf(object({ ip_version: oneOf(4, 6), protocol: count, types: listOf(count) })),
  otherwise: oneOf('drop'),
  advice: listOf(text),
  unused: listOf(object({ service: text, transport: text, port, label: text })),
  unused_rpc: listOf(object({ server: text, port, interfaces: text })),
  flows_left_out: count,
  flows_local: count,
});

function changesOf(row: Schema): Schema {
  return object({
    new: listOf(row),
    gone: listOf(row),
    changed: listOf(object({ before: row, after: row })),
  });
}

const side = object({ database: text, run: runRow });

export const diff: Schema = object({
  before: side,
  after: side,
  services: changesOf(serviceRow),
  hosts: changesOf(
    object({
      address: text,
      flows_begun: count,
      flows_received: count,
      packets: count,
      bytes: count,
      ports: listOf(text),
    }),
  ),
  pairs: changesOf(rowOf(publicTable('service_pairs'))),
  findings: changesOf(findingRow),
});

const interfaceRow = object({
  name: text,
  description: orNull(text),
  addresses: listOf(text),
  link_type: orNull(text),
  up: flag,
  can_open: flag,
  reason: orNull(text),
  hint: orNull(text),
  merging_offloads: listOf(text),
});

export const interfaces: Schema = object({ interfaces: listOf(interfaceRow) });

const trouble = orNull(object({ text, hint: orNull(text) }));

export const doctor: Schema = object({
  xports: text,
  node: object({ version: text, accepted: text, is_accepted: flag }),
  sqlite: object({ version: orNull(text), trouble }),
  libpcap: object({ version: orNull(text) }),
  engines: listOf(object({ name: text, loads: flag, problem: orNull(text) })),
  capture: object({ possible: flag, trouble }),
  interfaces: listOf(interfaceRow),
  database: object({
    path: text,
    exists: flag,
    bytes: orNull(count),
    wal_bytes: orNull(count),
    free_bytes: orNull(count),
    user_version: orNull(count),
    newest_version: count,
    runs: orNull(count),
    quick_check: orNull(text),
    trouble,
  }),
});

const { finding_id, ...told } = findingRow.properties;

/** A finding as live capture tells it, when its number is not settled yet. */
export const note: Schema = object({ ...told, part_of: orNull(told.kind) });
