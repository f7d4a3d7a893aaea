// Ethernet (LINKTYPE_ETHERNET, 1), as a link and inside of tunnels.

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeEtherType } from './ether-type.ts';

const TYPE = 12;
const HEADER = 14;

/** Reads the frame at `at`. */
export function decodeEthernet(packet: PacketView, at: number): void {
  if (packet.end - at < HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  packet.linkGroup = packet.view.getUint8(at) & 1;
  decodeEtherType(packet, packet.view.getUint16(at + TYPE), at + HEADER);
}
