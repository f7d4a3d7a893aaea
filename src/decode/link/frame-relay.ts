// Frame Relay (LINKTYPE_FRELAY, 107, and _WITH_DIR, 206): the Q.922 address, then RFC 2427's control and NLPID, or
// an EtherType as Cisco puts it.

import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeEtherType } from './ether-type.ts';
import { LARGEST_LENGTH } from './ether-types.ts';

const MAX_ADDRESS = 4;
const LAST_OCTET = 1;
const UNNUMBERED = 0x03;
const NLPID = { pad: 0x00, snap: 0x80, ipv6: 0x8e, ipv4: 0xcc } as const;
const SNAP_HEADER = 5;

/** Reads the frame at `at`. */
export function decodeFrameRelay(packet: PacketView, at: number): void {
  const { view, end } = packet;
  let next = at;
  do next++;
  while (next < end && next - at < MAX_ADDRESS && (view.getUint8(next - 1) & LAST_OCTET) === 0);
  if (end - next < 2) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  if (view.getUint8(next) !== UNNUMBERED) {
    const type = view.getUint16(next);
    if (type > LARGEST_LENGTH) decodeEtherType(packet, type, next + 2);
    else skip(packet, SKIP.etherType, type);
    return;
  }
  next++;
  if (view.getUint8(next) === NLPID.pad && end - next > 1) next++;
  decodeNlpid(packet, view.getUint8(next), next + 1);
}

function decodeNlpid(packet: PacketView, nlpid: number, at: number): void {
  if (nlpid === NLPID.ipv4) decodeIpv4(packet, at);
  else if (nlpid === NLPID.ipv6) decodeIpv6(packet, at);
  else if (nlpid !== NLPID.snap) skip(packet, SKIP.nlpid, nlpid);
  else if (packet.end - at < SNAP_HEADER) skip(packet, SKIP.truncatedBeforeIp, 0);
  else {
    const organisation = packet.view.getUint16(at) * 256 + packet.view.getUint8(at + 2);
    const type = packet.view.getUint16(at + 3);
    if (organisation === 0 && type > LARGEST_LENGTH) decodeEtherType(packet, type, at + SNAP_HEADER);
    else skip(packet, SKIP.snap, organisation * 65536 + type);
  }
}
