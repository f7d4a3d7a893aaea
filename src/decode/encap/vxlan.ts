// VXLAN (RFC 7348 section 5), also with the group policy bit of draft-smith-vxlan-group-policy.

import { decodeEthernet } from '../link/ethernet.ts';
import type { PacketView } from '../packet.ts';
import { enterIp } from './enter.ts';
import { holdsEthernet, type Inside } from './inside.ts';
import { ENCAPSULATION } from './names.ts';

const HEADER = 8;
const VNI_PRESENT = 0x08;
const GROUP_POLICY = 0x80;
/** "Do not learn" and "policy applied", which only come with a group policy. */
const POLICY_BITS = 0x48;

/** Reads the header at `at`. False where it is none. */
export function decodeVxlan(packet: PacketView, inside: Inside, at: number, port: number): boolean {
  const { view } = packet;
  if (inside.end - at < HEADER || view.getUint8(at + 7) !== 0) return false;
  const flags = view.getUint8(at);
  const policy = (flags & GROUP_POLICY) !== 0;
  if ((flags & ~GROUP_POLICY) !== VNI_PRESENT) return false;
  if (policy ? (view.getUint8(at + 1) & ~POLICY_BITS) !== 0 : view.getUint32(at) << 8 !== 0) return false;
  if (!holdsEthernet(inside, at + HEADER)) return false;
  if (enterIp(packet, ENCAPSULATION.vxlan, inside.end, inside.wireEnd, port))
    decodeEthernet(packet, at + HEADER);
  return true;
}
