// What drivers put in front of 802.11 frames: radiotap (LINKTYPE_IEEE802_11_RADIOTAP, 127; radiotap.org), AVS (163) and
// Prism (119), which are told apart by their first word.

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeWlan } from './wlan.ts';

const RADIOTAP = { header: 8, length: 2, present: 4 } as const;
const PRESENT_TSFT = 1 << 0;
const PRESENT_FLAGS = 1 << 1;
const PRESENT_MORE = 1 << 31;
const TSFT_BYTES = 8;
const FLAG_PADDED = 0x20;

const AVS = { header: 8, length: 4, magic: 0x80211000 } as const;
const AVS_MAGIC_BITS = 0xfffff000;
const PRISM_HEADER = 144;

/** A little-endian header, of which only its length and whether the frame's header is filled up matter. */
export function decodeRadiotap(packet: PacketView): void {
  const { view, start, end } = packet;
  if (end - start < RADIOTAP.header) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const length = Math.max(view.getUint16(start + RADIOTAP.length, true), RADIOTAP.header);
  decodeWlan(packet, start + length, isPadded(packet, start, Math.min(start + length, end)));
}

function isPadded({ view }: PacketView, start: number, end: number): boolean {
  const present = view.getInt32(start + RADIOTAP.present, true);
  if ((present & PRESENT_FLAGS) === 0) return false;
  let at = start + RADIOTAP.present;
  while (end - at >= 4 && (view.getInt32(at, true) & PRESENT_MORE) !== 0) at += 4;
  at += 4;
  // Fields are aligned to their own size, counted from the header's start.
  if ((present & PRESENT_TSFT) !== 0) at = start + ((at - start + 7) & ~7) + TSFT_BYTES;
  return at < end && (view.getUint8(at) & FLAG_PADDED) !== 0;
}

/** A big-endian header that tells its length. */
export function decodeAvs(packet: PacketView, at: number): void {
  const { view, end } = packet;
  if (end - at < AVS.header) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  decodeWlan(packet, at + Math.max(view.getUint32(at + AVS.length), AVS.header), false);
}

/** A header of 144 bytes, unless it is AVS's under this number. */
export function decodePrism(packet: PacketView): void {
  const { view, start, end } = packet;
  const isAvs = end - start >= 4 && (view.getInt32(start) & AVS_MAGIC_BITS) === (AVS.magic | 0);
  if (isAvs) decodeAvs(packet, start);
  else decodeWlan(packet, start + PRISM_HEADER, false);
}
