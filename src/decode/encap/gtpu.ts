// GTP-U, version 1 (3GPP TS 29.281 section 5.1): only a G-PDU carries a user's packet.

import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import type { PacketView } from '../packet.ts';
import { enterIp } from './enter.ts';
import { holdsIpv4, holdsIpv6, type Inside } from './inside.ts';
import { ENCAPSULATION } from './names.ts';

const HEADER = 8;
const OPTIONAL = 4;
const NEXT_EXTENSION = 11;
const G_PDU = 255;
/** Version 1, GTP and not GTP', and a spare bit that is 0. */
const FIXED = 0xf8;
const FIXED_VALUE = 0x30;
const EXTENSION_BIT = 0x04;
const ANY_OPTIONAL = 0x07;

/** Reads the header at `at`, in a datagram of `length` bytes. False where it is none. */
export function decodeGtpu(
  packet: PacketView,
  inside: Inside,
  at: number,
  length: number,
  port: number,
): boolean {
  const { view } = packet;
  if (inside.end - at < HEADER) return false;
  const flags = view.getUint8(at);
  if ((flags & FIXED) !== FIXED_VALUE || view.getUint8(at + 1) !== G_PDU) return false;
  if (view.getUint16(at + 2) !== length - HEADER) return false;
  const next = userPacket(inside, at, flags);
  if (next < 0) return false;
  const version4 = holdsIpv4(inside, next);
  if (!version4 && !holdsIpv6(inside, next)) return false;
  if (!enterIp(packet, ENCAPSULATION.gtpu, inside.end, inside.wireEnd, port)) return true;
  if (version4) decodeIpv4(packet, next);
  else decodeIpv6(packet, next);
  return true;
}

/** Where the user's packet begins, behind the extension headers; -1 where they are cut or wrong. */
function userPacket({ view, end }: Inside, at: number, flags: number): number {
  if ((flags & ANY_OPTIONAL) === 0) return at + HEADER;
  let next = at + HEADER + OPTIONAL;
  if (next > end) return -1;
  let type = (flags & EXTENSION_BIT) === 0 ? 0 : view.getUint8(at + NEXT_EXTENSION);
  while (type !== 0) {
    if (next >= end) return -1;
    const length = view.getUint8(next) * 4;
    if (length === 0 || next + length > end) return -1;
    next += length;
    type = view.getUint8(next - 1);
  }
  return next;
}
