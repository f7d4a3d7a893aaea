// The state of a flow, from what its packets left in the record's bits.

import { ANY_RST, ANY_SYN_ACK, BIT, BOTH_FIN, HANDSHAKE_SEEN } from './record.ts';
import { END, STATE } from './terms.ts';

/**
 * True once the three-way handshake was completed: SYN+ACK and the initiator's ACK, or SYN and a later ACK of
 * the initiator, which implies the answer where only one direction is seen.
 */
export function isEstablished(bits: number): boolean {
  const initiator = (bits & BIT.initiatorIsB) === 0 ? 0 : 1;
  const responder = 1 - initiator;
  const opened = (bits & (BIT.synAckA << responder)) !== 0 || (bits & (BIT.synA << initiator)) !== 0;
  if (opened && (bits & (BIT.ackA << initiator)) !== 0) return true;
  // A split handshake: the responder answers SYN with SYN, and the initiator sends the SYN+ACK.
  return (bits & (BIT.synAckA << initiator)) !== 0 && (bits & (BIT.ackA << responder)) !== 0;
}

/** A value of STATE for a TCP flow. */
export function tcpState(bits: number): number {
  if ((bits & HANDSHAKE_SEEN) === 0) return STATE.midStream;
  if (isEstablished(bits)) {
    if ((bits & BOTH_FIN) === BOTH_FIN) return STATE.closed;
    return isReset(bits) ? STATE.reset : STATE.established;
  }
  if ((bits & ANY_SYN_ACK) !== 0) return isReset(bits) ? STATE.reset : STATE.halfOpen;
  return isReset(bits) || (bits & BIT.icmpRefused) !== 0 ? STATE.refused : STATE.unanswered;
}

/** A value of STATE for any other flow. */
export function plainState(bits: number, answered: boolean): number {
  if (answered) return STATE.twoWay;
  return (bits & BIT.icmpRefused) !== 0 ? STATE.refused : STATE.oneWay;
}

/**
 * How TCP itself ended the flow, or `otherwise`: by its own packets, of which the bits are `own`; `whole` are those of
 * the conversation of which it may be a part.
 */
export function tcpEnd(own: number, whole: number, otherwise: number): number {
  if ((own & BOTH_FIN) !== 0 && (whole & BOTH_FIN) === BOTH_FIN) return END.fin;
  return isReset(own) ? END.rst : otherwise;
}

/** Whether a RST counts: one that refused an attempt does not once a repeated SYN was answered. */
function isReset(bits: number): boolean {
  const answered = (bits & ANY_SYN_ACK) !== 0 || isEstablished(bits);
  return (bits & (answered ? BIT.rstLate : ANY_RST)) !== 0;
}

/** True where the connection is over by the bits of all of its parts: no new SYN+ACK can belong to it. */
export function isOver(bits: number): boolean {
  return isReset(bits) || (bits & BOTH_FIN) === BOTH_FIN;
}
