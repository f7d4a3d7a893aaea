// Geneve (RFC 8926 section 3.4).

import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import { ETHER_TYPE } from '../link/ether-types.ts';
import { decodeEthernet } from '../link/ethernet.ts';
import type { PacketView } from '../packet.ts';
import { enterIp } from './enter.ts';
import { holdsEthernet, holdsIpv4, holdsIpv6, type Inside } from './inside.ts';
import { ENCAPSULATION } from './names.ts';

const HEADER = 8;
const OPTION_HEADER = 4;
const OPTION_LENGTH = 0x1f;
/** A control packet carries no one's traffic. */
const CONTROL = 0x80;
const RESERVED = 0x3f;

/** Reads the header at `at`. False where it is none. */
export function decodeGeneve(packet: PacketView, inside: Inside, at: number, port: number): boolean {
  const { view } = packet;
  if (inside.end - at < HEADER || view.getUint8(at) >>> 6 !== 0) return false;
  if ((view.getUint8(at + 1) & (CONTROL | RESERVED)) !== 0 || view.getUint8(at + 7) !== 0) return false;
  const next = at + HEADER + (view.getUint8(at) & 0x3f) * 4;
  if (next > inside.end || !optionsFill(view, at + HEADER, next)) return false;
  const type = view.getUint16(at + 2);
  const decodeInner = INNER.get(type);
  if (decodeInner === undefined || !decodeInner.holds(inside, next)) return false;
  if (enterIp(packet, ENCAPSULATION.geneve, inside.end, inside.wireEnd, port))
    decodeInner.decode(packet, next);
  return true;
}

/** Whether the options, one behind the other, end where the header says that they do. */
function optionsFill(view: DataView, at: number, end: number): boolean {
  while (at < end) at += OPTION_HEADER + (view.getUint8(at + 3) & OPTION_LENGTH) * 4;
  return at === end;
}

const INNER = new Map([
  [ETHER_TYPE.ipv4 as number, { holds: holdsIpv4, decode: decodeIpv4 }],
  [ETHER_TYPE.ipv6, { holds: holdsIpv6, decode: decodeIpv6 }],
  [ETHER_TYPE.teb, { holds: holdsEthernet, decode: decodeEthernet }],
]);
