// Link types that are read, by the number a capture file gives them (the registry of "Link-Layer Types for PCAP
// and PCAPNG Capture File Formats", draft-ietf-opsawg-pcaplinktype). A new one is a file, a case and a name.

import { linkNumberText } from '../../base/media.ts';
import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeLinuxCooked, decodeLinuxCooked2 } from './linux-cooked.ts';
import { decodeLoopback } from './loopback.ts';
import { decodeRaw } from './raw.ts';

const LINK = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  loop: 108,
  sll: 113,
  ipv4: 228,
  ipv6: 229,
  sll2: 276,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [LINK.null, 'null'],
  [LINK.ethernet, 'ethernet'],
  [LINK.rawBsd, 'raw'],
  [LINK.rawOpenBsd, 'raw'],
  [LINK.raw, 'raw'],
  [LINK.loop, 'loop'],
  [LINK.sll, 'linux-sll'],
  [LINK.ipv4, 'ipv4'],
  [LINK.ipv6, 'ipv6'],
  [LINK.sll2, 'linux-sll2'],
]);

/** The link type's name in lower case, or its number where it has none here. */
export function linkTypeName(linkType: number): string {
  return NAMES.get(linkType) ?? linkNumberText(linkType);
}

/**
 * Fills `packet` from a record: `length` captured bytes at `offset` of `view`, `wireLength` on the wire. Time and
 * ordinal are the caller's. Never throws: what cannot be read ends in a skip reason or a flow without ports.
 */
export function decodeRecord(
  packet: PacketView,
  view: DataView,
  offset: number,
  length: number,
  wireLength: number,
  linkType: number,
): void {
  packet.view = view;
  packet.start = offset;
  packet.end = offset + length;
  packet.wireEnd = offset + Math.max(wireLength, length);
  packet.wireBytes = wireLength;
  packet.skip = SKIP.none;
  packet.srcPort = 0;
  packet.dstPort = 0;
  packet.portsUnread = 0;
  packet.tcpFlags = 0;
  packet.tcpSeq = 0;
  packet.tcpAck = 0;
  packet.hint = 0;
  packet.quoteAt = 0;
  packet.payloadProtocol = 0;
  packet.payloadAt = 0;
  packet.fragment = 0;
  packet.vlans = 0;
  packet.linkGroup = 0;
  decodeLink(packet, linkType);
  packet.rare =
    packet.fragment | packet.quoteAt | packet.portsUnread | packet.linkGroup | packet.payloadProtocol;
}

function decodeLink(packet: PacketView, linkType: number): void {
  switch (linkType) {
    case LINK.ethernet:
      decodeEthernet(packet);
      return;
    case LINK.raw:
    case LINK.rawBsd:
    case LINK.rawOpenBsd:
    case LINK.ipv4:
    case LINK.ipv6:
      decodeRaw(packet);
      return;
    case LINK.sll:
      decodeLinuxCooked(packet);
      return;
    case LINK.sll2:
      decodeLinuxCooked2(packet);
      return;
    case LINK.null:
    case LINK.loop:
      decodeLoopback(packet);
      return;
    default:
      skip(packet, SKIP.linkType, linkType);
  }
}
