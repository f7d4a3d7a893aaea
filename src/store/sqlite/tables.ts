// The base tables, version 1. All are STRICT, so that numbers land as integers however they are bound.
// Names and columns that others may read are the views' (views.ts) and the tables runs, sources, skipped and
// rpc_endpoints; the rest is how they are kept.

export const TABLES = `
CREATE TABLE runs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run_uid TEXT NOT NULL UNIQUE,
  sensor TEXT NOT NULL,
  source TEXT NOT NULL,
  source_kind TEXT NOT NULL,
  status TEXT NOT NULL,
  started_at_us INTEGER NOT NULL,
  finished_at_us INTEGER,
  heartbeat_us INTEGER NOT NULL,
  first_packet_us INTEGER,
  last_packet_us INTEGER,
  packets INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  packets_out_of_order INTEGER NOT NULL DEFAULT 0,
  kernel_dropped INTEGER,
  interface_dropped INTEGER,
  profile TEXT NOT NULL,
  policy TEXT,
  options TEXT NOT NULL,
  version TEXT NOT NULL,
  message TEXT,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  process_started_at_us INTEGER NOT NULL
) STRICT;

CREATE TABLE sources (
  run_id INTEGER NOT NULL,
  source_id INTEGER NOT NULL,
  path TEXT NOT NULL,
  format TEXT,
  link_types TEXT,
  snaplen INTEGER,
  packets INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first_packet_us INTEGER,
  last_packet_us INTEGER,
  damage_offset INTEGER,
  damage TEXT,
  PRIMARY KEY (run_id, source_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE skipped (
  run_id INTEGER NOT NULL,
  reason TEXT NOT NULL,
  packets INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (run_id, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE addresses (
  run_id INTEGER NOT NULL,
  address_id INTEGER NOT NULL,
  address TEXT NOT NULL,
  PRIMARY KEY (run_id, address_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE flow_kinds (
  run_id INTEGER NOT NULL,
  kind_id INTEGER NOT NULL,
  ip_version INTEGER NOT NULL,
  protocol INTEGER NOT NULL,
  transport TEXT NOT NULL,
  state TEXT NOT NULL,
  end_reason TEXT NOT NULL,
  direction_basis TEXT NOT NULL,
  service TEXT NOT NULL,
  inner_service TEXT,
  label_basis TEXT NOT NULL,
  verdict TEXT NOT NULL,
  payload_protocol TEXT,
  rpc_interface TEXT,
  vlans TEXT,
  encapsulation TEXT,
  PRIMARY KEY (run_id, kind_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE flows (
  run_id INTEGER NOT NULL,
  flow_id INTEGER NOT NULL,
  kind_id INTEGER NOT NULL,
  initiator_id INTEGER NOT NULL,
  initiator_port INTEGER NOT NULL,
  responder_id INTEGER NOT NULL,
  responder_port INTEGER NOT NULL,
  packets_out INTEGER NOT NULL,
  packets_back INTEGER NOT NULL,
  bytes_out INTEGER NOT NULL,
  bytes_back INTEGER NOT NULL,
  payload_out INTEGER NOT NULL,
  payload_back INTEGER NOT NULL,
  first_seen_us INTEGER NOT NULL,
  duration_us INTEGER NOT NULL,
  continues_flow_id INTEGER,
  initiator_isn INTEGER,
  responder_isn INTEGER,
  PRIMARY KEY (run_id, flow_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pair_kinds (
  run_id INTEGER NOT NULL,
  kind_id INTEGER NOT NULL,
  service TEXT NOT NULL,
  transport TEXT NOT NULL,
  verdict TEXT NOT NULL,
  PRIMARY KEY (run_id, kind_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE pairs (
  run_id INTEGER NOT NULL,
  pair_id INTEGER NOT NULL,
  initiator_id INTEGER NOT NULL,
  responder_id INTEGER NOT NULL,
  kind_id INTEGER NOT NULL,
  port INTEGER NOT NULL,
  flows INTEGER NOT NULL,
  packets INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first_seen_us INTEGER NOT NULL,
  last_seen_us INTEGER NOT NULL,
  PRIMARY KEY (run_id, pair_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding_texts (
  run_id INTEGER NOT NULL,
  text_id INTEGER NOT NULL,
  title TEXT NOT NULL,
  explanation TEXT NOT NULL,
  suggestion TEXT NOT NULL,
  PRIMARY KEY (run_id, text_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE finding_rows (
  run_id INTEGER NOT NULL,
  finding_id INTEGER NOT NULL,
  kind TEXT NOT NULL,
  severity TEXT NOT NULL,
  status TEXT NOT NULL,
  transport TEXT NOT NULL,
  port INTEGER,
  responder_id INTEGER,
  initiator_id INTEGER NOT NULL,
  initiators INTEGER NOT NULL,
  flows INTEGER NOT NULL,
  packets INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  first_seen_us INTEGER NOT NULL,
  last_seen_us INTEGER NOT NULL,
  text_id INTEGER NOT NULL,
  PRIMARY KEY (run_id, finding_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rpc_endpoints (
  run_id INTEGER NOT NULL,
  server TEXT NOT NULL,
  transport TEXT NOT NULL,
  port INTEGER NOT NULL,
  interface_uuid TEXT,
  interface_name TEXT,
  basis TEXT NOT NULL,
  first_seen_us INTEGER NOT NULL
) STRICT;
CREATE INDEX rpc_endpoints_by_run ON rpc_endpoints (run_id);

CREATE TABLE service_minutes (
  run_id INTEGER NOT NULL,
  service TEXT NOT NULL,
  start_us INTEGER NOT NULL,
  width_us INTEGER NOT NULL,
  packets INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (run_id, service, start_us)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_facts (
  run_id INTEGER NOT NULL,
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;
`;

/** Version 2: what a run's policy was, what became of it, and who the hosts are. */
export const POLICY_TABLES = `
CREATE TABLE allowed_services (
  run_id INTEGER NOT NULL,
  row_id INTEGER NOT NULL,
  service TEXT NOT NULL,
  label TEXT NOT NULL,
  transport TEXT NOT NULL,
  port INTEGER NOT NULL,
  last_port INTEGER NOT NULL,
  allowed_by TEXT NOT NULL,
  initiators TEXT,
  responders TEXT,
  PRIMARY KEY (run_id, row_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_exceptions (
  run_id INTEGER NOT NULL,
  exception_id INTEGER NOT NULL,
  line INTEGER NOT NULL,
  matches TEXT NOT NULL,
  reason TEXT NOT NULL,
  expires TEXT,
  status TEXT NOT NULL,
  flows INTEGER NOT NULL,
  packets INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  first_seen_us INTEGER,
  last_seen_us INTEGER,
  PRIMARY KEY (run_id, exception_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE host_rows (
  run_id INTEGER NOT NULL,
  address_id INTEGER NOT NULL,
  role TEXT NOT NULL,
  confidence TEXT NOT NULL,
  evidence TEXT NOT NULL,
  PRIMARY KEY (run_id, address_id, role)
) STRICT, WITHOUT ROWID;
`;

/** Version 3: until when an endpoint of RPC was named, and what a run remembered of earlier ones. */
export const MEMORY_TABLES = `
ALTER TABLE rpc_endpoints ADD COLUMN last_seen_us INTEGER;

CREATE TABLE remembered_endpoints (
  run_id INTEGER NOT NULL,
  server TEXT NOT NULL,
  transport TEXT NOT NULL,
  port INTEGER NOT NULL,
  interface_uuid TEXT,
  interface_name TEXT,
  status TEXT NOT NULL,
  learned_run_id INTEGER NOT NULL,
  last_learned_us INTEGER NOT NULL
) STRICT;
CREATE INDEX remembered_endpoints_by_run ON remembered_endpoints (run_id);
`;

/** Tables that hold a run's rows, and the column that orders them within it where they can be many. */
export const RUN_TABLES: readonly { readonly table: string; readonly key: string | null }[] = [
  { table: 'flows', key: 'flow_id' },
  { table: 'pairs', key: 'pair_id' },
  { table: 'addresses', key: 'address_id' },
  { table: 'finding_rows', key: 'finding_id' },
  { table: 'flow_kinds', key: null },
  { table: 'pair_kinds', key: null },
  { table: 'finding_texts', key: null },
  { table: 'service_minutes', key: null },
  { table: 'run_facts', key: null },
  { table: 'rpc_endpoints', key: null },
  { table: 'remembered_endpoints', key: null },
  { table: 'allowed_services', key: null },
  { table: 'policy_exceptions', key: null },
  { table: 'host_rows', key: 'address_id' },
  { table: 'sources', key: null },
  { table: 'skipped', key: null },
];
