// What a store takes: flat buffers of flows and pairs, and the small rows of a checkpoint. SQLite is one
// such sink; whatever else comes implements the same calls.

import type { LearnedEndpoint } from '../audit/endpoints.ts';
import type { Finding } from '../audit/findings.ts';
import type { RememberedEndpoint } from '../audit/memory.ts';
import type { FindingText } from '../audit/words.ts';
import type { EndedFlows } from '../flow/ended.ts';
import type { Bucket } from '../flow/minutes.ts';
import type { AllowedService } from '../policy/rules.ts';

export interface RunStart {
  readonly runUid: string;
  readonly sensor: string;
  /** The paths as given, separated by a space; `-` for standard input. */
  readonly source: string;
  readonly sourceKind: 'file' | 'stdin' | 'interface';
  readonly profile: string;
  /** The policy file as it was; none where it is empty or not given. */
  readonly policy?: string;
  /** Names of services by their numbers in rows; the catalog's unless given. */
  readonly services?: readonly string[];
  /** What profile and policy allow by port or protocol. */
  readonly allowed?: readonly AllowedService[];
  /** The options of the run as JSON. */
  readonly options: string;
  readonly version: string;
  readonly startedAtUs: number;
}

/** Totals of everything that is settled in a flow or a skip reason so far. */
export interface RunTotals {
  readonly packets: number;
  readonly bytes: number;
  readonly packetsOutOfOrder: number;
  /** Null where the source does not tell. */
  readonly kernelDropped: number | null;
  readonly interfaceDropped: number | null;
  readonly firstPacketUs: number | null;
  readonly lastPacketUs: number | null;
}

export interface SourceRow {
  readonly path: string;
  /** Null where it is no capture. */
  readonly format: string | null;
  readonly linkTypes: string | null;
  readonly snaplen: number | null;
  readonly packets: number;
  readonly bytes: number;
  readonly firstPacketUs: number | null;
  readonly lastPacketUs: number | null;
  readonly damageOffset: number | null;
  readonly damage: string | null;
}

export interface SkippedRow {
  readonly reason: string;
  readonly packets: number;
  readonly bytes: number;
}

/**
 * Sums of flows, one a (initiator, responder, service, transport, port, verdict), as flat buffers. A pair keeps its
 * place for the whole run.
 */
export interface PairRows {
  readonly count: number;
  /** Four words a pair: initiator, responder, what audit/tally.ts packs in a pair's key, port (-1 for none). */
  readonly keys: Int32Array;
  /** PAIR_WIDTH doubles a pair, by the columns of PAIR. */
  readonly sums: Float64Array;
}

/** Everything but flows, as it stands: written over what the last checkpoint wrote. */
export interface Checkpoint {
  readonly totals: RunTotals;
  readonly sources: readonly SourceRow[];
  readonly skipped: readonly SkippedRow[];
  readonly pairs: PairRows;
  readonly minutes: readonly Bucket[];
  readonly findings: readonly Finding[];
  readonly texts: readonly FindingText[];
  /** Endpoints of RPC that were learned; a checkpoint has those of the last one first. */
  readonly endpoints: readonly LearnedEndpoint[];
  /** Endpoints that earlier runs learned and this one went by, or could have. */
  readonly remembered?: readonly RememberedEndpoint[];
  /** Counts behind the line of confidence, by name. */
  readonly facts: Readonly<Record<string, number>>;
  /** The policy's exceptions, in the order of the file. */
  readonly exceptions: readonly ExceptionUse[];
  /** Who is who; at the end of a run, and before that where it is no trouble. Null for no news. */
  readonly hosts: readonly HostRow[] | null;
}

/** A role of a host, by the number of its address. */
export interface HostRow {
  readonly addressId: number;
  readonly role: string;
  readonly confidence: string;
  readonly evidence: string;
}

/** An exception of the policy, and what it let through. */
export interface ExceptionUse {
  /** The line of the policy file where it begins. */
  readonly line: number;
  readonly text: string;
  readonly reason: string;
  readonly expires: string | null;
  /** Expired: its last day is over by the run's last packet. */
  readonly status: 'used' | 'unused' | 'expired';
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly firstSeenUs: number | null;
  readonly lastSeenUs: number | null;
}

/** The text of address number `id`; numbers run from 1 in the order of first use. */
export interface AddressTexts {
  readonly size: number;
  text(id: number): string;
}

export interface Sink {
  /**
   * Stores rows of flows; the batch is the caller's again when the call returns. `interfaces` are the UUIDs of RPC
   * interfaces by their numbers in rows.
   */
  flows(batch: EndedFlows, addresses: AddressTexts, interfaces: readonly string[]): void;
  /**
   * Stored flows to these endpoints of RPC (see endpointKey) that were unlisted become expected, and where only
   * unexpected flows are kept (`kept` is false), they go. Where \`areRpc\` is false it is the other way round: flows that
   * are there become unlisted.
   */
  relabel(endpoints: ReadonlySet<number>, kept: boolean, areRpc: boolean): void;
  /**
   * Stored flows in which none of these addresses takes part become out-of-scope; where only unexpected flows are
   * `kept`, they go.
   */
  rescope(servers: ReadonlySet<number>, kept: boolean, interfaces: readonly string[]): void;
  /** Stores pairs from number \`from\` on, ahead of the checkpoint, which then has less to do. */
  pairs(rows: PairRows, from: number, addresses: AddressTexts): void;
  checkpoint(state: Checkpoint, addresses: AddressTexts): void;
  /** Shows that the run is alive; cheap enough for every few seconds. */
  heartbeat(): void;
  finish(status: 'complete' | 'damaged' | 'interrupted', message: string | null): void;
  close(): void;
}
