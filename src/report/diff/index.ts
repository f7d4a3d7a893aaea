// What changed between two runs: services, hosts, pairs of hosts, and findings.

import { jsonText } from '../../base/text.ts';
import type { FindingViewRow, RunRow, ServiceCountRow } from '../../store/rows.ts';
import { type ServicePairRow, servicePairs } from '../../store/sqlite/pair-reader.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import { endpoint } from '../format.ts';
import { type Changes, compare } from './compare.ts';

/** A run and the database it is in. */
export interface Side {
  readonly database: string;
  readonly run: RunRow;
}

/** What one address did in a run. */
export interface HostRow {
  readonly address: string;
  /** Flows that it began, and that others began with it. */
  readonly flows_begun: number;
  readonly flows_received: number;
  readonly packets: number;
  readonly bytes: number;
  /** The ports others tried on it, as `tcp/25`, in order. */
  readonly ports: readonly string[];
}

export interface Difference {
  readonly before: Side;
  readonly after: Side;
  readonly services: Changes<ServiceCountRow>;
  readonly hosts: Changes<HostRow>;
  readonly pairs: Changes<ServicePairRow>;
  readonly findings: Changes<FindingViewRow>;
}

interface Content {
  readonly side: Side;
  readonly services: readonly ServiceCountRow[];
  readonly pairs: readonly ServicePairRow[];
  readonly findings: readonly FindingViewRow[];
}

/** Bytes that grew or shrank to this many times as much are a change. */
const NOTABLE_FACTOR = 2;

/** Everything of a run that is compared, at one moment. */
export function contentOf(store: StoreReader, runId: number): Content {
  return store.snapshot(() => ({
    side: { database: store.path, run: store.run(runId) },
    services: store.serviceCounts(runId),
    pairs: servicePairs(store, runId),
    findings: store.findings(runId).filter((row) => row.status === 'open'),
  }));
}

export function differenceOf(before: Content, after: Content): Difference {
  return {
    before: before.side,
    after: after.side,
    services: compare(before.services, after.services, {
      keyOf: (row) => `${row.service} ${row.verdict} ${endpoint(row.transport, row.port)}`,
      kinOf: (row) => endpoint(row.transport, row.port),
      differs: servicesDiffer,
    }),
    hosts: compare(hostsOf(before.pairs), hostsOf(after.pairs), {
      keyOf: (row) => row.address,
      differs: (a, b) => a.ports.join() !== b.ports.join(),
    }),
    pairs: compare(before.pairs, after.pairs, {
      keyOf: (row) => `${pairKey(row)} ${row.service} ${row.verdict}`,
      kinOf: pairKey,
      differs: () => false,
    }),
    findings: compare(before.findings, after.findings, {
      keyOf: findingKey,
      differs: (a, b) => a.severity !== b.severity || a.outcome !== b.outcome,
    }),
  };
}

/** Severities of findings that are new, and of those that became worse. */
export function newSeverities(
  { findings }: Difference,
  isWorse: (a: string, b: string) => boolean,
): string[] {
  const risen = findings.changed.filter(({ before, after }) => isWorse(after.severity, before.severity));
  return [...findings.new, ...risen.map(({ after }) => after)].map((row) => row.severity);
}

export function differenceJson(difference: Difference): string {
  return `${jsonText(difference, 2)}\n`;
}

function servicesDiffer(a: ServiceCountRow, b: ServiceCountRow): boolean {
  const [less, more] = a.bytes < b.bytes ? [a.bytes, b.bytes] : [b.bytes, a.bytes];
  return (
    a.initiators !== b.initiators ||
    a.responders !== b.responders ||
    more >= Math.max(less, 1) * NOTABLE_FACTOR
  );
}

function pairKey(row: ServicePairRow): string {
  return `${row.initiator} ${row.responder} ${endpoint(row.transport, row.port)}`;
}

/** A scan is its scanner's; any other finding is of its responder and port, whoever is first among its initiators. */
function findingKey(row: FindingViewRow): string {
  const who = row.kind === 'port-scan' ? row.initiator : '';
  return [row.kind, row.responder, endpoint(row.transport, row.port), who].join(' ');
}

function hostsOf(pairs: readonly ServicePairRow[]): HostRow[] {
  interface Sum {
    begun: number;
    received: number;
    packets: number;
    bytes: number;
    readonly ports: Set<string>;
  }
  const hosts = new Map<string, Sum>();
  const sumOf = (address: string, pair: ServicePairRow): Sum => {
    let sum = hosts.get(address);
    if (sum === undefined) {
      sum = { begun: 0, received: 0, packets: 0, bytes: 0, ports: new Set() };
      hosts.set(address, sum);
    }
    sum.packets += pair.packets;
    sum.bytes += pair.bytes;
    return sum;
  };
  for (const pair of pairs) {
    sumOf(pair.initiator, pair).begun += pair.flows;
    const sum = sumOf(pair.responder, pair);
    sum.received += pair.flows;
    sum.ports.add(endpoint(pair.transport, pair.port));
  }
  return [...hosts].map(([address, sum]) => ({
    address,
    flows_begun: sum.begun,
    flows_received: sum.received,
    packets: sum.packets,
    bytes: sum.bytes,
    ports: [...sum.ports].sort(),
  }));
}
