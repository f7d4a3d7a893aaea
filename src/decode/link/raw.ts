// IP without a link header: LINKTYPE_RAW (101; 12 and 14 on some systems), LINKTYPE_IPV4 (228), LINKTYPE_IPV6 (229).

import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import type { PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';

/** Goes by the version in the first half byte, whatever the link type says. */
export function decodeRaw(packet: PacketView, at: number): void {
  if (packet.end <= at) {
    skip(packet, SKIP.truncatedBeforeIp, 0);
    return;
  }
  const version = packet.view.getUint8(at) >>> 4;
  if (version === 4) decodeIpv4(packet, at);
  else if (version === 6) decodeIpv6(packet, at);
  else skip(packet, SKIP.malformedIpVersion, 0);
}
