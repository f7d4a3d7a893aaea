// Why a packet is in no flow. A reason is a code and a number that says more; its name is made when it is stored.

import { linkNumberText } from '../base/media.ts';
import type { PacketView } from './packet.ts';

export const SKIP = {
  none: 0,
  arp: 1,
  etherType: 2,
  llc: 3,
  snap: 4,
  family: 5,
  truncatedBeforeIp: 6,
  malformedIpv4: 7,
  malformedIpv6: 8,
  malformedIpVersion: 9,
  linkType: 10,
  ppp: 11,
  /** Stands for all reasons beyond the number that is kept. */
  other: 12,
  /** More encapsulations than are looked through. */
  tooManyLayers: 13,
  /** By WLAN. */
  wlan: 14,
  nlpid: 15,
  erf: 16,
  /** Of FDDI and token ring. */
  frameControl: 17,
} as const;

/** 802.11 frames that carry no packet, or none that can be read. */
export const WLAN = {
  management: 0,
  control: 1,
  extension: 2,
  noData: 3,
  fragment: 4,
  encrypted: 5,
} as const;

const WLAN_REASONS = [
  'non-ip:802.11-management',
  'non-ip:802.11-control',
  'non-ip:802.11-extension',
  'non-ip:802.11-null',
  'non-ip:802.11-fragment',
  'encrypted-802.11',
] as const;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** The reason's name, as it stands in the table `skipped`. */
export function skipName(code: number, detail: number): string {
  switch (code) {
    case SKIP.arp:
      return 'arp';
    case SKIP.etherType:
      return `non-ip:0x${hex(detail, 4)}`;
    case SKIP.llc:
      return `non-ip:llc-0x${hex(detail, 2)}`;
    case SKIP.snap:
      return `non-ip:snap-${hex(Math.floor(detail / 65536), 6)}-0x${hex(detail % 65536, 4)}`;
    case SKIP.family:
      return `non-ip:af-${detail}`;
    case SKIP.truncatedBeforeIp:
      return 'truncated-before-ip';
    case SKIP.malformedIpv4:
      return 'malformed-ipv4-header';
    case SKIP.malformedIpv6:
      return 'malformed-ipv6-header';
    case SKIP.malformedIpVersion:
      return 'malformed-ip-version';
    case SKIP.linkType:
      return `unsupported-link-type:${linkNumberText(detail)}`;
    case SKIP.ppp:
      return `non-ip:ppp-0x${hex(detail, 4)}`;
    case SKIP.tooManyLayers:
      return 'too-many-encapsulations';
    case SKIP.wlan:
      return WLAN_REASONS[detail];
    case SKIP.nlpid:
      return `non-ip:nlpid-0x${hex(detail, 2)}`;
    case SKIP.frameControl:
      return `non-ip:frame-control-0x${hex(detail, 2)}`;
    case SKIP.erf:
      return `non-ip:erf-${detail}`;
    default:
      return 'other';
  }
}

/** Marks the packet as belonging to no flow. */
export function skip(packet: PacketView, code: number, detail: number): void {
  packet.skip = code;
  packet.skipDetail = detail;
}
