// Rows as readers of a store get them, with the names of the columns others see (tables and views alike).

export interface RunRow {
  readonly id: number;
  readonly run_uid: string;
  readonly sensor: string;
  readonly source: string;
  readonly source_kind: string;
  readonly status: string;
  readonly started_at_us: number;
  readonly finished_at_us: number | null;
  readonly heartbeat_us: number;
  readonly first_packet_us: number | null;
  readonly last_packet_us: number | null;
  readonly packets: number;
  readonly bytes: number;
  readonly packets_out_of_order: number;
  readonly kernel_dropped: number | null;
  readonly interface_dropped: number | null;
  readonly profile: string;
  readonly policy: string | null;
  readonly options: string;
  readonly version: string;
  readonly message: string | null;
}

export interface SourceFileRow {
  readonly run_id: number;
  readonly path: string;
  readonly format: string | null;
  readonly link_types: string | null;
  readonly snaplen: number | null;
  readonly packets: number;
  readonly bytes: number;
  readonly first_packet_us: number | null;
  readonly last_packet_us: number | null;
  readonly damage_offset: number | null;
  readonly damage: string | null;
}

export interface SkippedCountRow {
  readonly run_id: number;
  readonly reason: string;
  readonly packets: number;
  readonly bytes: number;
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
  /** Null where an earlier version wrote the run. */
  readonly last_seen_us: number | null;
}

/** An RPC endpoint that an earlier run learned, and what became of it in this one. */
export interface RememberedRow {
  readonly run_id: number;
  readonly server: string;
  readonly transport: string;
  readonly port: number;
  readonly interface_uuid: string | null;
  readonly interface_name: string | null;
  /** `remembered` and not seen, `seen` again, or `voided` by the server's endpoint mapper. */
  readonly status: string;
  readonly learned_run_id: number;
  readonly last_learned_us: number;
}

export interface ServiceCountRow {
  readonly run_id: number;
  readonly service: string;
  readonly transport: string;
  readonly port: number | null;
  readonly verdict: string;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly initiators: number;
  readonly responders: number;
  readonly first_seen_us: number;
  readonly last_seen_us: number;
}

export interface FindingViewRow {
  readonly run_id: number;
  readonly finding_id: number;
  readonly kind: string;
  readonly severity: string;
  readonly status: string;
  readonly transport: string;
  readonly port: number | null;
  readonly responder: string | null;
  readonly initiator: string | null;
  readonly initiators: number;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly outcome: string;
  readonly first_seen_us: number;
  readonly last_seen_us: number;
  readonly title: string;
  readonly explanation: string;
  readonly suggestion: string;
}

export interface HostViewRow {
  readonly run_id: number;
  readonly address: string;
  readonly role: string;
  readonly confidence: string;
  readonly evidence: string;
}

export interface ExceptionRow {
  readonly run_id: number;
  readonly exception_id: number;
  readonly line: number;
  readonly matches: string;
  readonly reason: string;
  readonly expires: string | null;
  readonly status: string;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly first_seen_us: number | null;
  readonly last_seen_us: number | null;
}

export type Cell = string | number | null;

/** A row by the names of its columns. */
export type AnyRow = Readonly<Record<string, Cell>>;

/** One run, or every run of the database. */
export type RunChoice = number | 'all';

export interface FlowFilter {
  readonly service?: string;
  readonly verdict?: string;
  readonly transport?: string;
  /** The responder's port: the one a label is about. */
  readonly port?: number;
  /** Says of an address's text whether either side may be it. */
  readonly address?: (text: string) => boolean;
}
