// Tags that a switch puts into Ethernet frames for its own processor: Marvell's DSA (LINKTYPE_DSA_TAG_DSA, 284) and
// EDSA (285), and Broadcom's behind the addresses (LINKTYPE_DSA_TAG_BRCM, 281).

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { pushVlan } from '../vlan.ts';
import { decodeEtherType } from './ether-type.ts';

const ADDRESSES = 12;
const TYPE = 2;
const BROADCOM_TAG = 4;
const DSA_TAG = 4;
/** The tag's own EtherType and two reserved bytes come first. */
const EDSA_PREFIX = 4;
/** The frame had an 802.1Q tag, whose place the switch's has taken. */
const TAGGED = 0x20000000;

/** Four bytes of Broadcom's between addresses and type. */
export function decodeBroadcomTag(packet: PacketView): void {
  decodeBehind(packet, BROADCOM_TAG, -1);
}

/** Marvell's four bytes. */
export function decodeDsaTag(packet: PacketView): void {
  decodeBehind(packet, DSA_TAG, 0);
}

/** Marvell's eight bytes. */
export function decodeEdsaTag(packet: PacketView): void {
  decodeBehind(packet, EDSA_PREFIX + DSA_TAG, EDSA_PREFIX);
}

/** Goes on behind a tag of `length` bytes; at `dsaAt` in it is the word that may hold a VLAN, -1 for none. */
function decodeBehind(packet: PacketView, length: number, dsaAt: number): void {
  const { view, start, end } = packet;
  const tag = start + ADDRESSES;
  const next = tag + length + TYPE;
  if (next > end) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  packet.linkGroup = view.getUint8(start) & 1;
  if (dsaAt >= 0) {
    const word = view.getUint32(tag + dsaAt);
    if ((word & TAGGED) !== 0) packet.vlans = pushVlan(0, word & 0xfff);
  }
  decodeEtherType(packet, view.getUint16(next - TYPE), next);
}
