// Firewall rules from what a run saw: reads the store, plans, and writes them in the language that was asked for.

import type { RunChoice } from '../../store/rows.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import {
  type ExpectedPairRow,
  expectedPairs,
  learnedRpcPorts,
  type PairFactRow,
  pairFacts,
  type RpcPortRow,
} from '../../store/sqlite/rule-reader.ts';
import { counted, timeText } from '../format.ts';
import type { Widening } from './blocks.ts';
import { ciscoAsaRules } from './cisco-asa.ts';
import { iptablesRules } from './iptables.ts';
import { jsonRules } from './json.ts';
import { nftablesRules } from './nftables.ts';
import { type Boundary, type Plan, planRules } from './plan.ts';
import { windowsRules } from './windows.ts';
import { adviceOf, plain, type RuleBook, type UnusedService } from './words.ts';

interface Dialect {
  readonly boundary: Boundary;
  readonly write: (book: RuleBook) => string;
}

const DIALECTS = {
  nftables: { boundary: 'network', write: nftablesRules },
  iptables: { boundary: 'network', write: iptablesRules },
  windows: { boundary: 'host', write: windowsRules },
  'cisco-asa': { boundary: 'host', write: ciscoAsaRules },
  json: { boundary: 'network', write: jsonRules },
} as const satisfies Readonly<Record<string, Dialect>>;

export type DialectName = keyof typeof DIALECTS;
export const DIALECT_NAMES = Object.keys(DIALECTS) as readonly DialectName[];

/** A row of the allow-list: a port, or a protocol's number where `transport` is ip; ranges have a last port. */
export interface ListedService {
  readonly id: string;
  readonly label: string;
  readonly transport: string;
  readonly port: number;
  readonly lastPort?: number;
}

export interface RulesRequest {
  readonly run: RunChoice;
  readonly dialect: DialectName;
  /** Says of an address whether it is protected; null for every responder of expected traffic. */
  readonly isServer: ((address: string) => boolean) | null;
  /** The servers as they were named, or null. */
  readonly named: string | null;
  readonly answeredOnly: boolean;
  readonly widening: Widening | null;
  /** What the run's profile and policy allow by port or protocol, to tell what nobody used. */
  readonly list: readonly ListedService[];
  readonly version: string;
}

export interface Rules {
  readonly text: string;
  readonly plan: Plan;
  /** Expected pairs of the run, whether or not a rule is about them. */
  readonly pairs: number;
}

/** What rules are made from, read once however many languages they are written in. */
export interface RuleSource {
  readonly pairs: readonly ExpectedPairRow[];
  readonly facts: readonly PairFactRow[];
  readonly rpcPorts: readonly RpcPortRow[];
}

export function ruleSource(store: StoreReader, run: RunChoice): RuleSource {
  return {
    pairs: expectedPairs(store, run),
    facts: pairFacts(store, run),
    rpcPorts: learnedRpcPorts(store, run),
  };
}

export function firewallRules(
  store: StoreReader,
  request: RulesRequest,
  source = ruleSource(store, request.run),
): Rules {
  const { boundary, write }: Dialect = DIALECTS[request.dialect];
  const { pairs, facts, rpcPorts } = source;
  const flowsStored = facts.length > 0;
  const plan = planRules({
    pairs,
    facts: flowsStored ? facts : null,
    rpcPorts,
    isServer: request.isServer,
    answeredOnly: request.answeredOnly,
    widening: request.widening,
    boundary,
  });
  const { widening } = request;
  const widened = widening === null ? null : `/${widening.v4} and /${widening.v6}`;
  const text = write({
    head: headOf(store, request, plan),
    plan,
    advice: adviceOf(plan, { flowsStored, widened }),
    unused: unusedOf(request.list, new Set(pairs.map((pair) => placeOf(pair.service, pair.transport)))),
  });
  return { text, plan, pairs: pairs.length };
}

function headOf(store: StoreReader, request: RulesRequest, plan: Plan): string[] {
  const rows = request.run === 'all' ? store.runs() : [store.run(request.run)];
  const lines = rows.map((row) => {
    const span =
      row.first_packet_us === null || row.last_packet_us === null
        ? 'no packets'
        : `${timeText(row.first_packet_us)} to ${timeText(row.last_packet_us)}`;
    return plain(`run ${row.id}: ${row.source}, ${span}`);
  });
  const protectedHosts =
    request.named === null
      ? `every responder of expected traffic, ${counted(plan.servers.length, 'host')}; name yours with --servers`
      : request.named;
  return [
    `Firewall rules by xports ${request.version}: the expected traffic that was seen, and nothing else.`,
    ...lines,
    plain(`Protected: ${protectedHosts}.`),
    'Rules are as wide as what was seen: what happens once a month may be missing. Everything else is dropped.',
  ];
}

function placeOf(service: string, transport: string): string {
  return `${service} ${transport === 'esp' || transport === 'ah' ? 'ip' : transport}`;
}

function unusedOf(list: readonly ListedService[], used: ReadonlySet<string>): UnusedService[] {
  return list
    .filter((row) => !used.has(placeOf(row.id, row.transport)))
    .filter((row) => row.lastPort === undefined || row.lastPort === row.port)
    .map((row) => ({ service: row.id, transport: row.transport, port: row.port, label: row.label }));
}
