// The key of a flow, made once a packet: its ports as sent, what kind of flow it is, and a hash that is the same for
// both directions, under a seed that no sender knows. Nothing here branches on the direction, which is as good as
// random and would be guessed wrong half the time.

import type { PacketView } from '../decode/packet.ts';
import { HOT, KIND } from './record.ts';

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

/**
 * Whether the key of the record at word `at` is the packet's; sets `dir`, 0 where side A sent it. The direction comes
 * out of ands and ors, which cost less than a branch gone wrong.
 */
export function holdsKey(hot: Int32Array, at: number, wide: boolean, packet: PacketView): boolean {
  const { ports, src0, dst0 } = packet;
  const a = hot[at + HOT.addressA];
  const b = hot[at + HOT.addressB];
  const sent = hot[at + HOT.ports] ^ ports;
  let straight = (a ^ src0) | (b ^ dst0) | sent;
  if (wide) straight |= restsDiffer(hot, at, packet, 0);
  const dir = (straight | -straight) >>> 31;
  const turned = -dir;
  const crossed = (src0 ^ dst0) & turned;
  const swapped = (ports ^ ((ports >>> 16) | (ports << 16))) & turned;
  packet.dir = dir;
  let differs =
    (a ^ src0 ^ crossed) | (b ^ dst0 ^ crossed) | (sent ^ swapped) | (hot[at + HOT.kind] ^ packet.kind);
  if (wide) differs |= restsDiffer(hot, at, packet, dir);
  return differs === 0;
}

/** 0 where the last three words of both IPv6 addresses are the record's, with the sender as A (0) or B (1). */
function restsDiffer(hot: Int32Array, at: number, packet: PacketView, dir: number): number {
  const src = at + HOT.restA + 3 * dir;
  const dst = at + HOT.restB - 3 * dir;
  return (
    (hot[src] ^ packet.src1) |
    (hot[src + 1] ^ packet.src2) |
    (hot[src + 2] ^ packet.src3) |
    (hot[dst] ^ packet.dst1) |
    (hot[dst + 1] ^ packet.dst2) |
    (hot[dst + 2] ^ packet.dst3)
  );
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
