// Tunnels over UDP, by the destination port they are registered under. A port proves nothing: the tunnel's header and
// what it carries must be wholly right, or the packet is UDP and no more.

import type { PacketView } from '../packet.ts';
import { decodeGeneve } from './geneve.ts';
import { decodeGtpu } from './gtpu.ts';
import { decodeVxlan } from './vxlan.ts';

const GTPU = 2152;
const VXLAN = 4789;
const GENEVE = 6081;
/** What Linux used before there was a registered port, and what some overlays still do. */
const VXLAN_LINUX = 8472;
const UDP_HEADER = 8;
const UDP_LENGTH = 4;

export function isTunnelPort(port: number): boolean {
  return port === VXLAN || port === GTPU || port === GENEVE || port === VXLAN_LINUX;
}

/**
 * Goes into what the UDP header at `at` carries, whose destination port is one of those. False where that is no
 * tunnel, and nothing was changed: see decodeInnerIp.
 */
export function decodeUdpTunnel(packet: PacketView, at: number, end: number, length: number): boolean {
  if (end - at < UDP_HEADER) return false;
  const claimed = packet.view.getUint16(at + UDP_LENGTH);
  // A first fragment is shorter than its datagram.
  if (claimed < UDP_HEADER || (claimed > length && packet.fragment === 0)) return false;
  const wireEnd = at + Math.min(claimed, length);
  const inside = { view: packet.view, end: Math.min(end, wireEnd), wireEnd };
  const port = packet.dstPort;
  switch (port) {
    case GTPU:
      return decodeGtpu(packet, inside, at + UDP_HEADER, claimed - UDP_HEADER, port);
    case GENEVE:
      return decodeGeneve(packet, inside, at + UDP_HEADER, port);
    default:
      return decodeVxlan(packet, inside, at + UDP_HEADER, port);
  }
}
