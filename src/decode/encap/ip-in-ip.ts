// IP inside IP: IPv4 (RFC 2003), IPv6 in IPv4 (RFC 4213), either in IPv6 (RFC 2473).

import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import type { PacketView } from '../packet.ts';
import { enterIp, NO_PORT } from './enter.ts';
import { holdsIpv4, holdsIpv6 } from './inside.ts';
import { ENCAPSULATION } from './names.ts';

/**
 * Goes into the packet of that IP version at `at`: `end` is where captured bytes of the outer one stop, `length` what
 * it says is left. False where there is none, and nothing was changed.
 */
export function decodeInnerIp(
  packet: PacketView,
  version: 4 | 6,
  at: number,
  end: number,
  length: number,
): boolean {
  const wireEnd = at + length;
  const inside = { view: packet.view, end, wireEnd };
  if (version === 4) {
    if (!holdsIpv4(inside, at)) return false;
    if (enterIp(packet, ENCAPSULATION.ipip, end, wireEnd, NO_PORT)) decodeIpv4(packet, at);
    return true;
  }
  if (!holdsIpv6(inside, at)) return false;
  const code = packet.ipVersion === 4 ? ENCAPSULATION.sixInFour : ENCAPSULATION.ipip;
  if (enterIp(packet, code, end, wireEnd, NO_PORT)) decodeIpv6(packet, at);
  return true;
}
