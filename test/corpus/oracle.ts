// What an independent dissector says of a capture: where each frame belongs, and the sums that follow from it.
import { isDeepStrictEqual } from 'node:util';
import { parseTsv, type Row, readCorpusText } from './corpus.ts';
import type { Stored } from './run.ts';

/** A frame's place: a conversation seen from its sender, or the reason it is in none. */
export type Place =
  | {
      readonly protocol: number;
      readonly from: string;
      readonly fromPort: string;
      readonly to: string;
      readonly toPort: string;
    }
  | { readonly skip: string };

export interface Frame {
  readonly number: number;
  /** Microseconds since the epoch, rounded down; null where the frame carries no time. */
  readonly timeUs: number | null;
  readonly bytes: number;
  readonly capturedBytes: number;
  /** VLAN identifiers, outermost first; null where the oracle's table lacks the outer tag's. */
  readonly vlans: string | null;
  readonly place: Place;
  /** The summary counts it under an outer or an inner packet that is not this place's. */
  readonly elsewhere: boolean;
  /** True where it must be a packet of a flow without ports although its protocol has them. */
  readonly portless: boolean;
  /** What must be folded because the dissector gives later fragments no ports: an address pair and its protocol. */
  readonly laterFragment: string | null;
}

/** Packets and bytes each way; `a` is the endpoint whose text sorts first. */
export interface Sums {
  a2bPackets: number;
  a2bBytes: number;
  b2aPackets: number;
  b2aBytes: number;
}

/** Later fragments whose first is not in the capture, by their identification, which the oracle's table lacks. */
const orphans: ReadonlyMap<string, 'all' | readonly number[]> = new Map<string, 'all' | readonly number[]>([
  ['ntop+nDPI/tests/cfgs/default/pcap/fuzz-2006-06-26-2594.pcap', 'all'],
  ['ntop+nDPI/tests/cfgs/default/pcap/fuzz-2006-09-29-28586.pcap', 'all'],
  ['zeek+zeek/testing/btest/Traces/ipv6-fragmented-dns.pcap', [4]],
]);

/** What may stand in front of an IP header, whatever is around it. */
const linkTokens = new Set([
  ...['eth', 'ethertype', 'vlan', 'ieee8021ad', 'raw', 'null', 'sll', 'loop', 'llc', 'fddi', 'fr', 'erf'],
  ...[
    'nflog',
    'ipoib',
    'radiotap',
    'wlan_radio',
    'wlan',
    'ppp',
    'pppoes',
    'mpls',
    'pwethheuristic',
    'pwethcw',
  ],
]);
const passedOver = new Set(['ipv6.hopopts', 'ipv6.routing', 'ipv6.dstopts', 'ipv6.fraghdr']);
/** Tunnels over UDP that are looked into, by the destination ports they are known by. */
const udpTunnels = new Map([
  ['vxlan', ['4789', '8472']],
  ['geneve', ['6081']],
  ['gtp', ['2152']],
]);
/** The protocol numbers of the dissector's names that follow an IPv6 header here. */
const protocolOf: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  esp: 50,
  ah: 51,
  icmpv6: 58,
  eigrp: 88,
  ospf: 89,
  pim: 103,
  ipcomp: 108,
  sctp: 132,
};
const withPorts = new Set(['tcp', 'udp', 'sctp']);

const nth = (values: string, n: number): string => values.split(',')[n] ?? '';

/** Microseconds of a decimal number of seconds, rounded down without passing through a fraction. */
export function floorMicroseconds(seconds: string): number | null {
  if (seconds === '') return null;
  const [whole, fraction = ''] = seconds.replace('-', '').split('.');
  const nanoseconds = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
  const signed = seconds.startsWith('-') ? -nanoseconds : nanoseconds;
  const micros = signed / 1000n;
  return Number(signed < 0n && signed % 1000n !== 0n ? micros - 1n : micros);
}

/** Why a frame is in no flow; the dissector gives the EtherType only where no tag or tunnel hides it. */
function notIp(row: Row, before: readonly string[], deeper: boolean): string {
  const inner = before.findIndex((token) => !linkTokens.has(token));
  if (before[inner] === 'arp') return 'arp';
  if (before.includes('ppp')) return 'ppp';
  if (before.includes('eapol')) return 'not-ip';
  if (before.includes('llc')) return 'llc';
  if (before.includes('wlan') || before[0] === 'radiotap') return 'wlan';
  const etherType = row['vlan.id'] === '' && !row['eth.type'].includes(',') ? row['eth.type'] : '';
  if (etherType === '0x0800' || etherType === '0x86dd') return deeper ? 'not-ip' : 'malformed-ip';
  if (etherType === '') return 'not-ip';
  // The dissector takes 0 for a type; up to 1500 the field is a length, and LLC follows (IEEE 802.3 clause 3.2.6).
  return Number(etherType) <= 1500 ? 'llc' : `non-ip:${etherType}`;
}

/** An IP header of a frame: its place in the stack, and how many of each kind are around it. */
interface Header {
  readonly at: number;
  readonly version6: boolean;
  readonly authenticated: boolean;
  /** Where the stack goes on behind extension headers and AH. */
  readonly next: number;
}

function headerAt(stack: readonly string[], at: number): Header {
  let next = at + 1;
  while (passedOver.has(stack[next])) next++;
  const authenticated = stack[next] === 'ah';
  if (authenticated) next++;
  return { at, version6: stack[at] === 'ipv6', authenticated, next };
}

/** How often a token stands in front of a place, which is the number of its fields that are not that place's. */
function before(stack: readonly string[], token: string, at: number): number {
  return stack.slice(0, at).filter((other) => other === token).length;
}

/**
 * Where the IP header inside the one before `next` stands; -1 where nothing is looked into, and `skip` where what is
 * inside is no IP though it is known what it is.
 */
function innerHeader(stack: readonly string[], row: Row, next: number): number | 'skip' {
  const isIp = (at: number) => stack[at] === 'ip' || stack[at] === 'ipv6';
  if (isIp(next)) return next;
  let at = next + 1;
  if (stack[next] === 'udp') {
    const ports = udpTunnels.get(stack[at] ?? '');
    if (ports === undefined || !ports.includes(nth(row['udp.dstport'], before(stack, 'udp', next))))
      return -1;
    at++;
  } else if (stack[next] !== 'gre') return -1;
  if (stack[at] === 'erspan') at++;
  const from = at;
  while (linkTokens.has(stack[at])) at++;
  if (isIp(at)) return at;
  return stack.slice(from, at).includes('eth') ? 'skip' : -1;
}

/** The addresses of a header; empty where the dissector gave up on it. */
function endsOf(stack: readonly string[], row: Row, { at, version6 }: Header) {
  const n = before(stack, version6 ? 'ipv6' : 'ip', at);
  return {
    n,
    from: plainAddress(nth(version6 ? row['ipv6.src'] : row['ip.src'], n)),
    to: plainAddress(nth(version6 ? row['ipv6.dst'] : row['ip.dst'], n)),
  };
}

export interface Placed {
  readonly place: Place;
  readonly laterFragment: string | null;
  readonly elsewhere: boolean;
}

/** Reads a frame's protocol stack from the outside in, to the innermost packet that is looked into. */
export function placeOf(row: Row): Placed {
  const stack = row['frame.protocols'].split(':');
  const ipAt = stack.findIndex((token) => token === 'ip' || token === 'ipv6');
  const outer = ipAt < 0 ? stack : stack.slice(0, ipAt);
  const skipped = (skip: string, elsewhere = false) => ({ place: { skip }, laterFragment: null, elsewhere });
  if (ipAt < 0 || !outer.every((token) => linkTokens.has(token)))
    return skipped(notIp(row, outer, ipAt >= 0));
  let header = headerAt(stack, ipAt);
  let ends = endsOf(stack, row, header);
  for (;;) {
    const inner = innerHeader(stack, row, header.next);
    if (ends.from === '' || ends.to === '') return skipped('malformed-ip');
    if (inner === 'skip') return skipped(notIp(row, stack.slice(stack.lastIndexOf('eth')), false), true);
    if (inner < 0) break;
    header = headerAt(stack, inner);
    ends = endsOf(stack, row, header);
  }
  const { at, version6, authenticated, next } = header;
  const { n, from, to } = ends;
  const token = stack[next] ?? '';
  const number = Number(nth(version6 ? row['ipv6.nxt'] : row['ip.proto'], n));
  const fragmentHeaders = before(stack, 'ipv6.fraghdr', at);
  const offset = Number(
    version6 ? nth(row['ipv6.fraghdr.offset'], fragmentHeaders) : nth(row['ip.frag_offset'], n),
  );
  const pair = [from, to].sort().join(' ');
  const protocol = authenticated ? 51 : version6 ? (protocolOf[token] ?? number) : number;
  const ports = (end: string): string =>
    withPorts.has(token) ? nth(row[`${token}.${end}`], before(stack, token, next)) : '';
  return {
    place: { protocol, from, fromPort: ports('srcport'), to, toPort: ports('dstport') },
    laterFragment: offset > 0 ? `${pair} ${version6 ? '*' : protocol}` : null,
    elsewhere: stack.some((other, place) => place >= next && (other === 'ip' || other === 'ipv6')),
  };
}

/** `::21.0.0.7` as `::1500:7`: RFC 5952 keeps the dotted form for well-known prefixes, and `::/96` is none. */
export function plainAddress(address: string): string {
  const dotted = /^::(\d+)\.(\d+)\.(\d+)\.(\d+)/.exec(address);
  if (dotted === null) return address;
  const [high, low] = [1, 3].map((at) => (Number(dotted[at]) * 256 + Number(dotted[at + 1])).toString(16));
  return `::${high}:${low}${address.slice(dotted[0].length)}`;
}

/**
 * Later fragments of a tunnel go where what its first one carries went. The table lacks their identification, but in
 * these captures they follow their first one.
 */
function withTunnelFragments(rows: readonly Row[]) {
  const inside = new Map<string, Place>();
  return rows.map((row) => {
    const { place, laterFragment, elsewhere } = placeOf(row);
    const outer = [row['ip.src'], row['ip.dst'], row['ip.proto']].map((values) => nth(values, 0)).join(' ');
    const isFirst = nth(row['ip.flags.mf'], 0) === '1' && nth(row['ip.frag_offset'], 0) === '0';
    if (isFirst && row['ip.src'].includes(',')) inside.set(outer, place);
    const known = laterFragment === null ? undefined : inside.get(outer);
    return known === undefined
      ? { row, place, laterFragment, elsewhere }
      : { row, place: known, laterFragment: null, elsewhere: true };
  });
}

/** Every packet of a capture as the dissector sees it; what it numbers without being a packet is left out. */
export function readFrames(file: string): Frame[] {
  const rows = parseTsv(readCorpusText(`oracle/${file}.frames.tsv`));
  const orphaned = orphans.get(file) ?? [];
  return withTunnelFragments(rows)
    .filter(({ row }) => row['frame.encap_type'] !== '')
    .map(({ row, place, laterFragment, elsewhere }) => {
      const number = Number(row['frame.number']);
      const orphan = laterFragment !== null && (orphaned === 'all' || orphaned.includes(number));
      // What an orphan of IPv6 carries is not in the table, so it stays folded.
      const folded = orphan && row['ipv6.src'] === '' ? null : laterFragment;
      return {
        number,
        timeUs: floorMicroseconds(row['frame.time_epoch']),
        bytes: Number(row['frame.len']),
        capturedBytes: Number(row['frame.cap_len']),
        vlans: row['frame.protocols'].includes('ieee8021ad') ? null : row['vlan.id'],
        place,
        elsewhere,
        portless: folded === null ? isPortless(place) : orphan,
        laterFragment: folded,
      };
    });
}

const portProtocols: ReadonlySet<number> = new Set([6, 17, 132]);

const isPortless = (place: Place): boolean =>
  !('skip' in place) && portProtocols.has(place.protocol) && place.fromPort === '';

/** Packets of stored flows without ports whose protocol has them. */
export function portlessPackets(flows: readonly Stored[]): number {
  return flows
    .filter((flow) => portProtocols.has(Number(flow.protocol)) && flow.responder_port === null)
    .reduce((total, flow) => total + Number(flow.packets_out) + Number(flow.packets_back), 0);
}

/** What the dissector's later fragments force together. */
export function foldsOf(frames: readonly Frame[]): ReadonlySet<string> {
  return new Set(frames.flatMap((frame) => (frame.laterFragment === null ? [] : [frame.laterFragment])));
}

const icmp = 1;
const icmp6 = 58;

type Conversation = Exclude<Place, { skip: string }>;

/** The name of a conversation, the same from either side, and whether the sender is its `a`. */
function nameOf(
  { protocol, from, fromPort, to, toPort }: Conversation,
  folds: ReadonlySet<string>,
): { name: string; fromA: boolean } {
  const pair = [from, to].sort().join(' ');
  const everyProtocol = folds.has(`${pair} *`);
  const portless =
    everyProtocol || protocol === icmp || protocol === icmp6 || folds.has(`${pair} ${protocol}`);
  const [sender, receiver] = portless ? [from, to] : [`${from} ${fromPort}`.trim(), `${to} ${toPort}`.trim()];
  const fromA = sender <= receiver;
  const ends = fromA ? `${sender} - ${receiver}` : `${receiver} - ${sender}`;
  return { name: `${everyProtocol ? '*' : protocol}: ${ends}`, fromA };
}

function add(
  into: Map<string, Sums>,
  folds: ReadonlySet<string>,
  place: Conversation,
  packets: number,
  bytes: number,
): void {
  const { name, fromA } = nameOf(place, folds);
  const sums = into.get(name) ?? { a2bPackets: 0, a2bBytes: 0, b2aPackets: 0, b2aBytes: 0 };
  into.set(name, sums);
  if (fromA) {
    sums.a2bPackets += packets;
    sums.a2bBytes += bytes;
  } else {
    sums.b2aPackets += packets;
    sums.b2aBytes += bytes;
  }
}

/** The conversation that a stored flow is part of, seen from its initiator. */
function placeOfFlow(flow: Stored): Conversation {
  return {
    protocol: Number(flow.protocol),
    from: String(flow.initiator),
    fromPort: String(flow.initiator_port ?? ''),
    to: String(flow.responder),
    toPort: String(flow.responder_port ?? ''),
  };
}

const seenFromTheOther = ({ protocol, from, fromPort, to, toPort }: Conversation): Conversation => ({
  protocol,
  from: to,
  fromPort: toPort,
  to: from,
  toPort: fromPort,
});

/** Conversations of frames. */
export function conversationsOf(frames: readonly Frame[], folds: ReadonlySet<string>): Map<string, Sums> {
  const found = new Map<string, Sums>();
  for (const { place, bytes } of frames) if (!('skip' in place)) add(found, folds, place, 1, bytes);
  return found;
}

/** Conversations of stored flows, however many flows each was cut into. */
export function conversationsOfFlows(
  flows: readonly Stored[],
  folds: ReadonlySet<string>,
): Map<string, Sums> {
  const found = new Map<string, Sums>();
  for (const flow of flows) {
    const out = placeOfFlow(flow);
    add(found, folds, out, Number(flow.packets_out), Number(flow.bytes_out));
    add(found, folds, seenFromTheOther(out), Number(flow.packets_back), Number(flow.bytes_back));
  }
  return found;
}

/** One line for each conversation that is not the same on both sides. */
export function differences(expected: ReadonlyMap<string, Sums>, got: ReadonlyMap<string, Sums>): string[] {
  const show = (sums: Sums | undefined): string =>
    sums === undefined ? 'nothing' : Object.values(sums).join('/');
  return [...new Set([...expected.keys(), ...got.keys()])]
    .filter((key) => !isDeepStrictEqual(expected.get(key), got.get(key)))
    .map((key) => `${key}: expected ${show(expected.get(key))}, got ${show(got.get(key))}`)
    .sort();
}

export interface Span {
  readonly firstUs: number;
  readonly lastUs: number;
}

function stretch(spans: Map<string, Span>, name: string, firstUs: number, lastUs: number): void {
  const span = spans.get(name) ?? { firstUs, lastUs };
  spans.set(name, { firstUs: Math.min(span.firstUs, firstUs), lastUs: Math.max(span.lastUs, lastUs) });
}

/** From when to when each conversation lasted; nothing where a frame has no time or the times go back. */
export function spansOf(frames: readonly Frame[], folds: ReadonlySet<string>): Map<string, Span> {
  const spans = new Map<string, Span>();
  let clockUs = Number.NEGATIVE_INFINITY;
  for (const { timeUs, place } of frames) {
    if (timeUs === null || timeUs < clockUs) return new Map();
    clockUs = timeUs;
    if (!('skip' in place)) stretch(spans, nameOf(place, folds).name, timeUs, timeUs);
  }
  return spans;
}

/** The same of stored flows. */
export function spansOfFlows(flows: readonly Stored[], folds: ReadonlySet<string>): Map<string, Span> {
  const spans = new Map<string, Span>();
  for (const flow of flows) {
    const { name } = nameOf(placeOfFlow(flow), folds);
    stretch(spans, name, Number(flow.first_seen_us), Number(flow.last_seen_us));
  }
  return spans;
}

/** The VLAN tags of each conversation all of whose frames carry the same ones. */
export function vlansOf(frames: readonly Frame[], folds: ReadonlySet<string>): Map<string, string> {
  const seen = new Map<string, Set<string | null>>();
  for (const { vlans, place } of frames) {
    if ('skip' in place) continue;
    const { name } = nameOf(place, folds);
    seen.set(name, (seen.get(name) ?? new Set()).add(vlans));
  }
  const agreed = new Map<string, string>();
  for (const [name, all] of seen) {
    const [only] = all;
    if (all.size === 1 && only !== null) agreed.set(name, only);
  }
  return agreed;
}

/** The name of the conversation that a stored flow is part of. */
export function nameOfFlow(flow: Stored, folds: ReadonlySet<string>): string {
  return nameOf(placeOfFlow(flow), folds).name;
}

/** The rows of a summary: every conversation, with the sender of its SYN. */
export function readSummary(file: string): Row[] {
  const rows = parseTsv(readCorpusText(`oracle/${file}.summary.tsv`));
  return rows.map((row) => ({
    ...row,
    a_ip: plainAddress(row.a_ip),
    b_ip: plainAddress(row.b_ip),
    syn_sender: plainAddress(row.syn_sender),
  }));
}

/** What of a file's frames does not add up to the summary's conversations with ports, outside of tunnels. */
export function summaryDifferences(file: string, frames: readonly Frame[]): string[] {
  // Where some tunnels are looked into and others not, the summary's inner and outer conversations cannot be told apart.
  if (frames.some(({ place }) => 'skip' in place && /^(n|llc|ppp|wlan)/.test(place.skip))) return [];
  if (frames.some(({ elsewhere }) => elsewhere)) return [];
  const none = new Set<string>();
  const own = frames.filter(({ place }) => !('skip' in place) && place.fromPort !== '');
  const summed = new Map<string, Sums>();
  for (const row of readSummary(file)) {
    if (row.kind === 'outer' || !withPorts.has(row.l4)) continue;
    const out = {
      protocol: protocolOf[row.l4],
      from: row.a_ip,
      fromPort: row.a_port,
      to: row.b_ip,
      toPort: row.b_port,
    };
    add(summed, none, out, Number(row.a2b_pkts), Number(row.a2b_bytes));
    add(summed, none, seenFromTheOther(out), Number(row.b2a_pkts), Number(row.b2a_bytes));
  }
  return differences(summed, conversationsOf(own, none));
}
