// How many packets a span port delivered twice. Two copies agree in addresses, ports, IP identification, sequence
// and length, whatever their TTL, MAC addresses or VLAN, and come within ten milliseconds. Looking at every packet
// would cost too much, so after the first ones only those are looked at whose own bits say so: both copies of a
// packet are in the sample, or neither is.

import { PROTOCOL } from '../base/transport.ts';
import { FRAGMENT, type PacketView, TCP } from '../decode/packet.ts';

const WINDOW_US = 10_000;
/** Up to here every packet is looked at, so that small captures are judged whole. */
const ALL_UP_TO = 100_000;
const SAMPLE_MASK = 63;
const CELLS = 1 << 13;

/** Counts sampled packets, and those that are copies of one just before. */
export class DuplicateSampler {
  sampled = 0;
  duplicates = 0;
  private readonly prints = new Int32Array(CELLS);
  private readonly times = new Float64Array(CELLS).fill(-Infinity);

  look(packet: PacketView): void {
    const own = Math.imul(packet.ipId ^ packet.tcpSeq ^ packet.payloadBytes, 0x9e3779b1 | 0);
    if (packet.ordinal > ALL_UP_TO && ((own >>> 20) & SAMPLE_MASK) !== 0) return;
    this.compare(packet, own);
  }

  private compare(packet: PacketView, own: number): void {
    if (!tellsCopies(packet)) return;
    let print = own ^ packet.src0 ^ Math.imul(packet.dst0, 31);
    if (packet.ipVersion === 6) {
      print = Math.imul(print ^ packet.src1 ^ packet.src2, 0x85ebca6b | 0) ^ packet.src3;
      print = Math.imul(print ^ packet.dst1 ^ packet.dst2, 0x85ebca6b | 0) ^ packet.dst3;
    }
    print = Math.imul(print ^ ((packet.srcPort << 16) | packet.dstPort), 0xc2b2ae35 | 0);
    print = Math.imul((print ^ (print >>> 15)) + packet.tcpSeq, 0x85ebca6b | 0);
    print = Math.imul((print ^ (print >>> 13)) + packet.tcpAck, 0x9e3779b1 | 0);
    print ^= (print >>> 16) ^ (packet.ipId << 8) ^ packet.tcpFlags ^ (packet.fragment << 30) ^ packet.inner;
    this.sampled++;
    const cell = print & (CELLS - 1);
    if (this.prints[cell] === print && Math.abs(packet.timeUs - this.times[cell]) <= WINDOW_US)
      this.duplicates++;
    this.prints[cell] = print;
    this.times[cell] = packet.timeUs;
  }
}

/**
 * Fragments share all that is compared, and without an identification a repeated acknowledgement or datagram looks
 * like a copy: neither says anything about duplicates.
 */
function tellsCopies(packet: PacketView): boolean {
  if ((packet.fragment & (FRAGMENT.first | FRAGMENT.later)) !== 0) return false;
  if (packet.ipId !== 0) return true;
  return (
    packet.inner === PROTOCOL.tcp &&
    (packet.payloadBytes > 0 || (packet.tcpFlags & (TCP.syn | TCP.fin)) !== 0)
  );
}
