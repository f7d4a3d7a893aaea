// How a packet is left for the one inside it: the outer addresses are noted down, and from there on the packet ends
// where the tunnel's payload does.

import { FRAGMENT, type OuterFragment, type PacketView } from '../packet.ts';
import { SKIP, skip } from '../skip.ts';
import { pushLayer } from './names.ts';
import { tunnels } from './tunnels.ts';

/** For layers whose outer packet has no destination port. */
export const NO_PORT = -1;

/**
 * Goes inside layer `code`, which an IP packet carries that is read already; `end` and `wireEnd` are where its payload
 * stops. False where that is one layer too many, with the reason set.
 */
export function enterIp(
  packet: PacketView,
  code: number,
  end: number,
  wireEnd: number,
  port: number,
): boolean {
  if (!push(packet, code, true, port)) return false;
  if ((packet.fragment & FRAGMENT.first) !== 0) packet.outerFragments = outerFragment(packet);
  else if ((packet.fragment & FRAGMENT.around) === 0) packet.outerFragments = null;
  packet.encapsulation = tunnels.keyOf(packet.tunnel);
  packet.fragment = packet.outerFragments === null ? FRAGMENT.none : FRAGMENT.around;
  packet.end = end;
  packet.wireEnd = wireEnd;
  packet.srcPort = 0;
  packet.dstPort = 0;
  // What the outer frame was sent to says nothing about the packet inside.
  packet.linkGroup = 0;
  return true;
}

/** The same for a layer between link and IP; `wireEnd` is where its own length says that it ends. */
export function enterLink(packet: PacketView, code: number, wireEnd: number): boolean {
  if (!push(packet, code, false, NO_PORT)) return false;
  packet.encapsulation = tunnels.keyOf(packet.tunnel);
  packet.wireEnd = Math.min(packet.wireEnd, wireEnd);
  packet.end = Math.min(packet.end, wireEnd);
  return true;
}

function push(packet: PacketView, code: number, onIp: boolean, port: number): boolean {
  const stack = pushLayer(tunnels.stackOf(packet.tunnel), code);
  if (stack < 0) {
    skip(packet, SKIP.tooManyLayers, 0);
    return false;
  }
  packet.tunnel = tunnels.number(packet, code, stack, onIp, port);
  return true;
}

/** What the later fragments of the outer packet will be known by. */
function outerFragment(packet: PacketView): OuterFragment {
  const { ipVersion, src0, src1, src2, src3, dst0, dst1, dst2, dst3, ipId, protocol, encapsulation } = packet;
  const next = (packet.fragment & FRAGMENT.around) === 0 ? null : packet.outerFragments;
  return {
    ipVersion,
    src0,
    src1,
    src2,
    src3,
    dst0,
    dst1,
    dst2,
    dst3,
    ipId,
    protocol,
    encapsulation,
    next,
  };
}
