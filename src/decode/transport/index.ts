// From an IP protocol number to the reader of its header. A new transport is a file and a case.

import { PROTOCOL } from '../../base/transport.ts';
import { decodeGre } from '../encap/gre.ts';
import { decodeInnerIp } from '../encap/ip-in-ip.ts';
import type { PacketView } from '../packet.ts';
import { decodeIcmp, decodeIcmp6 } from './icmp.ts';
import { decodeSctp, decodeTcp, decodeUdp } from './ports.ts';

/**
 * Reads the transport header of protocol `inner` at `at`. `end` is where captured bytes of the IP packet stop,
 * `length` how long the IP payload says it is from there on.
 */
export function decodeTransport(
  packet: PacketView,
  inner: number,
  at: number,
  end: number,
  length: number,
): void {
  packet.inner = inner;
  switch (inner) {
    case PROTOCOL.tcp:
      decodeTcp(packet, at, end, length);
      return;
    case PROTOCOL.udp:
      decodeUdp(packet, at, end, length);
      return;
    case PROTOCOL.icmp:
      decodeIcmp(packet, at, end, length);
      return;
    case PROTOCOL.icmp6:
      decodeIcmp6(packet, at, end, length);
      return;
    case PROTOCOL.sctp:
      decodeSctp(packet, at, end, length);
      return;
    case PROTOCOL.ah:
      decodeAh(packet, at, end, length);
      return;
    case PROTOCOL.gre:
      packet.payloadBytes = length;
      decodeGre(packet, at, end, length);
      return;
    case PROTOCOL.ipip:
      packet.payloadBytes = length;
      decodeInnerIp(packet, 4, at, end, length);
      return;
    case PROTOCOL.ipv6:
      packet.payloadBytes = length;
      decodeInnerIp(packet, 6, at, end, length);
      return;
    default:
      packet.payloadBytes = length;
  }
}

const AH_FIXED = 12;

/** AH leaves what it protects readable (RFC 4302 section 2): the flow is the five-tuple inside. */
function decodeAh(packet: PacketView, at: number, end: number, length: number): void {
  const view = packet.view;
  packet.protocol = PROTOCOL.ah;
  let next: number = PROTOCOL.ah;
  while (next === PROTOCOL.ah) {
    if (end - at < AH_FIXED) {
      packet.portsUnread = 1;
      packet.payloadBytes = 0;
      return;
    }
    const header = (view.getUint8(at + 1) + 2) * 4;
    next = view.getUint8(at);
    at += header;
    length = Math.max(length - header, 0);
  }
  decodeTransport(packet, next, at, end, length);
}
