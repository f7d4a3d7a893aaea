// Linux's NFLOG (LINKTYPE_NFLOG, 239): an address family, then attributes in the byte order of the machine that
// captured; one of them is the packet.

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeRaw } from './raw.ts';

const HEADER = 4;
const ATTRIBUTE = 4;
const PAYLOAD = 9;
const ALIGNMENT = 4;
const FAMILY = { unspecified: 0, ipv4: 2, ipv6: 10 } as const;

/** Reads the record, up to the packet in it. */
export function decodeNflog(packet: PacketView): void {
  const { view, start, end } = packet;
  if (end - start < HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const family = view.getUint8(start);
  if (family !== FAMILY.unspecified && family !== FAMILY.ipv4 && family !== FAMILY.ipv6) {
    skip(packet, SKIP.family, family);
    return;
  }
  const little = isLittleEndian(packet, start + HEADER);
  let at = start + HEADER;
  while (end - at >= ATTRIBUTE) {
    const length = view.getUint16(at, little);
    if (view.getUint16(at + 2, little) === PAYLOAD) {
      decodeRaw(packet, at + ATTRIBUTE);
      return;
    }
    // Shorter than its own header: it leads nowhere.
    if (length < ATTRIBUTE) break;
    at += Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  }
  skip(packet, SKIP.truncatedBeforeIp, 0);
}

/** Types are small numbers, so the order in which the first one is small is the right one. */
function isLittleEndian({ view, end }: PacketView, at: number): boolean {
  return end - at < ATTRIBUTE || view.getUint16(at + 2, true) < 256;
}
