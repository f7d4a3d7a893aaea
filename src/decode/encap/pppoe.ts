// PPPoE sessions (RFC 2516 section 4): six bytes, then PPP without framing.

import { ETHER_TYPE } from '../link/ether-types.ts';
import { decodePpp } from '../link/ppp.ts';
import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { enterLink } from './enter.ts';
import { ENCAPSULATION } from './names.ts';

const HEADER = 6;
const VERSION_AND_TYPE = 0x11;
const SESSION_DATA = 0;
const LENGTH = 4;

/** Reads the header at `at`. */
export function decodePppoe(packet: PacketView, at: number): void {
  const { view } = packet;
  if (packet.end - at < HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  if (view.getUint8(at) !== VERSION_AND_TYPE || view.getUint8(at + 1) !== SESSION_DATA) {
    skip(packet, SKIP.etherType, ETHER_TYPE.pppoeSession);
    return;
  }
  const inside = at + HEADER;
  // A length beyond the frame is not believed: enterLink keeps the frame's own end.
  if (!enterLink(packet, ENCAPSULATION.pppoe, inside + view.getUint16(at + LENGTH))) return;
  decodePpp(packet, inside);
}
