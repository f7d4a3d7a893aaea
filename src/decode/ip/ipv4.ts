// IPv4 (RFC 791): one length check at the border of the header, then plain reads.

import { FRAGMENT, type PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeTransport } from '../transport/index.ts';

const MIN_HEADER = 20;
const TOTAL_LENGTH = 2;
const IDENTIFICATION = 4;
const FRAGMENT_FIELD = 6;
const PROTOCOL_FIELD = 9;
const SOURCE = 12;
const DESTINATION = 16;
const OFFSET_MASK = 0x1fff;
const MORE = 0x2000;

/** Reads the packet at `at`, to its transport. */
export function decodeIpv4(packet: PacketView, at: number): void {
  const view = packet.view;
  if (packet.end - at < MIN_HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const versionAndLength = view.getUint8(at);
  const header = (versionAndLength & 15) * 4;
  let total = view.getUint16(at + TOTAL_LENGTH);
  const onWire = packet.wireEnd - at;
  // A sender that leaves segmentation to the card writes 0; a length beyond the wire is not believed.
  if (total === 0 || total > onWire) total = onWire;
  if (versionAndLength >>> 4 !== 4 || header < MIN_HEADER || total < header) {
    skip(packet, SKIP.malformedIpv4, 0);
    return;
  }
  packet.ipVersion = 4;
  packet.src0 = view.getInt32(at + SOURCE);
  packet.dst0 = view.getInt32(at + DESTINATION);
  packet.ipId = view.getUint16(at + IDENTIFICATION);
  const protocol = view.getUint8(at + PROTOCOL_FIELD);
  packet.protocol = protocol;

  const end = Math.min(at + total, packet.end);
  const fragment = view.getUint16(at + FRAGMENT_FIELD);
  if ((fragment & (OFFSET_MASK | MORE)) !== 0) {
    if ((fragment & OFFSET_MASK) !== 0) {
      packet.fragment |= FRAGMENT.later;
      packet.inner = protocol;
      packet.payloadBytes = total - header;
      return;
    }
    packet.fragment |= FRAGMENT.first;
  }
  decodeTransport(packet, protocol, at + header, end, total - header);
}
