// IPv6 and its extension headers (RFC 8200, RFC 4302 for AH, RFC 6275 and others for the rest of the chain).

import { PROTOCOL } from '../../base/transport.ts';
import { FRAGMENT, type PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeTransport } from '../transport/index.ts';

const HEADER = 40;
const PAYLOAD_LENGTH = 4;
const NEXT_HEADER = 6;
const SOURCE = 8;
const DESTINATION = 24;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT_HEADER = 44;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;
const HIP = 139;
const SHIM6 = 140;

/** Reads the packet at `at`, to its transport. */
export function decodeIpv6(packet: PacketView, at: number): void {
  const view = packet.view;
  if (packet.end - at < HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  if (view.getUint8(at) >>> 4 !== 6) {
    skip(packet, SKIP.malformedIpv6, 0);
    return;
  }
  packet.ipVersion = 6;
  packet.src0 = view.getInt32(at + SOURCE);
  packet.src1 = view.getInt32(at + SOURCE + 4);
  packet.src2 = view.getInt32(at + SOURCE + 8);
  packet.src3 = view.getInt32(at + SOURCE + 12);
  packet.dst0 = view.getInt32(at + DESTINATION);
  packet.dst1 = view.getInt32(at + DESTINATION + 4);
  packet.dst2 = view.getInt32(at + DESTINATION + 8);
  packet.dst3 = view.getInt32(at + DESTINATION + 12);
  packet.ipId = 0;

  let length = view.getUint16(at + PAYLOAD_LENGTH);
  const onWire = packet.wireEnd - at - HEADER;
  // 0 is a jumbogram (RFC 2675) or a segment left to the card; a length beyond the wire is not believed.
  if (length === 0 || length > onWire) length = onWire;
  const start = at + HEADER;
  const end = Math.min(start + length, packet.end);
  const next = view.getUint8(at + NEXT_HEADER);
  packet.protocol = next;
  if (next === PROTOCOL.tcp || next === PROTOCOL.udp) decodeTransport(packet, next, start, end, length);
  else decodeChain(packet, next, start, end, length);
}

/** Walks the extension headers to the transport; each is at least eight bytes, so the packet bounds the walk. */
function decodeChain(packet: PacketView, next: number, at: number, end: number, length: number): void {
  const view = packet.view;
  let afterAh = false;
  for (;;) {
    if (!isExtension(next)) break;
    if (next === PROTOCOL.ah) {
      packet.protocol = PROTOCOL.ah;
      afterAh = true;
    }
    if (end - at < 8) {
      if (!afterAh) packet.protocol = next;
      packet.inner = next;
      packet.portsUnread = 1;
      packet.payloadBytes = 0;
      return;
    }
    const following = view.getUint8(at);
    let header = 8;
    if (next === FRAGMENT_HEADER) {
      const field = view.getUint16(at + 2);
      packet.ipId = view.getInt32(at + 4);
      if (field >>> 3 !== 0) {
        packet.fragment |= FRAGMENT.later;
        if (!afterAh) packet.protocol = following;
        packet.inner = following;
        packet.payloadBytes = length > header ? length - header : 0;
        return;
      }
      if ((field & 1) !== 0) packet.fragment |= FRAGMENT.first;
    } else if (next === PROTOCOL.ah) {
      header = (view.getUint8(at + 1) + 2) * 4;
    } else {
      header = (view.getUint8(at + 1) + 1) * 8;
    }
    at += header;
    length = length > header ? length - header : 0;
    next = following;
  }
  if (!afterAh) packet.protocol = next;
  decodeTransport(packet, next, at, end, length);
}

/** Whether another header follows the one of this number, so that the transport is not known from it. */
export function isExtension(next: number): boolean {
  return (
    next === HOP_BY_HOP ||
    next === ROUTING ||
    next === FRAGMENT_HEADER ||
    next === DESTINATION_OPTIONS ||
    next === MOBILITY ||
    next === HIP ||
    next === SHIM6 ||
    next === PROTOCOL.ah
  );
}
