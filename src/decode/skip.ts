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
  encapsulation: 11,
  /** Stands for all reasons beyond the number that is kept. */
  other: 12,
} as const;

/** Encapsulations that are known by name and not looked into. */
export const ENCAPSULATION_NAMES = ['mpls', 'pppoe', 'gre', 'ipip', '6in4'] as const;
export const ENCAPSULATION = { mpls: 0, pppoe: 1, gre: 2, ipip: 3, sixInFour: 4 } as const;

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
    case SKIP.encapsulation:
      return `unsupported-encapsulation:${ENCAPSULATION_NAMES[detail]}`;
    default:
      return 'other';
  }
}

/** Marks the packet as belonging to no flow. */
export function skip(packet: PacketView, code: number, detail: number): void {
  packet.skip = code;
  packet.skipDetail = detail;
}
