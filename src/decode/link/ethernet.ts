// Ethernet (LINKTYPE_ETHERNET, 1).

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeEtherType } from './ether-type.ts';

const TYPE = 12;
const HEADER = 14;

/** Reads the frame at `packet.start`. */
export function decodeEthernet(packet: PacketView): void {
  const at = packet.start;
  if (packet.end - at < HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  packet.linkGroup = packet.view.getUint8(at) & 1;
  decodeEtherType(packet, packet.view.getUint16(at + TYPE), at + HEADER);
}
