// FDDI (LINKTYPE_FDDI, 10; ANSI X3.139) and token ring (LINKTYPE_IEEE802_5, 6): both carry LLC behind their addresses.

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeLlc } from './ether-type.ts';

const FDDI = { header: 13, destination: 1 } as const;
const FDDI_LLC = 0x10;
const FDDI_TYPE = 0x30;

const RING = { header: 14, destination: 2, source: 8 } as const;
const RING_LLC = 0x40;
const RING_TYPE = 0xc0;
const ROUTED = 0x80;
const ROUTE_LENGTH = 0x1f;

/** Frame control, two addresses, LLC. */
export function decodeFddi(packet: PacketView): void {
  const { view, start, end } = packet;
  if (end - start < FDDI.header) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  packet.linkGroup = isBroadcast(view, start + FDDI.destination);
  const control = view.getUint8(start);
  if ((control & FDDI_TYPE) === FDDI_LLC) decodeLlc(packet, start + FDDI.header);
  else skip(packet, SKIP.frameControl, control);
}

/** Access control, frame control, two addresses, a route where the source address says so, LLC. */
export function decodeTokenRing(packet: PacketView): void {
  const { view, start, end } = packet;
  if (end - start < RING.header + 1) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  packet.linkGroup = isBroadcast(view, start + RING.destination);
  const control = view.getUint8(start + 1);
  if ((control & RING_TYPE) !== RING_LLC) {
    skip(packet, SKIP.frameControl, control);
    return;
  }
  const routed = (view.getUint8(start + RING.source) & ROUTED) !== 0;
  const route = routed ? view.getUint8(start + RING.header) & ROUTE_LENGTH : 0;
  decodeLlc(packet, start + RING.header + route);
}

/** Which bit tells a group depends on the order of bits, which captures do not agree on; all of them are set in one. */
function isBroadcast(view: DataView, at: number): number {
  return view.getInt32(at) === -1 && view.getInt16(at + 4) === -1 ? 1 : 0;
}
