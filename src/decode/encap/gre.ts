// GRE (RFC 2784, RFC 2890), its enhanced version for PPTP (RFC 2637), NVGRE (RFC 7637), and ERSPAN, which is Ethernet
// in GRE behind a header of its own (draft-foschiano-erspan: type I has none, type II has 8 bytes, type III 12 or 20).

import { decodeIpv4 } from '../ip/ipv4.ts';
import { decodeIpv6 } from '../ip/ipv6.ts';
import { ETHER_TYPE } from '../link/ether-types.ts';
import { decodeEthernet } from '../link/ethernet.ts';
import { decodePpp } from '../link/ppp.ts';
import type { PacketView } from '../packet.ts';
import { enterIp, NO_PORT } from './enter.ts';
import { holdsEthernet, holdsIpv4, holdsIpv6, type Inside } from './inside.ts';
import { decodeMpls } from './mpls.ts';
import { ENCAPSULATION } from './names.ts';

const HEADER = 4;
const CHECKSUM = 0x8000;
const ROUTING = 0x4000;
const KEY = 0x2000;
const SEQUENCE = 0x1000;
const ACKNOWLEDGED = 0x0080;
const VERSION = 0x0007;
/** What has to be 0 in version 0: strict source route, recursion and the flags after it. */
const RESERVED = 0x0ff8;

const ERSPAN_2 = { version: 1, header: 8 } as const;
const ERSPAN_3 = { version: 2, header: 12, subheader: 8, flags: 11 } as const;
const ERSPAN_3_FRAME_TYPE = 0x7c00;
const ERSPAN_3_IP = 0x0800;

/** Goes into what GRE carries. False where that is not known, and nothing was changed: see decodeInnerIp. */
export function decodeGre(packet: PacketView, at: number, end: number, length: number): boolean {
  const { view } = packet;
  if (end - at < HEADER || length < HEADER) return false;
  const flags = view.getUint16(at);
  const type = view.getUint16(at + 2);
  const wireEnd = at + length;
  const inside: Inside = { view, end, wireEnd };
  const next = at + headerLength(flags);
  if (next > wireEnd) return false;
  if ((flags & VERSION) === 1) return type === ETHER_TYPE.ppp && decodePptp(packet, flags, inside, at, next);
  if ((flags & VERSION) !== 0 || (flags & (ROUTING | RESERVED)) !== 0) return false;
  switch (type) {
    case ETHER_TYPE.ipv4:
      if (!holdsIpv4(inside, next)) return false;
      if (enterIp(packet, ENCAPSULATION.gre, end, wireEnd, NO_PORT)) decodeIpv4(packet, next);
      return true;
    case ETHER_TYPE.ipv6:
      if (!holdsIpv6(inside, next)) return false;
      if (enterIp(packet, ENCAPSULATION.gre, end, wireEnd, NO_PORT)) decodeIpv6(packet, next);
      return true;
    case ETHER_TYPE.mpls:
    case ETHER_TYPE.mplsMulticast:
      if (enterIp(packet, ENCAPSULATION.gre, end, wireEnd, NO_PORT)) decodeMpls(packet, next);
      return true;
    case ETHER_TYPE.teb:
      return decodeFrame(packet, isNvgre(flags) ? ENCAPSULATION.nvgre : ENCAPSULATION.gre, inside, next);
    case ETHER_TYPE.erspan:
      return decodeErspan(packet, flags, inside, next);
    case ETHER_TYPE.erspan3:
      return decodeErspan3(packet, inside, next);
    default:
      return false;
  }
}

/** Each of checksum, key, sequence and acknowledgement is four bytes, where its bit is set. */
function headerLength(flags: number): number {
  const counted = (flags & VERSION) === 1 ? KEY | SEQUENCE | ACKNOWLEDGED : CHECKSUM | KEY | SEQUENCE;
  let length = HEADER;
  for (let bits = flags & counted; bits !== 0; bits &= bits - 1) length += 4;
  return length;
}

/** RFC 7637 section 3.2: a key, and neither checksum nor sequence number. */
function isNvgre(flags: number): boolean {
  return (flags & (CHECKSUM | KEY | SEQUENCE)) === KEY;
}

function decodeFrame(packet: PacketView, code: number, inside: Inside, at: number): boolean {
  if (!holdsEthernet(inside, at)) return false;
  if (enterIp(packet, code, inside.end, inside.wireEnd, NO_PORT)) decodeEthernet(packet, at);
  return true;
}

/** Type I has neither sequence number nor header. */
function decodeErspan(packet: PacketView, flags: number, inside: Inside, at: number): boolean {
  if ((flags & SEQUENCE) === 0) return decodeFrame(packet, ENCAPSULATION.erspan, inside, at);
  if (inside.end - at < 1 || packet.view.getUint8(at) >>> 4 !== ERSPAN_2.version) return false;
  return decodeFrame(packet, ENCAPSULATION.erspan, inside, at + ERSPAN_2.header);
}

function decodeErspan3(packet: PacketView, inside: Inside, at: number): boolean {
  const { view } = packet;
  if (inside.end - at < ERSPAN_3.header || view.getUint8(at) >>> 4 !== ERSPAN_3.version) return false;
  const more = (view.getUint8(at + ERSPAN_3.flags) & 1) !== 0;
  const next = at + ERSPAN_3.header + (more ? ERSPAN_3.subheader : 0);
  if ((view.getUint16(at + 10) & ERSPAN_3_FRAME_TYPE) !== ERSPAN_3_IP)
    return decodeFrame(packet, ENCAPSULATION.erspan, inside, next);
  const version4 = holdsIpv4(inside, next);
  if (!version4 && !holdsIpv6(inside, next)) return false;
  if (!enterIp(packet, ENCAPSULATION.erspan, inside.end, inside.wireEnd, NO_PORT)) return true;
  if (version4) decodeIpv4(packet, next);
  else decodeIpv6(packet, next);
  return true;
}

/** PPP without framing, or behind address and control; what it carries must be IP, or else it may be encrypted. */
function decodePptp(packet: PacketView, flags: number, inside: Inside, at: number, next: number): boolean {
  const { view } = packet;
  const [checksum, key] = [flags & CHECKSUM, flags & KEY];
  if (checksum !== 0 || key === 0 || (flags & SEQUENCE) === 0 || at + 6 > inside.end) return false;
  const wireEnd = Math.min(inside.wireEnd, next + view.getUint16(at + HEADER));
  const within: Inside = { view, end: Math.min(inside.end, wireEnd), wireEnd };
  if (within.end - next < 4) return false;
  const from = view.getUint16(next) === 0xff03 ? next + 2 : next;
  const short = (view.getUint8(from) & 1) !== 0;
  const protocol = short ? view.getUint8(from) : view.getUint16(from);
  const ip = from + (short ? 1 : 2);
  const known = protocol === 0x21 ? holdsIpv4(within, ip) : protocol === 0x57 && holdsIpv6(within, ip);
  if (!known) return false;
  if (enterIp(packet, ENCAPSULATION.gre, within.end, wireEnd, NO_PORT)) decodePpp(packet, from);
  return true;
}
