// From the expected traffic of a run to the fewest rules that let it pass, independent of any firewall's language.

import ipaddr from 'ipaddr.js';
import { protocolOf } from '../../base/transport.ts';
import type { ExpectedPairRow, PairFactRow, RpcPortRow } from '../../store/sqlite/rule-reader.ts';
import { blocksOf, compareAddresses, type IpVersion, versionOf, type Widening } from './blocks.ts';

export type Direction = 'in' | 'out';

/** What stands behind a rule: one service on one port. */
export interface Reason {
  readonly service: string;
  readonly port: number | null;
  /** Addresses on the other side. */
  readonly peers: number;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly first_seen_us: number;
  readonly last_seen_us: number;
  /** Null where flows were not stored. */
  readonly answered: boolean | null;
  /** Of every flow, who began it was guessed. */
  readonly guessed: boolean;
  /** Every flow was seen in a tunnel only, so the rule holds where its packets travel bare. */
  readonly tunnelled: boolean;
  /** RPC interfaces that were learned there. */
  readonly interfaces: string;
}

export interface Rule {
  readonly server: string;
  /** `in` is to the server, `out` is from it; answers pass by themselves. */
  readonly direction: Direction;
  readonly ip_version: IpVersion;
  readonly transport: string;
  readonly protocol: number;
  /** Ports of the responder, in order; empty where the transport has none. */
  readonly ports: readonly number[];
  /** Addresses and blocks of the other side. */
  readonly peers: readonly string[];
  readonly reasons: readonly Reason[];
  /** The way back of a protocol in which both sides begin (IPsec): its counts stand at the rule of the way there. */
  readonly mirrored: boolean;
}

/** Where the rules are enforced. */
export type Boundary =
  /** One firewall between everybody: a flow between two servers needs one rule. */
  | 'network'
  /** Each server by itself, or each interface by itself: such a flow needs a rule at either end. */
  | 'host';

export interface PlanInput {
  readonly pairs: readonly ExpectedPairRow[];
  /** Null where flows were not stored. */
  readonly facts: readonly PairFactRow[] | null;
  readonly rpcPorts: readonly RpcPortRow[];
  /** Says of an address whether it is protected; null for every responder. */
  readonly isServer: ((address: string) => boolean) | null;
  /** Leaves out pairs of which no flow was answered. */
  readonly answeredOnly: boolean;
  readonly widening: Widening | null;
  readonly boundary: Boundary;
}

export interface Plan {
  readonly servers: readonly string[];
  readonly rules: readonly Rule[];
  /** Expected flows that no rule is about, since neither end is protected, or nobody answered. */
  readonly flows_left_out: number;
  /** Expected flows to or from addresses that no firewall in between gets to see. */
  readonly flows_local: number;
  /** RPC ports that were learned and that nobody used. */
  readonly unused_rpc: readonly RpcPortRow[];
}

/** One pair as one server has it. */
interface Side {
  readonly server: string;
  readonly direction: Direction;
  readonly peer: string;
  readonly pair: ExpectedPairRow;
  readonly mirrored: boolean;
}

interface Facts {
  readonly answered: boolean;
  readonly bothWays: boolean;
  readonly guessed: boolean;
  readonly tunnelled: boolean;
}

/** Protocols in which either end may begin and which firewalls do not follow: ESP and AH. */
const IPSEC: readonly string[] = ['esp', 'ah'];

export function planRules(input: PlanInput): Plan {
  const known = factsByPair(input.facts);
  const factsOf = (pair: ExpectedPairRow) => known?.get(pairKey(pair)) ?? null;
  const isServer = input.isServer ?? responders(input.pairs);
  const begun = new Set(input.pairs.map((pair) => `${pair.initiator} ${pair.responder} ${pair.transport}`));
  const sides: Side[] = [];
  let left = 0;
  let local = 0;
  for (const pair of input.pairs) {
    // No packet has ends of two kinds; a damaged database must not become a rule.
    if (versionOf(pair.initiator) !== versionOf(pair.responder)) {
      left += pair.flows;
      continue;
    }
    if ([pair.initiator, pair.responder].some((address) => isLocal(address, input.boundary))) {
      local += pair.flows;
      continue;
    }
    const own =
      input.answeredOnly && factsOf(pair)?.answered === false ? [] : sidesOf(pair, isServer, input.boundary);
    if (own.length === 0) left += pair.flows;
    sides.push(...own);
    const isBegunBack = begun.has(`${pair.responder} ${pair.initiator} ${pair.transport}`);
    if (IPSEC.includes(pair.transport) && !isBegunBack && factsOf(pair)?.bothWays)
      sides.push(...own.map(mirrored));
  }
  const interfaces = new Map(input.rpcPorts.map((row) => [`${row.server} ${row.port}`, row.interfaces]));
  const rules = [...grouped(sides, (side) => `${side.server} ${side.direction}`).values()].flatMap(
    (members) => rulesOf(members, factsOf, interfaces, input.widening),
  );
  const used = new Set(
    input.pairs.filter((pair) => pair.transport === 'tcp').map((pair) => `${pair.responder} ${pair.port}`),
  );
  return {
    servers: [...new Set(rules.map((rule) => rule.server))].sort(compareAddresses),
    rules: rules.sort(compareRules),
    flows_left_out: left,
    flows_local: local,
    unused_rpc: input.rpcPorts.filter((row) => !used.has(`${row.server} ${row.port}`)),
  };
}

/** What no router passes on, and what does not even leave its host. */
const ROUTED_NOWHERE = ['loopback', 'unspecified', 'linkLocal', 'multicast', 'broadcast'];

function isLocal(address: string, boundary: Boundary): boolean {
  const range = ipaddr.parse(address).range();
  return boundary === 'host' ? range === 'loopback' : ROUTED_NOWHERE.includes(range);
}

function responders(pairs: readonly ExpectedPairRow[]): (address: string) => boolean {
  const all = new Set(pairs.map((pair) => pair.responder));
  return (address) => all.has(address);
}

function sidesOf(pair: ExpectedPairRow, isServer: (address: string) => boolean, boundary: Boundary): Side[] {
  const { initiator, responder } = pair;
  const sides: Side[] = [];
  if (isServer(responder)) {
    sides.push({ server: responder, direction: 'in', peer: initiator, pair, mirrored: false });
  }
  // On one firewall the responder's own rule lets it pass.
  if (isServer(initiator) && (sides.length === 0 || boundary === 'host')) {
    sides.push({ server: initiator, direction: 'out', peer: responder, pair, mirrored: false });
  }
  return sides;
}

function mirrored(side: Side): Side {
  return { ...side, direction: side.direction === 'in' ? 'out' : 'in', mirrored: true };
}

/** Ports that the same peers use over the same transport share a rule. */
function rulesOf(
  sides: readonly Side[],
  factsOf: (pair: ExpectedPairRow) => Facts | null,
  interfaces: ReadonlyMap<string, string>,
  widening: Widening | null,
): Rule[] {
  const byPort = grouped(sides, ({ pair, mirrored }) => `${pair.transport} ${pair.port} ${mirrored}`);
  const withPeers = [...byPort.values()].map((members) => ({
    members,
    peers: blocksOf([...new Set(members.map((side) => side.peer))], widening),
  }));
  const byPeers = grouped(withPeers, ({ members: [{ pair, mirrored }], peers }) =>
    [pair.transport, mirrored, ...peers].join(' '),
  );
  return [...byPeers.values()].map((ports): Rule => {
    const [{ server, direction, pair, mirrored }] = ports[0].members;
    const reasons = ports
      .flatMap(({ members }) => [...grouped(members, (side) => side.pair.service).values()])
      .map((members) => reasonOf(members, factsOf, interfaces))
      .sort((a, b) => (a.port ?? -1) - (b.port ?? -1));
    return {
      server,
      direction,
      ip_version: versionOf(server),
      transport: pair.transport,
      protocol: protocolOf(pair.transport),
      ports: [...new Set(reasons.map((reason) => reason.port))].filter((port) => port !== null),
      peers: ports[0].peers,
      reasons,
      mirrored,
    };
  });
}

function reasonOf(
  sides: readonly Side[],
  factsOf: (pair: ExpectedPairRow) => Facts | null,
  interfaces: ReadonlyMap<string, string>,
): Reason {
  const pairs = sides.map((side) => side.pair);
  const facts = pairs.map(factsOf).filter((fact) => fact !== null);
  const sum = (of: (pair: ExpectedPairRow) => number) => pairs.reduce((total, pair) => total + of(pair), 0);
  const every = (of: (fact: Facts) => boolean) => facts.length === pairs.length && facts.every(of);
  const learned = pairs.map((pair) => interfaces.get(`${pair.responder} ${pair.port}`) ?? '');
  return {
    service: pairs[0].service,
    port: pairs[0].port,
    peers: new Set(sides.map((side) => side.peer)).size,
    flows: sum((pair) => pair.flows),
    packets: sum((pair) => pair.packets),
    bytes: sum((pair) => pair.bytes),
    first_seen_us: Math.min(...pairs.map((pair) => pair.first_seen_us)),
    last_seen_us: Math.max(...pairs.map((pair) => pair.last_seen_us)),
    answered: facts.length === 0 ? null : facts.some((fact) => fact.answered),
    guessed: every((fact) => fact.guessed),
    tunnelled: every((fact) => fact.tunnelled),
    interfaces: [...new Set(learned)].filter((names) => names !== '').join(','),
  };
}

function pairKey(row: Pick<ExpectedPairRow, 'initiator' | 'responder' | 'transport' | 'port'>): string {
  return `${row.initiator} ${row.responder} ${row.transport} ${row.port}`;
}

function factsByPair(rows: readonly PairFactRow[] | null): ReadonlyMap<string, Facts> | null {
  if (rows === null) return null;
  return new Map(
    rows.map((row) => [
      pairKey(row),
      {
        answered: row.answered === 1,
        bothWays: row.both_ways === 1,
        guessed: row.guessed === 1,
        tunnelled: row.tunnelled === 1,
      },
    ]),
  );
}

function compareRules(a: Rule, b: Rule): number {
  return (
    compareAddresses(a.server, b.server) ||
    Number(a.direction === 'out') - Number(b.direction === 'out') ||
    Number(a.mirrored) - Number(b.mirrored) ||
    a.protocol - b.protocol ||
    (a.ports[0] ?? 0) - (b.ports[0] ?? 0)
  );
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
