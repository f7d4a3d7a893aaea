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

const linkTokens = new Set(['eth', 'ethertype', 'vlan', 'ieee8021ad', 'raw', 'null', 'sll', 'loop', 'llc']);
const passedOver = new Set(['ipv6.hopopts', 'ipv6.routing', 'ipv6.dstopts', 'ipv6.fraghdr']);
const tunnels = new Map([
  ['ip', 'ipip'],
  ['ipv6', 'ipip'],
  ['gre', 'gre'],
]);
const wrappers = new Map([
  ['mpls', 'mpls'],
  ['pppoes', 'pppoe'],
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
const gre = 47;
const withPorts = new Set(['tcp', 'udp', 'sctp']);

const outermost = (values: string): string => values.split(',')[0];

/** Microseconds of a decimal number of seconds, rounded down without passing through a fraction. */
export function floorMicroseconds(seconds: string): number | null {
  if (seconds === '') return null;
  const [whole, fraction = ''] = seconds.replace('-', '').split('.');
  const nanoseconds = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9));
  const signed = seconds.startsWith('-') ? -nanoseconds : nanoseconds;
  const micros = signed / 1000n;
  return Number(signed < 0n && signed % 1000n !== 0n ? micros - 1n : micros);
}

/** Why a frame is in no flow; the dissector gives the EtherType only where no tag hides it. */
function notIp(row: Row, before: readonly string[], deeper: boolean): string {
  const inner = before.findIndex((token) => !linkTokens.has(token));
  if (before[inner] === 'arp') return 'arp';
  if (before.includes('llc')) return 'llc';
  const etherType = row['vlan.id'] === '' ? row['eth.type'] : '';
  if (etherType === '0x0800' || etherType === '0x86dd') return deeper ? 'not-ip' : 'malformed-ip';
  if (etherType === '') return 'not-ip';
  // The dissector takes 0 for a type; up to 1500 the field is a length, and LLC follows (IEEE 802.3 clause 3.2.6).
  return Number(etherType) <= 1500 ? 'llc' : `non-ip:${etherType}`;
}

/** Reads a frame's protocol stack from the outside in, as far as this release looks. */
function placeOf(row: Row): { place: Place; laterFragment: string | null } {
  const stack = row['frame.protocols'].split(':');
  const ipAt = stack.findIndex((token) => token === 'ip' || token === 'ipv6');
  const before = ipAt < 0 ? stack : stack.slice(0, ipAt);
  const wrapper = before.find((token) => wrappers.has(token));
  const skipped = (skip: string) => ({ place: { skip }, laterFragment: null });
  if (wrapper) return skipped(`unsupported-encapsulation:${wrappers.get(wrapper)}`);
  if (ipAt < 0 || !before.every((token) => linkTokens.has(token)))
    return skipped(notIp(row, before, ipAt >= 0));
  const version6 = stack[ipAt] === 'ipv6';
  const from = plainAddress(outermost(version6 ? row['ipv6.src'] : row['ip.src']));
  const to = plainAddress(outermost(version6 ? row['ipv6.dst'] : row['ip.dst']));
  if (from === '' || to === '') return skipped('malformed-ip');
  let at = ipAt + 1;
  while (passedOver.has(stack[at])) at++;
  const authenticated = stack[at] === 'ah';
  if (authenticated) at++;
  const token = stack[at] ?? '';
  // 4 or 41 inside IPv4 or IPv6; only IPv6 in IPv4 has a name of its own.
  if (tunnels.has(token)) {
    return skipped(
      `unsupported-encapsulation:${!version6 && token === 'ipv6' ? '6in4' : tunnels.get(token)}`,
    );
  }
  const number = Number(outermost(version6 ? row['ipv6.nxt'] : row['ip.proto']));
  // A later fragment of a tunnel shows no inner header, and is as little looked into as the first.
  if (number === gre) return skipped('unsupported-encapsulation:gre');
  const offset = Number(outermost(version6 ? row['ipv6.fraghdr.offset'] : row['ip.frag_offset']) || 0);
  const pair = [from, to].sort().join(' ');
  const protocol = authenticated ? 51 : version6 ? (protocolOf[token] ?? number) : number;
  const ports = (end: string): string => (withPorts.has(token) ? outermost(row[`${token}.${end}`]) : '');
  return {
    place: { protocol, from, fromPort: ports('srcport'), to, toPort: ports('dstport') },
    laterFragment: offset > 0 ? `${pair} ${version6 ? '*' : protocol}` : null,
  };
}

/** `::21.0.0.7` as `::1500:7`: RFC 5952 keeps the dotted form for well-known prefixes, and `::/96` is none. */
export function plainAddress(address: string): string {
  const dotted = /^::(\d+)\.(\d+)\.(\d+)\.(\d+)/.exec(address);
  if (dotted === null) return address;
  const [high, low] = [1, 3].map((at) => (Number(dotted[at]) * 256 + Number(dotted[at + 1])).toString(16));
  return `::${high}:${low}${address.slice(dotted[0].length)}`;
}

/** Every packet of a capture as the dissector sees it; what it numbers without being a packet is left out. */
export function readFrames(file: string): Frame[] {
  const rows = parseTsv(readCorpusText(`oracle/${file}.frames.tsv`));
  const orphaned = orphans.get(file) ?? [];
  return rows
    .filter((row) => row['frame.encap_type'] !== '')
    .map((row) => {
      const number = Number(row['frame.number']);
      const { place, laterFragment } = placeOf(row);
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
  // Wrapped frames have conversations in the summary that this release does not look for.
  if (frames.some(({ place }) => 'skip' in place && /^(unsupported|n|llc)/.test(place.skip))) return [];
  const none = new Set<string>();
  const own = frames.filter(({ place }) => !('skip' in place) && place.fromPort !== '');
  const summed = new Map<string, Sums>();
  for (const row of readSummary(file)) {
    if (row.kind === 'inner' || !withPorts.has(row.l4)) continue;
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
