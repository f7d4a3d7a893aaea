// A policy made ready for judging: tables by port, and rules whose networks are parsed.

import { PROTOCOL, protocolOf } from '../base/transport.ts';
import { SERVICE_IDS, UNLISTED } from '../service/catalog.ts';
import { endOf, NO_POLICY, type Policy, type Range, type SeverityRule } from './policy.ts';
import { type ProfileService, profileServices } from './profiles.ts';
import { ServerSet } from './servers.ts';
import { EXCHANGE_ROLES, type FindingKind, type ProfileName, type Role, type Severity } from './terms.ts';

/** Addresses by number, as the run's address book keeps them. */
export interface Addresses {
  isV4(id: number): boolean;
  word(id: number, index: number): number;
}

/** A flow as rules see it. */
export interface FlowFacts {
  readonly initiatorId: number;
  readonly responderId: number;
  readonly protocol: number;
  /** -1 for none. */
  readonly port: number;
  readonly service: number;
  readonly firstSeenUs: number;
}

/** A service that is allowed, for the run's snapshot. */
export interface AllowedService extends ProfileService {
  readonly by: 'profile' | 'policy';
  /** Networks as text, separated by commas; null for everybody. */
  readonly from: string | null;
  readonly to: string | null;
}

interface Rule {
  readonly from: ServerSet | null;
  readonly to: ServerSet | null;
  /** -1 for any. */
  readonly protocol: number;
  readonly ports: readonly Range[] | null;
  /** -1 for any. */
  readonly service: number;
}

interface TimedRule extends Rule {
  readonly endUs: number;
}

interface Known {
  readonly set: ServerSet;
  readonly role: Role | null;
}

const ANY = -1;
const RPC_DYNAMIC = SERVICE_IDS.indexOf('rpc-dynamic');

export class PolicyRules {
  readonly profile: ProfileName;
  readonly policy: Policy;
  /** Names of services by number: the catalog's, then the profile's and the policy's own. */
  readonly names: readonly string[];
  /** Service by port or protocol, 0 for none: the catalog's and the profile's, allowed or not. */
  readonly tcp = new Uint8Array(65_536);
  readonly udp = new Uint8Array(65_536);
  readonly protocols = new Uint8Array(256);
  /** Everything that is allowed by port or protocol. */
  readonly allowed: readonly AllowedService[];
  private readonly rpcAllowed: boolean;
  private readonly inProfile = new Uint8Array(256);
  private readonly extra: readonly Rule[];
  private readonly denied: readonly Rule[];
  private readonly exceptions: readonly TimedRule[];
  private readonly mirrors: ServerSet | null;
  private readonly tunnels: readonly (readonly [ServerSet, ServerSet])[];
  private readonly known: readonly Known[];

  constructor(policy: Policy = NO_POLICY, profile: ProfileName = policy.profile ?? 'allow-list') {
    this.policy = policy;
    this.profile = profile;
    const rows = profileServices(profile);
    this.names = [
      ...new Set([...SERVICE_IDS, ...rows.map(({ id }) => id), ...policy.services.map(({ name }) => name)]),
    ];
    // The list names services; the profile says which are allowed.
    for (const row of [...profileServices('allow-list'), ...rows])
      this.tableOf(row.transport).fill(this.index(row.id), row.port, row.lastPort + 1);
    for (const { id } of rows) this.inProfile[this.index(id)] = 1;
    this.extra = policy.services.map((service) => ({
      from: setOf(service.from),
      to: setOf(service.to),
      protocol: protocolOf(service.transport),
      ports: service.ports,
      service: this.index(service.name),
    }));
    const denied = policy.denied.map((rule) => ({
      from: null,
      to: null,
      protocol: rule.transport === null ? ANY : protocolOf(rule.transport),
      ports: rule.ports,
      service: rule.service === null ? ANY : this.index(rule.service),
    }));
    this.rpcAllowed = !denied.some(({ service }) => service === RPC_DYNAMIC);
    this.denied = denied;
    this.exceptions = policy.exceptions.map((rule) => ({
      from: setOf(rule.initiator),
      to: setOf(rule.responder),
      protocol: rule.transport === null ? ANY : protocolOf(rule.transport),
      ports: rule.ports,
      service: rule.service === null ? ANY : this.index(rule.service),
      endUs: endOf(rule.expires),
    }));
    this.mirrors = policy.mirrors.length === 0 ? null : ServerSet.of(policy.mirrors);
    this.tunnels = policy.tunnels.map(({ between: [a, b] }) => [ServerSet.of(a), ServerSet.of(b)]);
    this.known = policy.servers.map(({ networks, role }) => ({ set: ServerSet.of(networks), role }));
    this.allowed = this.allAllowed(rows);
  }

  /** The networks of the Exchange servers that the policy names; null where it names none. */
  get servers(): ServerSet | null {
    const networks = this.policy.servers
      .filter(({ role }) => role === null || EXCHANGE_ROLES.includes(role))
      .flatMap((entry) => entry.networks);
    return networks.length === 0 ? null : ServerSet.of(networks);
  }

  /** Whether the policy says of any host who it is. */
  get namesHosts(): boolean {
    return this.known.length > 0;
  }

  /** The role that the policy gives an address; null for none, and `mailbox` for a server without one. */
  rolesOf(book: Addresses, id: number): readonly Role[] {
    return this.known.filter(({ set }) => hasId(set, book, id)).map(({ role }) => role ?? 'mailbox');
  }

  index(name: string): number {
    return Math.max(this.names.indexOf(name), UNLISTED);
  }

  /** The service that a port stands for, whether it is allowed or not; 0 for none. */
  serviceAt(protocol: number, port: number): number {
    if (protocol === PROTOCOL.tcp) return this.tcp[port];
    if (protocol === PROTOCOL.udp) return this.udp[port];
    return this.protocols[protocol];
  }

  /** Whether profile and policy let the service through on that port. */
  allows(service: number, protocol: number, port: number): boolean {
    if (this.inProfile[service] === 0) return false;
    return this.denied.length === 0 || !this.isDenied(service, protocol, port);
  }

  /** Whether the policy denies it by name or port. */
  isDenied(service: number, protocol: number, port: number): boolean {
    return this.denied.some((rule) => fits(rule, service, protocol, port));
  }

  /** What the policy says of why it denies it: '' for no reason, null where it does not deny it. */
  denial(service: number, protocol: number, port: number): string | null {
    const index = this.denied.findIndex((rule) => fits(rule, service, protocol, port));
    return index < 0 ? null : (this.policy.denied[index].reason ?? '');
  }

  /** Whether anything but profile and denials may decide. */
  get hasRules(): boolean {
    return this.extra.length > 0 || this.exceptions.length > 0;
  }

  /** Whether a port that was shown to be RPC's is let through. */
  allowsRpc(port: number): boolean {
    return this.denied.length === 0 || (this.rpcAllowed && !this.isDenied(RPC_DYNAMIC, PROTOCOL.tcp, port));
  }

  /** The service of the policy's own that the flow is; 0 for none. */
  extraService(book: Addresses, flow: FlowFacts): number {
    for (const rule of this.extra) {
      if (rule.protocol === flow.protocol && inRanges(rule.ports, flow.port) && between(rule, book, flow))
        return rule.service;
    }
    return UNLISTED;
  }

  /** The number, from 1, of the exception that lets the flow through; 0 for none. */
  exception(book: Addresses, flow: FlowFacts): number {
    return (
      1 +
      this.exceptions.findIndex(
        (rule) =>
          flow.firstSeenUs < rule.endUs &&
          fits(rule, flow.service, flow.protocol, flow.port) &&
          between(rule, book, flow),
      )
    );
  }

  /** Whether the port lies in a range that the policy names for RPC. */
  isRpcPort(port: number): boolean {
    return this.policy.rpcRanges.length > 0 && inRanges(this.policy.rpcRanges, port);
  }

  /** Whether a tunnel between these addresses is one that the policy names. */
  isKnownTunnel(book: Addresses, a: number, b: number): boolean {
    if (this.mirrors !== null && (hasId(this.mirrors, book, a) || hasId(this.mirrors, book, b))) return true;
    return this.tunnels.some(
      ([one, other]) =>
        (hasId(one, book, a) && hasId(other, book, b)) || (hasId(one, book, b) && hasId(other, book, a)),
    );
  }

  /** What the policy says of a finding's severity; null for nothing. */
  severity(kind: FindingKind, transport: string, port: number): Severity | null {
    const fitting = (rule: SeverityRule) =>
      (rule.kind === null || rule.kind === kind) &&
      (rule.transport === null || rule.transport === transport) &&
      (rule.ports === null || inRanges(rule.ports, port));
    return this.policy.severities.find(fitting)?.severity ?? null;
  }

  private tableOf(transport: ProfileService['transport']): Uint8Array {
    if (transport === 'ip') return this.protocols;
    return transport === 'tcp' ? this.tcp : this.udp;
  }

  private allAllowed(rows: readonly ProfileService[]): AllowedService[] {
    const protocol = (row: ProfileService) => (row.transport === 'ip' ? row.port : protocolOf(row.transport));
    const fromProfile = rows
      .filter((row) =>
        this.allows(this.index(row.id), protocol(row), row.transport === 'ip' ? ANY : row.port),
      )
      .map((row): AllowedService => ({ ...row, by: 'profile', from: null, to: null }));
    const rpc = this.policy.rpcRanges.map(
      ([port, lastPort]): AllowedService => ({
        id: 'rpc-dynamic',
        label: 'RPC dynamic port',
        transport: 'tcp',
        port,
        lastPort,
        by: 'policy',
        from: null,
        to: null,
      }),
    );
    const own = this.policy.services.flatMap(({ name, transport, ports, from, to, reason }) =>
      ports.map(
        ([port, lastPort]): AllowedService => ({
          id: name,
          label: reason ?? name,
          transport,
          port,
          lastPort,
          by: 'policy',
          from: from?.join(',') ?? null,
          to: to?.join(',') ?? null,
        }),
      ),
    );
    return [...fromProfile, ...rpc, ...own];
  }
}

function setOf(networks: readonly string[] | null): ServerSet | null {
  return networks === null ? null : ServerSet.of(networks);
}

function hasId(set: ServerSet, book: Addresses, id: number): boolean {
  return set.has(book.isV4(id), (index) => book.word(id, index));
}

function inRanges(ranges: readonly Range[] | null, port: number): boolean {
  return ranges === null || ranges.some(([first, last]) => port >= first && port <= last);
}

function fits(rule: Rule, service: number, protocol: number, port: number): boolean {
  if (rule.service !== ANY && rule.service !== service) return false;
  return (rule.protocol === ANY || rule.protocol === protocol) && inRanges(rule.ports, port);
}

function between(rule: Rule, book: Addresses, flow: FlowFacts): boolean {
  if (rule.from !== null && !hasId(rule.from, book, flow.initiatorId)) return false;
  return rule.to === null || hasId(rule.to, book, flow.responderId);
}
