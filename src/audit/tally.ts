// Sums over labelled flows: pairs that use a service, what findings are made of, and the counts behind the report's
// line of confidence.

import { PROTOCOL } from '../base/transport.ts';
import { D, type EndedFlows, ROW, ROW_DOUBLES, ROW_WORDS, W } from '../flow/ended.ts';
import { BASIS, STATE } from '../flow/terms.ts';
import { P } from '../learn/facts.ts';
import { serviceIndex, TCP_SERVICES, UDP_SERVICES, UNLISTED } from '../service/catalog.ts';
import { Ledger } from './ledger.ts';
import { payloadKinds } from './payload.ts';
import { FINDING_KINDS, OUTCOME, VERDICT } from './terms.ts';
import { isTunnelled, outerPort, outerProtocol } from './tunnels.ts';

/** Columns of a pair's sums. */
export const PAIR = { flows: 0, packets: 1, bytes: 2, firstSeenUs: 3, lastSeenUs: 4, answered: 5 } as const;
export const PAIR_WIDTH = 6;
/** So many pairs are kept without moving any: copies of them were a fifth of the sums' time. */
const PAIRS_ROOM = 1 << 20;

/** A suspect's sums are those of a pair, and what was seen of it as bits in one more. */
export const SUSPECT_MARKS = PAIR_WIDTH;
/** The protocol that payload showed: a code of learn/facts.ts. */
export const SUSPECT_PAYLOAD = PAIR_WIDTH + 1;
const SUSPECT_WIDTH = PAIR_WIDTH + 2;
export const MARK = {
  /** Shifted by a value of OUTCOME: some flow had that outcome. */
  outcome: 1,
  /** Some flow was answered, and its direction does not rest on a guess. */
  firmlyAnswered: 1 << 4,
  ike: 1 << 5,
  espInUdp: 1 << 6,
} as const;

/** Codes of the kinds of finding that one flow alone can call for. */
export const KIND = {
  unexpectedPort: FINDING_KINDS.indexOf('unexpected-port'),
  unexpectedTransport: FINDING_KINDS.indexOf('unexpected-transport'),
  unexpectedProtocol: FINDING_KINDS.indexOf('unexpected-protocol'),
  tunnelledTraffic: FINDING_KINDS.indexOf('tunnelled-traffic'),
  remark: FINDING_KINDS.indexOf('remark'),
  knownServiceElsewhere: FINDING_KINDS.indexOf('known-service-elsewhere'),
  /** No finding yet: what would be one, had an earlier run not learned the endpoint. */
  remembered: 255,
} as const;
/** In a suspect's key: the flows came inside of AH, where a pair has no port. */
export const IN_AH = 1 << 16;

export interface Facts {
  flows: number;
  tcpFlows: number;
  tcpMidStreamFlows: number;
  tcpOneWayFlows: number;
  undeterminedPackets: number;
  espPackets: number;
  espBytes: number;
}

/** All sums over the labelled flows of a run. */
export class Tally {
  /** Keyed by initiator, responder, packed service (see pairKey) and port. */
  readonly pairs = new Ledger(PAIR_WIDTH, PAIRS_ROOM);
  /** Keyed by initiator, responder, packed kind and protocol, and port: what may become a finding. */
  readonly suspects = new Ledger(SUSPECT_WIDTH);
  /** What each exception of the policy let through, keyed by its number. */
  readonly exceptions = new Ledger(PAIR_WIDTH, 16);
  /** Responders that answered on the RPC endpoint mapper's port. */
  readonly rpcServers = new Set<number>();
  /** Packets and bytes of all flows, for the account that has to close. */
  packets = 0;
  bytes = 0;
  facts: Facts = {
    flows: 0,
    tcpFlows: 0,
    tcpMidStreamFlows: 0,
    tcpOneWayFlows: 0,
    undeterminedPackets: 0,
    espPackets: 0,
    espBytes: 0,
  };
  private saved: { packets: number; bytes: number; facts: Facts } | null = null;
  private readonly port26 = serviceIndex('smtp-ssl-26');
  private readonly epmap = serviceIndex('rpc-epmap');

  /** Adds the rows; those that are retracted are taken away. */
  add(batch: EndedFlows): void {
    for (let n = 0; n < batch.count; n++)
      this.addRow(batch.words, n * ROW_WORDS, batch.doubles, n * ROW_DOUBLES);
  }

  /** Keeps the sums as they are, so that flows that go on can be added for a while. */
  save(): void {
    this.saved = { packets: this.packets, bytes: this.bytes, facts: { ...this.facts } };
    this.pairs.save();
    this.suspects.save();
    this.exceptions.save();
  }

  /** Makes the sums what `save` kept. */
  restore(): void {
    if (this.saved === null) return;
    Object.assign(this, this.saved);
    this.saved = null;
    this.pairs.restore();
    this.suspects.restore();
    this.exceptions.restore();
  }

  private addRow(row: Int32Array, w: number, doubles: Float64Array, d: number): void {
    const sign = (row[w + W.bits] & ROW.retracted) === 0 ? 1 : -1;
    const packets = sign * (doubles[d + D.packetsOut] + doubles[d + D.packetsBack]);
    const bytes = sign * (doubles[d + D.bytesOut] + doubles[d + D.bytesBack]);
    this.packets += packets;
    this.bytes += bytes;
    this.note(row, w, doubles, d, sign, packets, bytes);

    const protocol = row[w + W.protocol];
    const verdict = row[w + W.verdict];
    const service = row[w + W.service];
    const port = protocol === PROTOCOL.ah ? -1 : row[w + W.responderPort];
    const pairs = this.pairs;
    const at = pairs.at(
      row[w + W.initiatorId],
      row[w + W.responderId],
      pairKey(service, protocol, verdict),
      port,
    );
    const outcome = outcomeOf(row[w + W.state], doubles[d + D.packetsOut], doubles[d + D.packetsBack]);
    const first = doubles[d + D.firstSeenUs];
    const last = doubles[d + D.lastSeenUs];
    addSums(pairs.sums, at, sign, packets, bytes, first, last);
    if (outcome === OUTCOME.answered) pairs.sums[at + PAIR.answered] += sign;
    if (row[w + W.exception] !== 0) {
      const used = this.exceptions.at(row[w + W.exception], 0, 0, 0);
      addSums(this.exceptions.sums, used, sign, packets, bytes, first, last);
    }

    if (service === this.epmap && protocol === PROTOCOL.tcp && outcome === OUTCOME.answered) {
      this.rpcServers.add(row[w + W.responderId]);
    }
    if (verdict === VERDICT.unexpected)
      this.suspect(row, w, doubles, d, kindOf(row, w), outcome, sign, packets, bytes);
    else if (service === this.port26 && verdict === VERDICT.expected) {
      this.suspect(row, w, doubles, d, KIND.remark, outcome, sign, packets, bytes);
    } else if ((row[w + W.bits] & ROW.remembered) !== 0 && verdict === VERDICT.expected) {
      this.suspect(row, w, doubles, d, KIND.remembered, outcome, sign, packets, bytes);
    }
    for (const kind of payloadKinds(row, w))
      this.suspect(row, w, doubles, d, kind, outcome, sign, packets, bytes);
  }

  /** Pairs and suspects in which none of these addresses takes part go out of scope. */
  rescope(servers: ReadonlySet<number>): void {
    const { pairs, suspects } = this;
    const isOutside = (ledger: Ledger, n: number) =>
      !servers.has(ledger.keys.word(n, 0)) && !servers.has(ledger.keys.word(n, 1));
    for (let n = pairs.size - 1; n >= 0; n--) {
      if (pairs.sums[n * PAIR_WIDTH + PAIR.flows] === 0 || !isOutside(pairs, n)) continue;
      const { keys } = pairs;
      const key = keys.word(n, 2);
      if (verdictOfPair(key) === VERDICT.outOfScope) continue;
      const to = pairKey(serviceOfPair(key), protocolOfPair(key), VERDICT.outOfScope);
      pairs.move(n, pairs.at(keys.word(n, 0), keys.word(n, 1), to, keys.word(n, 3)), addMoved);
    }
    for (let n = 0; n < suspects.size; n++) if (isOutside(suspects, n)) suspects.clear(n);
  }

  private suspect(
    row: Int32Array,
    w: number,
    doubles: Float64Array,
    d: number,
    kind: number,
    outcome: number,
    sign: number,
    packets: number,
    bytes: number,
  ): void {
    const suspects = this.suspects;
    const outer = kind === KIND.tunnelledTraffic;
    const protocol = outer ? outerProtocol(row, w) : row[w + W.innerProtocol];
    const at = suspects.at(
      row[w + (outer ? W.outerInitiatorId : W.initiatorId)],
      row[w + (outer ? W.outerResponderId : W.responderId)],
      suspectKey(kind, protocol) | (!outer && row[w + W.protocol] === PROTOCOL.ah ? IN_AH : 0),
      outer ? outerPort(row, w) : row[w + W.responderPort],
    );
    const sums = suspects.sums;
    addSums(sums, at, sign, packets, bytes, doubles[d + D.firstSeenUs], doubles[d + D.lastSeenUs]);
    if (outcome === OUTCOME.answered) sums[at + PAIR.answered] += sign;
    let marks = MARK.outcome << outcome;
    if (outcome === OUTCOME.answered && row[w + W.basis] !== BASIS.portGuess) marks |= MARK.firmlyAnswered;
    if (row[w + W.payloadProtocol] === P.ike) marks |= MARK.ike;
    if (row[w + W.payloadProtocol] === P['esp-in-udp']) marks |= MARK.espInUdp;
    sums[at + SUSPECT_MARKS] |= marks;
    sums[at + SUSPECT_PAYLOAD] = Math.max(sums[at + SUSPECT_PAYLOAD], row[w + W.payloadProtocol]);
  }

  private note(
    row: Int32Array,
    w: number,
    doubles: Float64Array,
    d: number,
    sign: number,
    packets: number,
    bytes: number,
  ): void {
    const facts = this.facts;
    facts.flows += sign;
    if (row[w + W.verdict] === VERDICT.undetermined) facts.undeterminedPackets += packets;
    if (row[w + W.innerProtocol] === PROTOCOL.esp) {
      facts.espPackets += packets;
      facts.espBytes += bytes;
    }
    if (row[w + W.innerProtocol] !== PROTOCOL.tcp) return;
    facts.tcpFlows += sign;
    const state = row[w + W.state];
    if (state === STATE.midStream) facts.tcpMidStreamFlows += sign;
    // A flow that nobody answers has one direction by nature; one that goes on has lost the other.
    const oneWay = doubles[d + D.packetsOut] === 0 || doubles[d + D.packetsBack] === 0;
    if (oneWay && state !== STATE.unanswered && state !== STATE.refused) facts.tcpOneWayFlows += sign;
  }
}

/** Service, protocol and verdict of a pair in one word: see serviceOfPair and the two beside it. */
export function pairKey(service: number, protocol: number, verdict: number): number {
  return service | (protocol << 8) | (verdict << 16);
}

export function serviceOfPair(key: number): number {
  return key & 255;
}

export function protocolOfPair(key: number): number {
  return (key >>> 8) & 255;
}

export function verdictOfPair(key: number): number {
  return key >>> 16;
}

/** Kind and protocol of a suspect in one word: see kindOfSuspect and protocolOfSuspect. */
export function suspectKey(kind: number, protocol: number): number {
  return kind | (protocol << 8);
}

export function kindOfSuspect(key: number): number {
  return key & 255;
}

export function protocolOfSuspect(key: number): number {
  return (key >>> 8) & 255;
}

/** A value of OUTCOME: how the responder took it. */
export function outcomeOf(state: number, packetsOut: number, packetsBack: number): number {
  switch (state) {
    case STATE.refused:
      return OUTCOME.refused;
    case STATE.unanswered:
      return OUTCOME.unanswered;
    case STATE.oneWay:
      return OUTCOME.oneWay;
    case STATE.midStream:
      return packetsOut > 0 && packetsBack > 0 ? OUTCOME.answered : OUTCOME.oneWay;
    default:
      return OUTCOME.answered;
  }
}

function kindOf(row: Int32Array, w: number): number {
  if (isTunnelled(row, w)) return KIND.tunnelledTraffic;
  const port = row[w + W.responderPort];
  const service = row[w + (row[w + W.protocol] === PROTOCOL.ah ? W.innerService : W.service)];
  const protocol = row[w + W.innerProtocol];
  // A service that has a name and is not allowed is denied: the list may well have it.
  if (service !== UNLISTED) {
    return protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp
      ? KIND.unexpectedPort
      : KIND.unexpectedProtocol;
  }
  switch (protocol) {
    case PROTOCOL.tcp:
      return portKind(port);
    case PROTOCOL.udp:
      return TCP_SERVICES[port] === UNLISTED ? KIND.unexpectedPort : KIND.unexpectedTransport;
    default:
      return KIND.unexpectedProtocol;
  }
}

/** The kind of an unlisted TCP port. */
export function portKind(port: number): number {
  return UDP_SERVICES[port] === UNLISTED ? KIND.unexpectedPort : KIND.unexpectedTransport;
}

/** Adds a flow, or with \`sign\` -1 takes it away: it is seen later again, and no earlier. */
function addSums(
  sums: Float64Array,
  at: number,
  sign: number,
  packets: number,
  bytes: number,
  firstSeenUs: number,
  lastSeenUs: number,
): void {
  const isNew = sums[at + PAIR.flows] === 0;
  sums[at + PAIR.flows] += sign;
  sums[at + PAIR.packets] += packets;
  sums[at + PAIR.bytes] += bytes;
  if (isNew || firstSeenUs < sums[at + PAIR.firstSeenUs]) sums[at + PAIR.firstSeenUs] = firstSeenUs;
  if (isNew || lastSeenUs > sums[at + PAIR.lastSeenUs]) sums[at + PAIR.lastSeenUs] = lastSeenUs;
}

/** Adds the sums of one pair, at `from`, to those of another, in a table of the same columns. */
export function addMoved(sums: Float64Array, from: number, to: number, into = sums): void {
  const isNew = into[to + PAIR.flows] === 0;
  for (const column of [PAIR.flows, PAIR.packets, PAIR.bytes, PAIR.answered])
    into[to + column] += sums[from + column];
  const first = sums[from + PAIR.firstSeenUs];
  const last = sums[from + PAIR.lastSeenUs];
  if (isNew || first < into[to + PAIR.firstSeenUs]) into[to + PAIR.firstSeenUs] = first;
  if (isNew || last > into[to + PAIR.lastSeenUs]) into[to + PAIR.lastSeenUs] = last;
}
