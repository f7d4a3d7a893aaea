// The key of a flow, made once a packet: its ports as sent, what kind of flow it is, and a hash that is the same for
// both directions, under a seed that no sender knows. Nothing here branches on the direction, which is as good as
// random and would be guessed wrong half the time.

import type { PacketView } from '../decode/packet.ts';
import { KIND } from './record.ts';

const PHI = 0x9e3779b1 | 0;
const MIX_1 = 0x85ebca6b | 0;
const MIX_2 = 0xc2b2ae35 | 0;

/** Fills in `ports`, `kind` and `hash`. */
export function setKey(packet: PacketView, seed: number): void {
  const { srcPort, dstPort } = packet;
  packet.ports = (srcPort << 16) | dstPort;
  const kind =
    packet.protocol |
    (packet.inner << KIND.innerShift) |
    (packet.portsUnread << KIND.portsUnreadShift) |
    (packet.encapsulation << KIND.encapsulationShift);
  packet.kind = kind;
  let src = packet.src0 ^ seed;
  let dst = packet.dst0 ^ seed;
  if (packet.ipVersion === 6) {
    src = folded(src, packet.src1, packet.src2, packet.src3);
    dst = folded(dst, packet.dst1, packet.dst2, packet.dst3);
  }
  const h = Math.imul((endpoint(src, srcPort) + endpoint(dst, dstPort)) ^ kind, MIX_2);
  packet.hash = h ^ (h >>> 16);
}

function endpoint(address: number, port: number): number {
  let h = Math.imul(address, PHI);
  h = Math.imul(h ^ (h >>> 15) ^ port, MIX_1);
  return h ^ (h >>> 13);
}

function folded(w0: number, w1: number, w2: number, w3: number): number {
  let h = Math.imul(w0, PHI) ^ w1;
  h = Math.imul(h ^ (h >>> 15), MIX_1) ^ w2;
  return Math.imul(h ^ (h >>> 13), MIX_2) ^ w3;
}
