// Ended flows written by hand, and what the judge and the findings make of them.
import { LearnedEndpoints } from '../../src/audit/endpoints.ts';
import { type Finding, findFindings } from '../../src/audit/findings.ts';
import { Judge, type JudgeOptions } from '../../src/audit/judge.ts';
import { findRoles } from '../../src/audit/roles.ts';
import { Tally } from '../../src/audit/tally.ts';
import { VERDICTS } from '../../src/audit/terms.ts';
import type { FindingText } from '../../src/audit/words.ts';
import { ENCAPSULATION } from '../../src/decode/encap/names.ts';
import type { TunnelLayer } from '../../src/decode/encap/tunnels.ts';
import { AddressBook } from '../../src/flow/addresses.ts';
import { D, EndedFlows, ROW_DOUBLES, ROW_WORDS, W } from '../../src/flow/ended.ts';
import { BASIS, STATE } from '../../src/flow/terms.ts';
import { PolicyRules } from '../../src/policy/rules.ts';
import { LABEL_BASES, SERVICE_IDS } from '../../src/service/catalog.ts';

export const TCP = 6;
export const UDP = 17;

export interface FlowOf {
  readonly initiator?: string;
  readonly responder?: string;
  readonly protocol?: number;
  /** What AH carries; the protocol itself unless said otherwise. */
  readonly inner?: number;
  readonly initiatorPort?: number;
  readonly port?: number;
  readonly state?: keyof typeof STATE;
  readonly basis?: keyof typeof BASIS;
  readonly packetsOut?: number;
  readonly packetsBack?: number;
  readonly bits?: number;
  readonly payloadProtocol?: number;
  readonly firstSeenUs?: number;
  readonly lastSeenUs?: number;
  /** The outer packets, outermost first. */
  readonly tunnel?: readonly OuterPacket[];
}

export interface OuterPacket {
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly port?: number;
}

export interface Judged {
  readonly service: string;
  readonly innerService: string;
  readonly labelBasis: string;
  readonly verdict: string;
}

export interface Explained extends Omit<Finding, 'text'> {
  readonly responder: string | null;
  readonly initiator: string;
  readonly text: FindingText;
}

const NO_OPTIONS: JudgeOptions = { servers: null, rpcRange: null };

export function judged(
  flow: FlowOf,
  options: JudgeOptions = NO_OPTIONS,
  names: readonly string[] = SERVICE_IDS,
): Judged {
  const { words } = label([flow], new AddressBook(), options);
  return {
    service: names[words[W.service]],
    innerService: names[words[W.innerService]],
    labelBasis: LABEL_BASES[words[W.labelBasis]],
    verdict: VERDICTS[words[W.verdict]],
  };
}

/** With `withRoles`, what the hosts do explains findings too. */
export function findingsOf(
  flows: readonly FlowOf[],
  options: JudgeOptions = NO_OPTIONS,
  withRoles = false,
): Explained[] {
  const book = new AddressBook();
  const tally = new Tally();
  tally.add(label(flows, book, options));
  const rules = options.rules ?? new PolicyRules();
  const roles = withRoles ? findRoles(tally.pairs, [], book, rules) : null;
  const endpoints = new LearnedEndpoints(book);
  const { findings, texts } = findFindings(tally, book, endpoints, false, { rules, roles });
  return findings.map((finding) => ({
    ...finding,
    responder: finding.responderId === null ? null : book.text(finding.responderId),
    initiator: book.text(finding.initiatorId),
    text: texts[finding.text],
  }));
}

/** The roles that hosts have by what these flows show: `10.0.0.2 mailbox high`. */
export function rolesOf(flows: readonly FlowOf[], rules = new PolicyRules()): string[] {
  const book = new AddressBook();
  const tally = new Tally();
  tally.add(label(flows, book, { servers: null, rpcRange: null, rules }));
  return [...findRoles(tally.pairs, [], book, rules).all].flatMap(([id, roles]) =>
    roles.map(({ role, confidence }) => `${book.text(id)} ${role} ${confidence}`),
  );
}

function label(flows: readonly FlowOf[], book: AddressBook, options: JudgeOptions): EndedFlows {
  const batch = new EndedFlows(flows.length);
  const tunnels: TunnelLayer[] = [];
  for (const flow of flows) {
    write(batch, flow, book);
    let parent = 0;
    for (const outer of flow.tunnel ?? []) parent = tunnels.push(layerOf(outer, parent));
    batch.words[(batch.count - 1) * ROW_WORDS + W.tunnel] = parent;
  }
  new Judge(options, book, { layer: (number) => tunnels[number - 1] }, new LearnedEndpoints(book)).label(
    batch,
  );
  return batch;
}

function layerOf({ source, destination, protocol, port = -1 }: OuterPacket, parent: number): TunnelLayer {
  const ipVersion = source.includes(':') ? 6 : 4;
  const [from, to] = [wordsOf(source), wordsOf(destination)];
  return { parent, code: ENCAPSULATION.gre, ipVersion, source: from, destination: to, protocol, port };
}

function write(batch: EndedFlows, flow: FlowOf, book: AddressBook): void {
  const n = batch.count++;
  const row = batch.words.subarray(n * ROW_WORDS, (n + 1) * ROW_WORDS);
  const sums = batch.doubles.subarray(n * ROW_DOUBLES, (n + 1) * ROW_DOUBLES);
  const protocol = flow.protocol ?? TCP;
  const [initiator, responder] = [flow.initiator ?? '10.0.0.1', flow.responder ?? '10.0.0.2'];
  const v6 = initiator.includes(':');
  row[W.ipVersion] = v6 ? 6 : 4;
  row[W.protocol] = protocol;
  row[W.innerProtocol] = flow.inner ?? protocol;
  row[W.initiatorPort] = flow.initiatorPort ?? 50_000;
  row[W.responderPort] = flow.port ?? -1;
  const [from, to] = [wordsOf(initiator), wordsOf(responder)];
  row.set(from, W.initiator);
  row.set(to, W.responder);
  const idOf = (w: readonly number[]) => (v6 ? book.v6Id(w[0], w[1], w[2], w[3]) : book.v4Id(w[0]));
  row[W.initiatorId] = idOf(from);
  row[W.responderId] = idOf(to);
  row[W.state] = STATE[flow.state ?? (protocol === TCP ? 'established' : 'twoWay')];
  row[W.basis] = BASIS[flow.basis ?? (protocol === TCP ? 'handshake' : 'firstPacket')];
  row[W.bits] = flow.bits ?? 0;
  row[W.payloadProtocol] = flow.payloadProtocol ?? 0;
  sums[D.packetsOut] = flow.packetsOut ?? 1;
  sums[D.packetsBack] = flow.packetsBack ?? 1;
  sums[D.bytesOut] = 100 * sums[D.packetsOut];
  sums[D.bytesBack] = 100 * sums[D.packetsBack];
  sums[D.firstSeenUs] = flow.firstSeenUs ?? 1_000_000;
  sums[D.lastSeenUs] = flow.lastSeenUs ?? 2_000_000;
}

/** One word of an IPv4 address; four of an IPv6 address that is written as `group:group::group`. */
function wordsOf(text: string): number[] {
  if (!text.includes(':')) return [text.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0)];
  const [head, tail] = text.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill('0'), ...tail];
  const value = (n: number) => Number.parseInt(groups[n], 16);
  return [0, 2, 4, 6].map((n) => (value(n) << 16) | value(n + 1));
}
