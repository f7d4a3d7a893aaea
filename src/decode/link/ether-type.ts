// What an EtherType (or an LLC header) is followed by: VLAN tags, MPLS, PPPoE, IP, or something that is skipped by
// name. IEEE 802.3 clause 3.2.6, IEEE 802.1Q clause 9, RFC 1042 for SNAP.

import { decodeMpls } from '../encap/mpls.ts';
import { decodePppoe } from '../encap/pppoe.ts';
import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { pushVlan } from '../vlan.ts';
import { ETHER_TYPE, LARGEST_LENGTH } from './ether-types.ts';

const SNAP_SAP = 0xaa;
const IP_SAP = 0x06;
const LLC_HEADER = 3;
const SNAP_HEADER = 8;
/** A tag under SNAP may have LLC behind it once more, as bridges write it; nobody goes on like that. */
const MAX_LLC = 4;
const BRIDGE_TUNNEL = 0x0000f8;

/** Goes on at `at` with what `type` announces. */
export function decodeEtherType(packet: PacketView, type: number, at: number): void {
  // One comparison each for nearly all there is.
  if (type === ETHER_TYPE.ipv4) decodeIpv4(packet, at);
  else if (type === ETHER_TYPE.ipv6) decodeIpv6(packet, at);
  else decodeOther(packet, type, at, 0);
}

/** `depth` is how many LLC headers came before. */
function decodeOther(packet: PacketView, type: number, at: number, depth: number): void {
  for (;;) {
    switch (type) {
      case ETHER_TYPE.ipv4:
        decodeIpv4(packet, at);
        return;
      case ETHER_TYPE.ipv6:
        decodeIpv6(packet, at);
        return;
      case ETHER_TYPE.vlan:
      case ETHER_TYPE.vlanService:
      case ETHER_TYPE.vlanOld:
      case ETHER_TYPE.vlanOlder:
        if (packet.end - at < 4) {
          skip(packet, SKIP.truncatedBeforeIp, 0);
          return;
        }
        packet.vlans = pushVlan(packet.vlans, packet.view.getUint16(at) & 0xfff);
        type = packet.view.getUint16(at + 2);
        at += 4;
        break;
      case ETHER_TYPE.arp:
        skip(packet, SKIP.arp, 0);
        return;
      case ETHER_TYPE.mpls:
      case ETHER_TYPE.mplsMulticast:
        decodeMpls(packet, at, type);
        return;
      case ETHER_TYPE.pppoeSession:
        decodePppoe(packet, at);
        return;
      default:
        if (type <= LARGEST_LENGTH) decodeLlc(packet, at, depth);
        else skip(packet, SKIP.etherType, type);
        return;
    }
  }
}

/** An IEEE 802.2 header: IP under SNAP or under its own SAP, and all else skipped by its SAP. */
export function decodeLlc(packet: PacketView, at: number, depth = 0): void {
  const view = packet.view;
  if (depth === MAX_LLC) {
    skip(packet, SKIP.tooManyLayers, 0);
    return;
  }
  if (packet.end - at < LLC_HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const sap = view.getUint8(at);
  if (sap === IP_SAP && view.getUint8(at + 1) === IP_SAP) {
    decodeIpv4(packet, at + LLC_HEADER);
    return;
  }
  if (sap !== SNAP_SAP || view.getUint8(at + 1) !== SNAP_SAP) {
    skip(packet, SKIP.llc, sap);
    return;
  }
  if (packet.end - at < SNAP_HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const organisation = view.getUint32(at + LLC_HEADER) >>> 8;
  const type = view.getUint16(at + 6);
  if ((organisation === 0 || organisation === BRIDGE_TUNNEL) && type > LARGEST_LENGTH) {
    decodeOther(packet, type, at + SNAP_HEADER, depth + 1);
  } else {
    skip(packet, SKIP.snap, organisation * 65536 + type);
  }
}
