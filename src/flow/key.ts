// The key of a flow, made once a packet: which side the sender is, both ports in the order of the sides, what kind
// of flow it is, and a hash of it all under a seed that no sender knows.

import type { PacketView } from '../decode/packet.ts';
import { KIND } from './record.ts';

const PHI = 0x9e3779b1 | 0;
const MIX_1 = 0x85ebca6b | 0;
const MIX_2 = 0xc2b2ae35 | 0;

/** Fills in `dir`, `ports`, `kind` and `hash`. */
export function setKey(packet: PacketView, seed: number): void {
  const dir = packet.ipVersion === 4 ? sideOfV4(packet) : sideOfV6(packet);
  const src =
    packet.ipVersion === 4 ? packet.src0 : folded(packet.src0, packet.src1, packet.src2, packet.src3);
  const dst =
    packet.ipVersion === 4 ? packet.dst0 : folded(packet.dst0, packet.dst1, packet.dst2, packet.dst3);
  const a = dir === 0 ? src : dst;
  const b = dir === 0 ? dst : src;
  const ports = dir === 0 ? (packet.srcPort << 16) | packet.dstPort : (packet.dstPort << 16) | packet.srcPort;
  const kind =
    packet.protocol |
    (packet.inner << KIND.innerShift) |
    (packet.portsUnread << KIND.portsUnreadShift) |
    (packet.encapsulation << KIND.encapsulationShift);
  let h = Math.imul(a ^ seed, PHI);
  h = Math.imul(h ^ (h >>> 15) ^ b, MIX_1);
  h = Math.imul(h ^ (h >>> 13) ^ ports ^ Math.imul(kind, 31), MIX_2);
  packet.dir = dir;
  packet.ports = ports;
  packet.kind = kind;
  packet.hash = h ^ (h >>> 16);
}

/** 0 where the sender is side A, 1 where it is side B: A is the lower endpoint. */
function sideOfV4(packet: PacketView): number {
  if (packet.src0 !== packet.dst0) return packet.src0 < packet.dst0 ? 0 : 1;
  return packet.srcPort <= packet.dstPort ? 0 : 1;
}

function sideOfV6(packet: PacketView): number {
  if (packet.src0 !== packet.dst0) return packet.src0 < packet.dst0 ? 0 : 1;
  if (packet.src1 !== packet.dst1) return packet.src1 < packet.dst1 ? 0 : 1;
  if (packet.src2 !== packet.dst2) return packet.src2 < packet.dst2 ? 0 : 1;
  if (packet.src3 !== packet.dst3) return packet.src3 < packet.dst3 ? 0 : 1;
  return packet.srcPort <= packet.dstPort ? 0 : 1;
}

function folded(w0: number, w1: number, w2: number, w3: number): number {
  let h = Math.imul(w0, PHI) ^ w1;
  h = Math.imul(h ^ (h >>> 15), MIX_1) ^ w2;
  return Math.imul(h ^ (h >>> 13), MIX_2) ^ w3;
}
