// BSD loopback: a four-byte address family in the byte order of the machine that captured (LINKTYPE_NULL, 0) or
// in network order (LINKTYPE_LOOP, 108). The number for IPv6 differs between systems.

import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';

const HEADER = 4;
const INET = 2;
const INET6_LINUX = 10;
const INET6_WINDOWS = 23;
const INET6_NETBSD = 24;
const INET6_FREEBSD = 28;
const INET6_MACOS = 30;

/** Reads either kind: which byte order is right shows in the value. */
export function decodeLoopback(packet: PacketView): void {
  const at = packet.start;
  if (packet.end - at < HEADER) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  // Families are small numbers, so the order in which the value is small is the right one.
  const big = packet.view.getUint32(at);
  const family = big > 0xffff ? packet.view.getUint32(at, true) : big;
  switch (family) {
    case INET:
      decodeIpv4(packet, at + HEADER);
      return;
    case INET6_LINUX:
    case INET6_WINDOWS:
    case INET6_NETBSD:
    case INET6_FREEBSD:
    case INET6_MACOS:
      decodeIpv6(packet, at + HEADER);
      return;
    default:
      skip(packet, SKIP.family, family);
  }
}
