// 802.11 (LINKTYPE_IEEE802_11, 105; IEEE 802.11-2020 clause 9.2.4): data frames carry LLC, all others no packet.

import type { PacketView } from '../packet.ts';
import { SKIP, skip, WLAN } from '../skip.ts';
import { decodeLlc } from './ether-type.ts';

const FLAGS = 1;
const ADDRESS_1 = 4;
const ADDRESS_3 = 16;
const SEQUENCE_CONTROL = 22;
const HEADER = 24;
const FOURTH_ADDRESS = 6;
const QOS_CONTROL = 2;
const HT_CONTROL = 4;
const SUBFRAME_HEADER = 14;

const TYPE = { management: 0, control: 1, data: 2 } as const;
const QOS = 8;
const NO_DATA = 4;
const TO_DISTRIBUTION = 0x01;
const FROM_DISTRIBUTION = 0x02;
const PROTECTED = 0x40;
const ORDER = 0x80;
const AGGREGATED = 0x80;

/** Reads the frame at `at`; `padded` where the header is filled up to a multiple of four bytes. */
export function decodeWlan(packet: PacketView, at: number, padded: boolean): void {
  const { view, end } = packet;
  if (end - at < 2) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const type = (view.getUint8(at) >>> 2) & 3;
  const subtype = view.getUint8(at) >>> 4;
  const flags = view.getUint8(at + FLAGS);
  if (type !== TYPE.data) {
    const names = [WLAN.management, WLAN.control, WLAN.noData, WLAN.extension];
    skip(packet, SKIP.wlan, names[type]);
    return;
  }
  if ((subtype & NO_DATA) !== 0) skip(packet, SKIP.wlan, WLAN.noData);
  else if ((flags & PROTECTED) !== 0) skip(packet, SKIP.wlan, WLAN.encrypted);
  else if (end - at < HEADER) skip(packet, SKIP.truncatedBeforeIp, 0);
  else if ((view.getUint8(at + SEQUENCE_CONTROL) & 15) !== 0) skip(packet, SKIP.wlan, WLAN.fragment);
  else decodeData(packet, at, subtype, flags, padded);
}

/** Of an aggregate of several packets, the first stands for all. */
function decodeData(packet: PacketView, at: number, subtype: number, flags: number, padded: boolean): void {
  const { view, end } = packet;
  const toDistribution = (flags & TO_DISTRIBUTION) !== 0;
  packet.linkGroup = view.getUint8(at + (toDistribution ? ADDRESS_3 : ADDRESS_1)) & 1;
  let header = HEADER;
  if (toDistribution && (flags & FROM_DISTRIBUTION) !== 0) header += FOURTH_ADDRESS;
  let aggregated = false;
  if ((subtype & QOS) !== 0) {
    if (end - at < header + QOS_CONTROL) {
      skip(packet, SKIP.truncatedBeforeIp, 0);
      return;
    }
    aggregated = (view.getUint8(at + header) & AGGREGATED) !== 0;
    header += QOS_CONTROL;
    if ((flags & ORDER) !== 0) header += HT_CONTROL;
  }
  if (padded) header = (header + 3) & ~3;
  if (aggregated) header += SUBFRAME_HEADER;
  decodeLlc(packet, at + header);
}
