// Endace's ERF records as a link type (LINKTYPE_ERF, 197): a header of 16 bytes, extension headers of 8, and what the
// type says. Types are those of the ERF Types Reference.

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodePppFrame } from './ppp.ts';
import { decodeRaw } from './raw.ts';

const HEADER = 16;
const TYPE = 8;
const WIRE_LENGTH = 14;
const MORE = 0x80;
const EXTENSION = 8;
const ETHERNET_PAD = 2;

const ETHERNET: readonly number[] = [2, 11, 16, 20];
const HDLC: readonly number[] = [1, 10, 15, 19];
const IP: readonly number[] = [22, 23];

/** Reads the record. */
export function decodeErf(packet: PacketView): void {
  const { view, start, end } = packet;
  if (end - start < HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const type = view.getUint8(start + TYPE) & ~MORE;
  let at = start + HEADER;
  let more = (view.getUint8(start + TYPE) & MORE) !== 0;
  while (more && at < end) {
    more = (view.getUint8(at) & MORE) !== 0;
    at += EXTENSION;
  }
  const wireLength = view.getUint16(start + WIRE_LENGTH);
  if (ETHERNET.includes(type)) {
    narrow(packet, at + ETHERNET_PAD + wireLength);
    decodeEthernet(packet, at + ETHERNET_PAD);
  } else if (HDLC.includes(type)) decodePppFrame(packet, at);
  else if (IP.includes(type)) decodeRaw(packet, at);
  else skip(packet, SKIP.erf, type);
}

/** Records are filled up to a multiple of eight bytes. */
function narrow(packet: PacketView, end: number): void {
  packet.end = Math.min(packet.end, end);
  packet.wireEnd = Math.max(packet.end, Math.min(packet.wireEnd, end));
}
