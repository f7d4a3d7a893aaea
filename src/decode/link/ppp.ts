// PPP (RFC 1661, RFC 1662) in its several framings: LINKTYPE_PPP (9), _PPP_HDLC (50), _PPP_ETHER (51), _PPP_PPPD
// (166), _PPP_WITH_DIR (204), and Cisco's HDLC (RFC 1547 section 4.3.1): _C_HDLC (104), _C_HDLC_WITH_DIR (205).

import { decodeMpls } from '../encap/mpls.ts';
import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeEtherType } from './ether-type.ts';
import { LARGEST_LENGTH } from './ether-types.ts';

const PROTOCOL = { ipv4: 0x0021, ipv6: 0x0057, mpls: 0x0281, mplsMulticast: 0x0283 } as const;

const ALL_STATIONS = 0xff;
const UNNUMBERED = 0x03;
const CISCO_UNICAST = 0x0f;
const CISCO_MULTICAST = 0x8f;
const CISCO_HEADER = 4;

/** The PPP protocol at `at`, behind address and control where they are there. */
export function decodePppFrame(packet: PacketView, at: number): void {
  const { view, end } = packet;
  if (end - at < 2) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const address = view.getUint8(at);
  const control = view.getUint8(at + 1);
  const isCisco = (address === CISCO_UNICAST || address === CISCO_MULTICAST) && control === 0;
  if (isCisco) decodeCiscoHdlc(packet, at);
  else decodePpp(packet, address === ALL_STATIONS && control === UNNUMBERED ? at + 2 : at);
}

/** The same behind one byte that tells the direction; pppd puts it in the place of the address. */
export function decodePppPppd(packet: PacketView, at: number): void {
  const replaced = packet.end - at >= 2 && packet.view.getUint8(at + 1) === UNNUMBERED;
  if (replaced) decodePpp(packet, at + 2);
  else decodePppFrame(packet, at + 1);
}

/** What the PPP protocol number at `at` announces. One byte is enough where its low bit is set (RFC 1661 section 2). */
export function decodePpp(packet: PacketView, at: number): void {
  const protocol = pppProtocol(packet, at);
  const next = at + (packet.end - at >= 1 && isShort(packet, at) ? 1 : 2);
  if (protocol < 0) skip(packet, SKIP.truncatedBeforeIp, 0);
  else if (protocol === PROTOCOL.ipv4) decodeIpv4(packet, next);
  else if (protocol === PROTOCOL.ipv6) decodeIpv6(packet, next);
  else if (protocol === PROTOCOL.mpls || protocol === PROTOCOL.mplsMulticast) decodeMpls(packet, next);
  else skip(packet, SKIP.ppp, protocol);
}

function isShort(packet: PacketView, at: number): boolean {
  return (packet.view.getUint8(at) & 1) !== 0;
}

/** -1 where it was cut. */
function pppProtocol(packet: PacketView, at: number): number {
  const captured = packet.end - at;
  if (captured < 1) return -1;
  if (isShort(packet, at)) return packet.view.getUint8(at);
  return captured < 2 ? -1 : packet.view.getUint16(at);
}

/** Address, control, EtherType. */
export function decodeCiscoHdlc(packet: PacketView, at: number): void {
  if (packet.end - at < CISCO_HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  packet.linkGroup = packet.view.getUint8(at) === CISCO_MULTICAST ? 1 : 0;
  const type = packet.view.getUint16(at + 2);
  // Here a small number is a protocol as well, and no length.
  if (type <= LARGEST_LENGTH) skip(packet, SKIP.etherType, type);
  else decodeEtherType(packet, type, at + CISCO_HEADER);
}
