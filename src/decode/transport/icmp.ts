// ICMP and ICMPv6: the family of the type makes the flow, and some errors refuse another.
// RFC 792, RFC 1812 section 5.2.7.1, RFC 4443.

import { HINT, type PacketView } from '../packet.ts';

const HEADER = 8;
/** Stands for a type that could not be read. */
const UNREAD = 0xffff;

const ECHO_REPLY = 0;
const UNREACHABLE = 3;
const ECHO = 8;
const TIMESTAMP = 13;
const TIMESTAMP_REPLY = 14;
const PORT_UNREACHABLE = 3;
const NETWORK_PROHIBITED = 9;
const HOST_PROHIBITED = 10;
const ADMINISTRATIVELY_PROHIBITED = 13;

const V6_UNREACHABLE = 1;
const V6_PROHIBITED = 1;
const V6_PORT_UNREACHABLE = 4;
const V6_ECHO = 128;
const V6_ECHO_REPLY = 129;

/** ICMP: sets the family as both ports, and marks replies and errors that refuse. */
export function decodeIcmp(packet: PacketView, at: number, end: number, length: number): void {
  if (!readType(packet, at, end, length)) return;
  const type = packet.view.getUint8(at);
  if (type === ECHO_REPLY || type === TIMESTAMP_REPLY) packet.hint = HINT.reply;
  setFamily(packet, type === ECHO_REPLY ? ECHO : type === TIMESTAMP_REPLY ? TIMESTAMP : type);
  if (type === UNREACHABLE) {
    const code = packet.view.getUint8(at + 1);
    const refuses =
      code === PORT_UNREACHABLE ||
      code === NETWORK_PROHIBITED ||
      code === HOST_PROHIBITED ||
      code === ADMINISTRATIVELY_PROHIBITED;
    if (refuses) packet.quoteAt = at + HEADER;
  }
}

/** The same for ICMPv6. */
export function decodeIcmp6(packet: PacketView, at: number, end: number, length: number): void {
  if (!readType(packet, at, end, length)) return;
  const type = packet.view.getUint8(at);
  if (type === V6_ECHO_REPLY) packet.hint = HINT.reply;
  setFamily(packet, type === V6_ECHO_REPLY ? V6_ECHO : type);
  if (type === V6_UNREACHABLE) {
    const code = packet.view.getUint8(at + 1);
    if (code === V6_PORT_UNREACHABLE || code === V6_PROHIBITED) packet.quoteAt = at + HEADER;
  }
}

function readType(packet: PacketView, at: number, end: number, length: number): boolean {
  packet.payloadBytes = length > HEADER ? length - HEADER : 0;
  if (end - at >= 2) return true;
  setUnreadFamily(packet);
  return false;
}

/** The family of what lacks its type: cut before it, or a fragment without its first one. */
export function setUnreadFamily(packet: PacketView): void {
  setFamily(packet, UNREAD);
}

function setFamily(packet: PacketView, family: number): void {
  packet.srcPort = family;
  packet.dstPort = family;
}
