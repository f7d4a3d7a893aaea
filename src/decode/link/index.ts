// Link types that are read, by the number a capture file gives them (see names.ts). A new one is a file and a case.

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeOtherLink } from './others.ts';

export { linkTypeName } from './names.ts';

const ETHERNET = 1;

/**
 * Fills `packet` from a record: `length` captured bytes at `offset` of `view`, `wireLength` on the wire. Time and
 * ordinal are the caller's. Never throws: what cannot be read ends in a skip reason or a flow without ports.
 */
export function decodeRecord(
  packet: PacketView,
  view: DataView,
  offset: number,
  length: number,
  wireLength: number,
  linkType: number,
): void {
  packet.view = view;
  packet.start = offset;
  packet.end = offset + length;
  packet.wireEnd = offset + Math.max(wireLength, length);
  packet.wireBytes = wireLength;
  packet.skip = SKIP.none;
  packet.srcPort = 0;
  packet.dstPort = 0;
  packet.portsUnread = 0;
  packet.tcpFlags = 0;
  packet.tcpSeq = 0;
  packet.tcpAck = 0;
  packet.hint = 0;
  packet.quoteAt = 0;
  packet.payloadProtocol = 0;
  packet.payloadAt = 0;
  packet.fragment = 0;
  packet.vlans = 0;
  packet.tunnel = 0;
  packet.encapsulation = 0;
  packet.linkGroup = 0;
  if (linkType === ETHERNET) decodeEthernet(packet, offset);
  else if (!decodeOtherLink(packet, linkType)) skip(packet, SKIP.linkType, linkType);
  packet.rare =
    packet.fragment | packet.quoteAt | packet.portsUnread | packet.linkGroup | packet.payloadProtocol;
}
