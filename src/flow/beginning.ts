// How a flow begins: who began it, as far as its first packet tells, what it knows of the flow that it continues, and
// what it is counted as while its packets pass.

import { PROTOCOL } from '../base/transport.ts';
import { HINT, type PacketView, TCP } from '../decode/packet.ts';
import { type FlowLooker, HAS_RARE, LOOK_ALL_DONE } from './looking.ts';
import {
  ANY_ACK,
  ANY_SYN,
  ANY_SYN_ACK,
  BIT,
  COLD,
  COLD_Q,
  ENDINGS,
  HOT,
  KIND,
  type Records,
  TIMER,
} from './record.ts';
import { BASIS } from './terms.ts';

/** Ports of the allow-list, and services; all by port or protocol number, 0 where there is none. */
export interface PortTables {
  /** Which single ports are listed for the transport. */
  readonly tcpListed: Uint8Array;
  readonly udpListed: Uint8Array;
  /** Services by the responder's port, and by IP protocol. */
  readonly tcpServices: Uint8Array;
  readonly udpServices: Uint8Array;
  readonly protocolServices: Uint8Array;
  /** Who looks at payload. */
  readonly looker: FlowLooker;
}

const WELL_KNOWN = 1024;
/** What a flow that continues another inherits of its bits. */
const INHERITED =
  ANY_SYN |
  ANY_SYN_ACK |
  ANY_ACK |
  BIT.initiatorIsB |
  BIT.basisMask |
  (BIT.isnKnownA * 3) |
  (BIT.isnGuessA * 3) |
  BIT.linkGroup |
  BIT.ike |
  BIT.espInUdp;

/** Sets what a flow starts from; its key stands already, and its side A need not be the packet's sender. */
export function beginFlow(records: Records, n: number, packet: PacketView, tables: PortTables): void {
  const { hot, hotQ, cold, coldQ } = records;
  const at = records.hotAt(n);
  const coldAt = records.coldAt(n);
  records.forgetRare(n);
  for (let i = HOT.packetsA; i < HOT.vlans; i++) hot[at + i] = 0;
  hot[at + HOT.vlans] = packet.vlans;
  hot[at + HOT.look] =
    packet.portsUnread === 0 && hasPayload(packet.inner) ? tables.looker.begin : LOOK_ALL_DONE;
  cold[coldAt + COLD.tunnel] = packet.tunnel;
  hotQ[(at >> 1) + TIMER] = packet.clockUs;
  cold[coldAt + COLD.isnA] = 0;
  cold[coldAt + COLD.isnB] = 0;
  coldQ[(coldAt >> 1) + COLD_Q.first] = packet.timeUs;
  coldQ[(coldAt >> 1) + COLD_Q.flowId] = packet.ordinal;
  coldQ[(coldAt >> 1) + COLD_Q.lastPast] = -Infinity;
  let bits = firstGuess(packet, tables);
  if (packet.dir !== 0) bits ^= BIT.initiatorIsB;
  if (packet.past !== 0) bits |= BIT.timerIsClock;
  // Without any flag the header was cut, and the sequence number with it.
  if (packet.inner === PROTOCOL.tcp && packet.tcpFlags !== 0 && (packet.tcpFlags & TCP.syn) === 0) {
    bits |= BIT.isnGuessA << packet.dir;
    cold[coldAt + COLD.isnA + packet.dir] = packet.tcpSeq - 1;
  }
  hot[at + HOT.bits] = bits;
  nameService(records, n, tables);
}

/**
 * Begins a flow that knows what the one before it knew: who began, how that is known, and its state. How that one
 * ended is kept apart, since this one has an end of its own.
 */
export function continueFlow(records: Records, n: number, packet: PacketView, tables: PortTables): void {
  const { hot, cold, coldQ } = records;
  const at = records.hotAt(n) + HOT.bits;
  const coldAt = records.coldAt(n);
  const bits = hot[at];
  const look = hot[at - HOT.bits + HOT.look];
  const isnA = cold[coldAt + COLD.isnA];
  const isnB = cold[coldAt + COLD.isnB];
  const flowId = coldQ[(coldAt >> 1) + COLD_Q.flowId];
  const before = records.wholeBits(n) & ENDINGS;
  const wentBothWays = records.wentBothWays(n);
  beginFlow(records, n, packet, tables);
  hot[at] = (hot[at] & BIT.timerIsClock) | (bits & INHERITED);
  hot[at - HOT.bits + HOT.look] = (look | LOOK_ALL_DONE) & ~HAS_RARE;
  cold[coldAt + COLD.isnA] = isnA;
  cold[coldAt + COLD.isnB] = isnB;
  const rare = records.makeRare(n);
  rare.continues = flowId;
  rare.before = before;
  rare.wentBothWays = wentBothWays;
  nameService(records, n, tables);
}

/** Writes down what the flow's packets are counted as, by the port of whoever is its responder now. */
export function nameService(records: Records, n: number, tables: PortTables): void {
  const { hot } = records;
  const at = records.hotAt(n);
  const bits = hot[at + HOT.bits] & ~BIT.serviceMask;
  const service = serviceOf(bits, hot[at + HOT.kind], hot[at + HOT.ports], tables);
  hot[at + HOT.bits] = bits | (service << BIT.serviceShift);
}

/** The bits for basis and initiator that a flow has after its first packet, whose sender is side A. */
function firstGuess(packet: PacketView, tables: PortTables): number {
  let senderBegan = true;
  let basis: number = BASIS.firstPacket;
  if (packet.inner === PROTOCOL.tcp && packet.portsUnread === 0) {
    senderBegan = tcpSenderBegan(packet, tables.tcpListed);
    basis = BASIS.portGuess;
  } else if (packet.inner === PROTOCOL.udp && packet.portsUnread === 0) {
    senderBegan = udpSenderBegan(packet, tables.udpListed);
    if (!senderBegan) basis = BASIS.portGuess;
  } else if (packet.hint !== HINT.none) {
    senderBegan = packet.hint === HINT.init;
    if (packet.hint !== HINT.reply) basis = BASIS.handshake;
  }
  return (basis << BIT.basisShift) | (senderBegan ? 0 : BIT.initiatorIsB);
}

/**
 * TCP in mid-stream: unless the sender's own port is the only one listed, or the lower. What the run learns of the
 * endpoints may overrule that in the end (direction.ts).
 */
function tcpSenderBegan(packet: PacketView, listed: Uint8Array): boolean {
  const own = listed[packet.srcPort] !== 0;
  const other = listed[packet.dstPort] !== 0;
  return own === other ? packet.dstPort <= packet.srcPort : other;
}

/** UDP: unless only the sender's own port is listed, or neither is and only its own is below 1024. */
function udpSenderBegan(packet: PacketView, listed: Uint8Array): boolean {
  const own = listed[packet.srcPort] !== 0;
  const other = listed[packet.dstPort] !== 0;
  if (own !== other) return other;
  return own || packet.srcPort >= WELL_KNOWN || packet.dstPort < WELL_KNOWN;
}

/** What the packets of a flow with these words are counted as. */
function serviceOf(bits: number, kind: number, ports: number, tables: PortTables): number {
  const protocol = kind & 255;
  if ((kind & KIND.portsUnread) === 0) {
    const port = (bits & BIT.initiatorIsB) === 0 ? ports & 0xffff : ports >>> 16;
    if (protocol === PROTOCOL.tcp) return tables.tcpServices[port];
    if (protocol === PROTOCOL.udp) return tables.udpServices[port];
  }
  return tables.protocolServices[protocol];
}

function hasPayload(protocol: number): boolean {
  return protocol === PROTOCOL.tcp || protocol === PROTOCOL.udp;
}
