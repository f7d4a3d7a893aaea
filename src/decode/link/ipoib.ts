// IP over InfiniBand (LINKTYPE_IPOIB, 242; RFC 4391 section 6): two hardware addresses of 20 bytes, which captures put
// in front, then an EtherType and two reserved bytes.

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeEtherType } from './ether-type.ts';
import { LARGEST_LENGTH } from './ether-types.ts';

const TYPE = 40;
const HEADER = 44;

/** Reads the record. */
export function decodeIpoib(packet: PacketView): void {
  const at = packet.start;
  if (packet.end - at < HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const type = packet.view.getUint16(at + TYPE);
  if (type > LARGEST_LENGTH) decodeEtherType(packet, type, at + HEADER);
  else skip(packet, SKIP.etherType, type);
}
