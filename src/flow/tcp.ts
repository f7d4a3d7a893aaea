// What a TCP packet does to its flow's bits and sequence numbers (RFC 9293, section 3.5). Whether a packet opens
// another connection under the same five-tuple is decided here too.

import { type PacketView, TCP } from '../decode/packet.ts';
import { ANY_SYN_ACK, BIT, COLD, HANDSHAKE_SEEN, HOT, type Records } from './record.ts';
import { isEstablished, isOver } from './state.ts';
import { BASIS } from './terms.ts';

/** Whether a SYN or SYN+ACK with its sequence number cannot be part of the flow that stands under its key. */
export function isAnotherConnection(records: Records, n: number, packet: PacketView): boolean {
  const { dir } = packet;
  const bits = records.wholeBits(n);
  const same = records.cold[records.coldAt(n) + COLD.isnA + dir] === packet.tcpSeq;
  const known = (bits & (BIT.isnKnownA << dir)) !== 0;
  if ((packet.tcpFlags & TCP.ack) !== 0) return known && !same && isOver(bits);
  if (known || (bits & (BIT.isnGuessA << dir)) !== 0) return !same;
  // The other side's SYN alone may be answered by a SYN (simultaneous open); anything more cannot.
  const other = 1 - dir;
  const opening = (bits & (BIT.synA << other)) !== 0 && (bits & (ANY_SYN_ACK | (BIT.ackA << other))) === 0;
  return !opening || isOver(bits);
}

/** A packet with SYN, FIN or RST. True where it settled who began the flow. */
export function seeHandshake(records: Records, n: number, packet: PacketView): boolean {
  const { dir, tcpFlags: flags } = packet;
  const at = records.hotAt(n) + HOT.bits;
  let bits = records.hot[at];
  if ((flags & TCP.syn) !== 0) {
    const isn = records.coldAt(n) + COLD.isnA;
    const settles = (bits & HANDSHAKE_SEEN) === 0;
    const answer = (flags & TCP.ack) !== 0;
    if (settles) bits = withInitiator(bits, answer ? 1 - dir : dir);
    bits |= (answer ? BIT.synAckA : BIT.synA) << dir;
    if (!answer || (bits & (BIT.isnKnownA << dir)) === 0) records.cold[isn + dir] = packet.tcpSeq;
    bits |= BIT.isnKnownA << dir;
    const other = 1 - dir;
    if (answer && (bits & (BIT.isnKnownA << other)) === 0) {
      records.cold[isn + other] = packet.tcpAck - 1;
      bits |= BIT.isnKnownA << other;
    }
    records.hot[at] = bits;
    return settles;
  }
  if ((flags & TCP.rst) !== 0) {
    const answered = (bits & ANY_SYN_ACK) !== 0 || (bits & HANDSHAKE_SEEN) === 0 || isEstablished(bits);
    bits |= answered ? BIT.rstLate : BIT.rstEarly;
  } else {
    if ((flags & TCP.ack) !== 0) bits |= BIT.ackA << dir;
    if ((flags & TCP.fin) !== 0) bits |= BIT.finA << dir;
  }
  records.hot[at] = bits;
  return false;
}

/** The handshake shows who began. */
function withInitiator(bits: number, side: number): number {
  const rest = bits & ~(BIT.basisMask | BIT.initiatorIsB);
  return rest | (BASIS.handshake << BIT.basisShift) | (side === 0 ? 0 : BIT.initiatorIsB);
}
