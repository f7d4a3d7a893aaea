// SunATM (LINKTYPE_SUNATM, 123): flags, VPI and VCI, then LLC where the flags say so.

import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeLlc } from './ether-type.ts';

const HEADER = 4;
const TRAFFIC_TYPE = 0x0f;
const LLC = 2;
const SUNATM = 123;

/** Other kinds of traffic are signalling, LAN emulation or unknown. */
export function decodeSunAtm(packet: PacketView): void {
  const at = packet.start;
  if (packet.end - at < HEADER) skip(packet, SKIP.truncatedBeforeIp, 0);
  else if ((packet.view.getUint8(at) & TRAFFIC_TYPE) === LLC) decodeLlc(packet, at + HEADER);
  else skip(packet, SKIP.linkType, SUNATM);
}
