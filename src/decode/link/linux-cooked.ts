// Linux cooked captures, versions 1 (LINKTYPE_LINUX_SLL, 113) and 2 (LINKTYPE_LINUX_SLL2, 276).

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeEtherType, decodeLlc } from './ether-type.ts';

const V1 = { header: 16, packetType: 1, hardware: 2, protocol: 14 };
const V2 = { header: 20, packetType: 10, hardware: 8, protocol: 0 };
const BROADCAST = 1;
const MULTICAST = 2;
const PROTOCOL_LLC = 0x0004;
/** Frames of these devices carry no EtherType in the protocol field. */
const ARPHRD_NETLINK = 824;

/** Version 1. */
export function decodeLinuxCooked(packet: PacketView): void {
  const at = packet.start;
  if (packet.end - at < V1.header) skip(packet, SKIP.truncatedBeforeIp, 0);
  else decodeCooked(packet, at, V1);
}

/** Version 2. */
export function decodeLinuxCooked2(packet: PacketView): void {
  const at = packet.start;
  if (packet.end - at < V2.header) skip(packet, SKIP.truncatedBeforeIp, 0);
  else decodeCooked(packet, at, V2);
}

function decodeCooked(packet: PacketView, at: number, layout: typeof V1): void {
  const view = packet.view;
  const packetType = view.getUint8(at + layout.packetType);
  packet.linkGroup = packetType === BROADCAST || packetType === MULTICAST ? 1 : 0;
  const type = view.getUint16(at + layout.protocol);
  if (view.getUint16(at + layout.hardware) === ARPHRD_NETLINK) skip(packet, SKIP.etherType, type);
  else if (type === PROTOCOL_LLC) decodeLlc(packet, at + layout.header);
  else decodeEtherType(packet, type, at + layout.header);
}
