// MPLS (RFC 3032): the label stack says nothing of what follows it, so that is told by its first half byte, and for
// Ethernet in a pseudowire (RFC 4448, RFC 4385) by whether a whole Ethernet header can be read there.

import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import { ETHER_TYPE } from '../link/ether-types.ts';
import { decodeEthernet } from '../link/ethernet.ts';
import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { enterLink } from './enter.ts';
import { holdsEthernet, holdsIpv4, holdsIpv6 } from './inside.ts';
import { ENCAPSULATION } from './names.ts';

const LABEL = 4;
const BOTTOM = 1 << 8;
const CONTROL_WORD = 4;
const ETHERNET_TYPE = 12;

/** Reads the label stack at `at`; `type` names the packet where what follows cannot be told. */
export function decodeMpls(packet: PacketView, at: number, type: number = ETHER_TYPE.mpls): void {
  const { view, end } = packet;
  let bottom = false;
  while (!bottom) {
    if (end - at < LABEL) {
      skip(packet, SKIP.truncatedBeforeIp, 0);
      return;
    }
    bottom = (view.getUint32(at) & BOTTOM) !== 0;
    at += LABEL;
  }
  if (!enterLink(packet, ENCAPSULATION.mpls, packet.wireEnd)) return;
  if (end - at < 1) skip(packet, SKIP.truncatedBeforeIp, 0);
  else if (holdsIpv4(packet, at)) decodeIpv4(packet, at);
  else if (holdsIpv6(packet, at)) decodeIpv6(packet, at);
  else if (!decodePseudowire(packet, at)) decodeUnknown(packet, at, type);
}

/** What is neither: a damaged IP header, or something that is carried beside IP. */
function decodeUnknown(packet: PacketView, at: number, type: number): void {
  const version = packet.view.getUint8(at) >>> 4;
  if (version === 4) decodeIpv4(packet, at);
  else if (version === 6) decodeIpv6(packet, at);
  else skip(packet, SKIP.etherType, type);
}

function decodePseudowire(packet: PacketView, at: number): boolean {
  // A control word begins with four zero bits, but so may a frame without one; and behind its first four bytes a frame
  // with a tag looks like one without, so that this has to be tried last.
  const inside = at + CONTROL_WORD;
  if (isFrame(packet, at)) decodeEthernet(packet, at);
  else if (packet.view.getUint8(at) >>> 4 === 0 && isFrame(packet, inside)) decodeEthernet(packet, inside);
  else return false;
  return true;
}

/** Whether an Ethernet frame lies there whose type is one of those that are followed. */
function isFrame(packet: PacketView, at: number): boolean {
  if (packet.end - at < ETHERNET_TYPE + 2 || !holdsEthernet(packet, at)) return false;
  const type = packet.view.getUint16(at + ETHERNET_TYPE);
  return KNOWN_TYPES.includes(type);
}

const KNOWN_TYPES: readonly number[] = [
  ETHER_TYPE.ipv4,
  ETHER_TYPE.ipv6,
  ETHER_TYPE.arp,
  ETHER_TYPE.vlan,
  ETHER_TYPE.vlanService,
  ETHER_TYPE.vlanOld,
  ETHER_TYPE.vlanOlder,
  ETHER_TYPE.mpls,
  ETHER_TYPE.pppoeSession,
  ETHER_TYPE.lldp,
];
