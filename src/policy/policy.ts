// What a policy file says, as plain data that can be posted to a thread.

import type { FindingKind, ProfileName, Role, Severity } from './terms.ts';

export type Range = readonly [first: number, last: number];

export interface KnownHosts {
  readonly networks: readonly string[];
  /** Null for an Exchange server whose role is not said. */
  readonly role: Role | null;
}

export interface ExtraService {
  readonly name: string;
  readonly transport: 'tcp' | 'udp';
  readonly ports: readonly Range[];
  /** Null for everybody. */
  readonly from: readonly string[] | null;
  readonly to: readonly string[] | null;
  readonly reason: string | null;
}

export interface DeniedRule {
  readonly service: string | null;
  readonly transport: 'tcp' | 'udp' | null;
  readonly ports: readonly Range[] | null;
  readonly reason: string | null;
}

/** Whatever is null matches everything. */
export interface ExceptionRule {
  readonly line: number;
  readonly initiator: readonly string[] | null;
  readonly responder: readonly string[] | null;
  readonly transport: string | null;
  readonly ports: readonly Range[] | null;
  readonly service: string | null;
  readonly reason: string;
  /** The last day, YYYY-MM-DD in UTC. */
  readonly expires: string | null;
}

export interface TunnelRule {
  readonly between: readonly [readonly string[], readonly string[]];
  readonly reason: string;
}

export interface SeverityRule {
  readonly kind: FindingKind | null;
  readonly transport: string | null;
  readonly ports: readonly Range[] | null;
  readonly severity: Severity;
}

export interface Policy {
  /** The name of the file, '' for none. */
  readonly path: string;
  /** The file as it was, for the run's snapshot. */
  readonly text: string;
  /** Null where the file names none. */
  readonly profile: ProfileName | null;
  readonly servers: readonly KnownHosts[];
  readonly rpcRanges: readonly Range[];
  readonly services: readonly ExtraService[];
  readonly denied: readonly DeniedRule[];
  readonly exceptions: readonly ExceptionRule[];
  readonly mirrors: readonly string[];
  readonly tunnels: readonly TunnelRule[];
  readonly severities: readonly SeverityRule[];
}

/** No file: the profile alone. */
export const NO_POLICY: Policy = {
  path: '',
  text: '',
  profile: null,
  servers: [],
  rpcRanges: [],
  services: [],
  denied: [],
  exceptions: [],
  mirrors: [],
  tunnels: [],
  severities: [],
};

/** The first moment after the exception's last day, in microseconds since the epoch; Infinity without a date. */
export function endOf(expires: string | null): number {
  return expires === null
    ? Number.POSITIVE_INFINITY
    : (Date.parse(`${expires}T00:00:00Z`) + 86_400_000) * 1000;
}
