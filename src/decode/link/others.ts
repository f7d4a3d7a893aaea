// Every link type but Ethernet: which file reads it, and where in the record it begins.

import { decodeMpls } from '../encap/mpls.ts';
import { decodePppoe } from '../encap/pppoe.ts';
import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeErf } from './erf.ts';
import { decodeLlc } from './ether-type.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeFddi, decodeTokenRing } from './fddi.ts';
import { decodeFrameRelay } from './frame-relay.ts';
import { decodeIpoib } from './ipoib.ts';
import { decodeLinuxCooked, decodeLinuxCooked2 } from './linux-cooked.ts';
import { decodeLoopback } from './loopback.ts';
import { decodeNflog } from './nflog.ts';
import { decodeCiscoHdlc, decodePppFrame, decodePppPppd } from './ppp.ts';
import { decodeRaw } from './raw.ts';
import { decodeSunAtm } from './sunatm.ts';
import { decodeBroadcomTag, decodeDsaTag, decodeEdsaTag } from './switch-tag.ts';
import { decodeWlan } from './wlan.ts';
import { decodeAvs, decodePrism, decodeRadiotap } from './wlan-radio.ts';

/** The link types that are read, by the numbers of the registry. */
export const LINK = {
  null: 0,
  ethernet: 1,
  tokenRing: 6,
  ppp: 9,
  fddi: 10,
  rawBsd: 12,
  rawOpenBsd: 14,
  pppHdlc: 50,
  pppEther: 51,
  atmRfc1483: 100,
  raw: 101,
  cHdlc: 104,
  wlan: 105,
  frameRelay: 107,
  loop: 108,
  sll: 113,
  prism: 119,
  sunAtm: 123,
  radiotap: 127,
  avs: 163,
  pppPppd: 166,
  ppi: 192,
  erf: 197,
  pppWithDirection: 204,
  cHdlcWithDirection: 205,
  frameRelayWithDirection: 206,
  mpls: 219,
  ipv4: 228,
  ipv6: 229,
  nflog: 239,
  ipoib: 242,
  sll2: 276,
  broadcomTag: 281,
  broadcomTagInFront: 282,
  dsaTag: 284,
  edsaTag: 285,
} as const;

/** A byte that tells the direction; the switch's tag in front of a frame. */
const DIRECTION = 1;
const BROADCOM_TAG = 4;

/** Reads a record of that link type. False where it is not one that is read. */
export function decodeOtherLink(packet: PacketView, linkType: number): boolean {
  const at = packet.start;
  switch (linkType) {
    case LINK.raw:
    case LINK.rawBsd:
    case LINK.rawOpenBsd:
    case LINK.ipv4:
    case LINK.ipv6:
      decodeRaw(packet, at);
      return true;
    case LINK.sll:
      decodeLinuxCooked(packet);
      return true;
    case LINK.sll2:
      decodeLinuxCooked2(packet);
      return true;
    case LINK.null:
    case LINK.loop:
      decodeLoopback(packet);
      return true;
    case LINK.wlan:
      decodeWlan(packet, at, false);
      return true;
    case LINK.radiotap:
      decodeRadiotap(packet);
      return true;
    case LINK.prism:
      decodePrism(packet);
      return true;
    case LINK.avs:
      decodeAvs(packet, at);
      return true;
    case LINK.ppi:
      return decodePpi(packet);
    case LINK.ppp:
    case LINK.pppHdlc:
      decodePppFrame(packet, at);
      return true;
    case LINK.pppPppd:
      decodePppPppd(packet, at);
      return true;
    case LINK.pppWithDirection:
      decodePppFrame(packet, at + DIRECTION);
      return true;
    case LINK.pppEther:
      decodePppoe(packet, at);
      return true;
    case LINK.cHdlc:
      decodeCiscoHdlc(packet, at);
      return true;
    case LINK.cHdlcWithDirection:
      decodeCiscoHdlc(packet, at + DIRECTION);
      return true;
    case LINK.frameRelay:
      decodeFrameRelay(packet, at);
      return true;
    case LINK.frameRelayWithDirection:
      decodeFrameRelay(packet, at + DIRECTION);
      return true;
    case LINK.mpls:
      decodeMpls(packet, at);
      return true;
    case LINK.fddi:
      decodeFddi(packet);
      return true;
    case LINK.tokenRing:
      decodeTokenRing(packet);
      return true;
    case LINK.atmRfc1483:
      decodeLlc(packet, at);
      return true;
    case LINK.sunAtm:
      decodeSunAtm(packet);
      return true;
    case LINK.nflog:
      decodeNflog(packet);
      return true;
    case LINK.ipoib:
      decodeIpoib(packet);
      return true;
    case LINK.erf:
      decodeErf(packet);
      return true;
    case LINK.broadcomTag:
      decodeBroadcomTag(packet);
      return true;
    case LINK.broadcomTagInFront:
      decodeEthernet(packet, at + BROADCOM_TAG);
      return true;
    case LINK.dsaTag:
      decodeDsaTag(packet);
      return true;
    case LINK.edsaTag:
      decodeEdsaTag(packet);
      return true;
    default:
      return false;
  }
}

const PPI = { header: 8, length: 2, linkType: 4 } as const;

/** Per-Packet Information: a little-endian header that names the link type of what follows. */
function decodePpi(packet: PacketView): boolean {
  const { view, start, end } = packet;
  if (end - start < PPI.header) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return true;
  }
  const linkType = view.getUint32(start + PPI.linkType, true);
  packet.start = Math.min(start + Math.max(view.getUint16(start + PPI.length, true), PPI.header), end);
  if (linkType === LINK.ethernet) decodeEthernet(packet, packet.start);
  else if (linkType === LINK.ppi || !decodeOtherLink(packet, linkType)) {
    skip(packet, SKIP.linkType, linkType);
  }
  return true;
}
