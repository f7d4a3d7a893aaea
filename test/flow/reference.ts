// A second flow table, written from the design alone and as slow as it is plain: text keys, and every flow keeps all
// of its packets, from which state, sums and end are told when it is over. It knows TCP and UDP without fragments.
import { ALLOW_LIST } from '../../src/service/allow-list.ts';
import { type Flow, type Sent, textOf } from './support.ts';

const TCP = 6;
const IDLE_US = { tcp: 300e6, other: 60e6 };
const TWO_HOURS_US = 7200e6;

interface Seen {
  readonly sent: Sent;
  readonly ordinal: number;
}

interface LiveFlow {
  readonly id: number;
  readonly continues: number;
  /** Packets of the flows that this one continues: they say who began and that it is established. */
  readonly inherited: readonly Sent[];
  readonly packets: Seen[];
  /** The clock when the idle timer last moved. */
  timerUs: number;
}

/** A flow by endpoint instead of by role, so that those whose roles are a guess can be compared as well. */
export interface ReferenceFlow {
  readonly flowId: number;
  readonly continues: number;
  readonly sums: Readonly<Record<string, readonly [packets: number, bytes: number, payload: number]>>;
  readonly state: string;
  readonly end: string;
  readonly firstSeenUs: number;
  readonly lastSeenUs: number;
  /** Null where it is a guess that the run as a whole decides. */
  readonly initiator: string | null;
}

/** `activeS` is the active timeout, 0 for none. */
export function referenceFlows(all: readonly Sent[], activeS = 0): ReferenceFlow[] {
  const live = new Map<string, LiveFlow>();
  const ended: ReferenceFlow[] = [];
  let clockUs = -Infinity;
  let ordinal = 0;
  for (const sent of all) {
    ordinal++;
    const past = sent.timeUs < clockUs;
    clockUs = Math.max(clockUs, sent.timeUs);
    const key = [textOf(sent.from), textOf(sent.to)]
      .sort()
      .concat(String(protocolOf(sent)))
      .join(' ');
    const begin = (continues: LiveFlow | null): LiveFlow => ({
      id: ordinal,
      continues: continues?.id ?? 0,
      inherited: continues === null ? [] : [...continues.inherited, ...continues.packets.map((p) => p.sent)],
      packets: [],
      timerUs: clockUs,
    });
    let flow = live.get(key);
    if (flow === undefined) {
      flow = begin(null);
    } else {
      const overdueUs = clockUs - flow.timerUs - idleUs(sent);
      if (overdueUs > 0) {
        const over = finished(flow, 'idle');
        ended.push(over);
        // One that a FIN each way or a RST ended is over, and its state says so.
        const ofUse = over.state === 'established' && overdueUs <= TWO_HOURS_US;
        const goesOn = ofUse && !has(sent, 'S');
        flow = begin(goesOn ? flow : null);
      } else if (activeS > 0 && clockUs - firstSeenUs(flow) > activeS * 1e6) {
        ended.push(finished(flow, 'active'));
        flow = begin(startsAnother(flow, sent) ? null : flow);
      } else if (startsAnother(flow, sent)) {
        ended.push(finished(flow, 'end'));
        flow = begin(null);
      }
    }
    live.set(key, flow);
    flow.packets.push({ sent, ordinal });
    if (!past) flow.timerUs = clockUs;
  }
  for (const flow of live.values()) {
    const idle = clockUs - flow.timerUs > idleUs(flow.packets[0].sent);
    ended.push(finished(flow, idle ? 'idle' : 'end'));
  }
  return ended.sort((a, b) => a.flowId - b.flowId);
}

function firstSeenUs(flow: LiveFlow): number {
  return Math.min(...flow.packets.map(({ sent }) => sent.timeUs));
}

function finished(flow: LiveFlow, reason: 'idle' | 'active' | 'end'): ReferenceFlow {
  const sums: Record<string, [number, number, number]> = {};
  const { from, to } = flow.packets[0].sent;
  for (const side of [from, to]) sums[textOf(side)] = [0, 0, 0];
  for (const { sent } of flow.packets) {
    const sum = sums[textOf(sent.from)];
    sum[0] += 1;
    sum[1] += sent.wire ?? 60;
    sum[2] += sent.payload ?? 0;
  }
  const times = flow.packets.map(({ sent }) => sent.timeUs);
  return {
    flowId: flow.id,
    continues: flow.continues,
    sums,
    state: stateOf(flow),
    end: endOf(flow, reason),
    firstSeenUs: firstSeenUs(flow),
    lastSeenUs: Math.max(...times),
    initiator: initiatorOf(flow),
  };
}

function protocolOf(sent: Sent): number {
  return sent.protocol ?? TCP;
}

function idleUs(sent: Sent): number {
  return protocolOf(sent) === TCP ? IDLE_US.tcp : IDLE_US.other;
}

function has(sent: Sent, flag: 'F' | 'S' | 'R' | 'A'): boolean {
  return protocolOf(sent) === TCP && ((sent.flags ?? 0) & { F: 1, S: 2, R: 4, A: 16 }[flag]) !== 0;
}

function storyOf(flow: LiveFlow): Sent[] {
  return [...flow.inherited, ...flow.packets.map((packet) => packet.sent)];
}

/** SYN or SYN+ACK: the first of them tells. */
function handshakeInitiator(story: readonly Sent[]): string | null {
  const first = story.find((sent) => has(sent, 'S'));
  if (first === undefined) return null;
  return textOf(has(first, 'A') ? first.to : first.from);
}

function initiatorOf(flow: LiveFlow): string | null {
  const story = storyOf(flow);
  if (protocolOf(story[0]) === TCP) return handshakeInitiator(story);
  const { from, to } = story[0];
  const listed = (port: number) => ALLOW_LIST.some((row) => row.transport === 'udp' && row.port === port);
  const onlyOwnListed = listed(from.port) && !listed(to.port);
  const onlyOwnLow = !listed(from.port) && !listed(to.port) && from.port < 1024 && to.port >= 1024;
  return textOf(onlyOwnListed || onlyOwnLow ? to : from);
}

function stateOf(flow: LiveFlow): string {
  const story = storyOf(flow);
  if (protocolOf(story[0]) !== TCP) {
    return new Set(story.map((sent) => textOf(sent.from))).size > 1 ? 'two-way' : 'one-way';
  }
  const initiator = handshakeInitiator(story);
  if (initiator === null) return 'mid-stream';
  if (isEstablished(story)) {
    if (finsBothWays(story)) return 'closed';
    return isReset(story) ? 'reset' : 'established';
  }
  if (story.some((sent) => has(sent, 'S') && has(sent, 'A'))) {
    return isReset(story) ? 'reset' : 'half-open';
  }
  return isReset(story) ? 'refused' : 'unanswered';
}

/** Whether the responder had answered. With no handshake before it, a RST goes into a connection under way. */
function isLate(story: readonly Sent[], rst: Sent): boolean {
  const before = story.slice(0, story.indexOf(rst));
  const opening = before.filter((other) => has(other, 'S'));
  return opening.length === 0 || opening.some((other) => has(other, 'A')) || isEstablished(before);
}

function isEstablished(story: readonly Sent[]): boolean {
  const initiator = handshakeInitiator(story);
  const acknowledged = (by: (side: string) => boolean) =>
    story.some((sent) => has(sent, 'A') && !has(sent, 'S') && !has(sent, 'R') && by(textOf(sent.from)));
  const opening = (withAck: boolean, by: (side: string) => boolean) =>
    story.some((sent) => has(sent, 'S') && has(sent, 'A') === withAck && by(textOf(sent.from)));
  const itself = (side: string) => side === initiator;
  const other = (side: string) => side !== initiator;
  return (
    ((opening(true, other) || opening(false, itself)) && acknowledged(itself)) ||
    // A split handshake: the answer to a SYN is a SYN, and the initiator sends the SYN+ACK.
    (opening(true, itself) && acknowledged(other))
  );
}

function isFin(sent: Sent): boolean {
  return has(sent, 'F') && !has(sent, 'S') && !has(sent, 'R');
}

function finsBothWays(story: readonly Sent[]): boolean {
  const senders = story.filter(isFin);
  return new Set(senders.map((sent) => textOf(sent.from))).size === 2;
}

/** By the packets of this part alone, though all parts together tell whether the connection is over. */
function endOf(flow: LiveFlow, reason: string): string {
  const story = storyOf(flow);
  const own = flow.packets.map(({ sent }) => sent);
  if (finsBothWays(story) && own.some(isFin)) return 'fin';
  return own.some((sent) => resets(story, sent)) ? 'rst' : reason;
}

/** A RST that refused an attempt ends nothing once a SYN that was sent again is answered. */
function resets(story: readonly Sent[], sent: Sent): boolean {
  const answered = story.some((other) => has(other, 'S') && has(other, 'A')) || isEstablished(story);
  return has(sent, 'R') && !has(sent, 'S') && (!answered || isLate(story, sent));
}

function isReset(story: readonly Sent[]): boolean {
  return story.some((sent) => resets(story, sent));
}

function isOver(story: readonly Sent[]): boolean {
  return finsBothWays(story) || isReset(story);
}

/** The initial sequence number of a side: from its own SYN or SYN+ACK, or from the SYN+ACK that answers it. */
function isnOf(story: readonly Sent[], side: string): number | null {
  const own = story.find((sent) => has(sent, 'S') && textOf(sent.from) === side);
  const answer = story.find((sent) => has(sent, 'S') && has(sent, 'A') && textOf(sent.to) === side);
  const isn = (sent: Sent) => (textOf(sent.from) === side ? (sent.seq ?? 0) : (sent.ack ?? 0) - 1) | 0;
  if (own === undefined && answer === undefined) return null;
  if (own === undefined || answer === undefined) return isn((own ?? answer)!);
  return isn(story.indexOf(own) < story.indexOf(answer) || !has(own, 'A') ? own : answer);
}

/** Whether the SYN or SYN+ACK belongs to another connection than the flow that stands under its key. */
function startsAnother(flow: LiveFlow, sent: Sent): boolean {
  if (!has(sent, 'S')) return false;
  const story = storyOf(flow);
  const own = textOf(sent.from);
  const known = isnOf(story, own);
  const isSame = known === ((sent.seq ?? 0) | 0);
  const over = isOver(story);
  if (has(sent, 'A')) return known !== null && !isSame && over;
  if (known !== null) return !isSame;
  // A SYN that comes after the first segment of its own side was overtaken on the way.
  const first = story[0];
  if (textOf(first.from) === own && !has(first, 'S') && first.flags !== 0)
    return ((first.seq ?? 0) - 1) << 0 !== ((sent.seq ?? 0) | 0);
  // Both may open at once; but not once the other side has said more than its SYN.
  const others = story.filter((other) => textOf(other.from) !== own);
  const opening =
    others.some((other) => has(other, 'S') && !has(other, 'A')) &&
    !story.some((other) => has(other, 'S') && has(other, 'A')) &&
    !others.some((other) => has(other, 'A') && !has(other, 'R'));
  return !opening || over;
}

/** A row as the reference says it. */
export function asReference(flow: Flow): ReferenceFlow {
  const { out, back } = flow;
  return {
    flowId: flow.flowId,
    continues: flow.continues,
    sums: {
      [flow.initiator]: [out.packets, out.bytes, out.payload],
      [flow.responder]: [back.packets, back.bytes, back.payload],
    },
    state: flow.state,
    end: flow.end,
    firstSeenUs: flow.firstSeenUs,
    lastSeenUs: flow.lastSeenUs,
    initiator: flow.state === 'mid-stream' ? null : flow.initiator,
  };
}
