// Looks ahead whether what a tunnel carries begins with a header that can be true. Nothing is written: a tunnel whose
// inside is not as announced stays a flow of its outer packet, so that nobody hides behind a false header.

import { ETHER_TYPE, isVlan, LARGEST_LENGTH } from '../link/ether-types.ts';

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const ETHERNET_HEADER = 14;
const TAG = 4;
const LLC_HEADER = 3;
/** What lies between the largest 802.3 length and the smallest EtherType means nothing. */
const SMALLEST_TYPE = 0x0600;

/** Bytes that are looked at: captured up to `end`, on the wire up to `wireEnd`. */
export interface Inside {
  readonly view: DataView;
  readonly end: number;
  readonly wireEnd: number;
}

/** Whether an IPv4 header lies at `at`, as far as it was captured. */
export function holdsIpv4({ view, end, wireEnd }: Inside, at: number): boolean {
  if (wireEnd - at < IPV4_HEADER) return false;
  if (end - at < 1) return true;
  const first = view.getUint8(at);
  const header = (first & 15) * 4;
  if (first >>> 4 !== 4 || header < IPV4_HEADER || wireEnd - at < header) return false;
  if (end - at < 4) return true;
  const total = view.getUint16(at + 2);
  return total === 0 || total >= header;
}

/** Whether an IPv6 header lies at `at`, as far as it was captured. */
export function holdsIpv6({ view, end, wireEnd }: Inside, at: number): boolean {
  if (wireEnd - at < IPV6_HEADER) return false;
  return end - at < 1 || view.getUint8(at) >>> 4 === 6;
}

/** Whether an Ethernet frame begins at `at`: one whose type can be true and whose IP header is. */
export function holdsEthernet(inside: Inside, at: number): boolean {
  const { view, end, wireEnd } = inside;
  if (wireEnd - at < ETHERNET_HEADER) return false;
  if (end - at < ETHERNET_HEADER) return true;
  let type = view.getUint16(at + ETHERNET_HEADER - 2);
  let next = at + ETHERNET_HEADER;
  while (isVlan(type)) {
    if (wireEnd - next < TAG) return false;
    if (end - next < TAG) return true;
    type = view.getUint16(next + 2);
    next += TAG;
  }
  if (type === ETHER_TYPE.ipv4) return holdsIpv4(inside, next);
  if (type === ETHER_TYPE.ipv6) return holdsIpv6(inside, next);
  if (type > LARGEST_LENGTH) return type >= SMALLEST_TYPE;
  return type >= LLC_HEADER && type <= wireEnd - next;
}
