// DNS over UDP and TCP (RFC 1035, sections 4.1 and 4.2.2), multicast DNS and LLMNR, which are the same on the wire
// (RFC 6762, RFC 4795), and the NetBIOS name service, which is almost (RFC 1002, section 4.2).

import { BY_CLIENT, BY_SERVER, P, PROTOCOL_MASK } from '../facts.ts';

const HEADER_BYTES = 12;
const MAX_NAME = 255;
const MAX_LABEL = 63;
const NETBIOS_LABEL = 32;
const NETBIOS_TYPES = [0x20, 0x21];
const OPCODES = [0, 1, 2, 4, 5];
const NETBIOS_OPCODES = [0, 5, 6, 7, 8, 9, 15];
const CLASSES = [1, 3, 4, 254, 255];
const UNICAST_WANTED = 0x8000;
const MAX_COUNT = 512;
const DNS_PORT = 53;
const MDNS_PORT = 5353;
const LLMNR_PORT = 5355;

/** What a DNS message says, over TCP behind its length; 0 where it is none. */
export function lookDns(
  view: DataView,
  at: number,
  end: number,
  tcp: boolean,
  srcPort: number,
  dstPort: number,
): number {
  if (!tcp) return lookDatagram(view, at, end, srcPort, dstPort);
  if (end - at < 2) return 0;
  const length = view.getUint16(at);
  const look = length >= HEADER_BYTES && length >= end - at - 2 ? lookMessage(view, at + 2, end, false) : 0;
  if (look !== 0) return look;
  // Several messages in one segment, or a length that came in a segment of its own.
  if (srcPort !== DNS_PORT && dstPort !== DNS_PORT) return 0;
  return lookMessage(view, at + 2, end, false) || lookMessage(view, at, end, false);
}

/** Only the port tells multicast DNS and LLMNR from DNS. */
function lookDatagram(view: DataView, at: number, end: number, srcPort: number, dstPort: number): number {
  const ordinary = srcPort === DNS_PORT || dstPort === DNS_PORT;
  const multicast = !ordinary && (srcPort === MDNS_PORT || dstPort === MDNS_PORT);
  const look = lookMessage(view, at, end, multicast);
  if ((look & PROTOCOL_MASK) !== P.dns) return look;
  if (multicast) return (look & ~PROTOCOL_MASK) | P.mdns;
  const local = !ordinary && (srcPort === LLMNR_PORT || dstPort === LLMNR_PORT);
  return local ? (look & ~PROTOCOL_MASK) | P.llmnr : look;
}

function lookMessage(view: DataView, at: number, end: number, multicast: boolean): number {
  if (end - at < HEADER_BYTES + 5) return 0;
  const flags = view.getUint16(at + 2);
  const isAnswer = (flags & 0x8000) !== 0;
  const opcode = (flags >>> 11) & 15;
  const questions = view.getUint16(at + 4);
  const answers = view.getUint16(at + 6);
  const authorities = view.getUint16(at + 8);
  const additional = view.getUint16(at + 10);
  if (answers > MAX_COUNT || authorities > MAX_COUNT || additional > MAX_COUNT) return 0;
  const speaker = isAnswer ? BY_SERVER : BY_CLIENT;
  if (questions === 0) {
    // Answers of multicast DNS and of NetBIOS repeat no question; elsewhere one must be there.
    if (isAnswer && answers === 1 && isNetbiosAnswer(view, at + HEADER_BYTES, end))
      return P['netbios-name'] | BY_SERVER;
    return multicast && isAnswer && answers > 0 && nameEnd(view, at + HEADER_BYTES, end) > 0
      ? P.dns | speaker
      : 0;
  }
  if (questions !== 1 && !(multicast && questions < 64)) return 0;
  if (!isAnswer && (flags & 0x0f) !== 0) return 0;
  const name = nameEnd(view, at + HEADER_BYTES, end);
  if (name < 0 || end - name < 4) return 0;
  const type = view.getUint16(name);
  const kind = view.getUint16(name + 2);
  const isNetbios = NETBIOS_TYPES.includes(type) && view.getUint8(at + HEADER_BYTES) === NETBIOS_LABEL;
  if (isNetbios) return kind === 1 && NETBIOS_OPCODES.includes(opcode) ? P['netbios-name'] | speaker : 0;
  if (type === 0 || !OPCODES.includes(opcode)) return 0;
  if (!CLASSES.includes(multicast ? kind & ~UNICAST_WANTED : kind)) return 0;
  // A query brings no answers, but for multicast DNS, zone changes and notices (RFC 2136, RFC 1996).
  if (!isAnswer && !multicast && opcode === 0 && (answers > 0 || authorities > 1 || additional > 4)) return 0;
  return P.dns | speaker;
}

function isNetbiosAnswer(view: DataView, at: number, end: number): boolean {
  const name = nameEnd(view, at, end);
  if (view.getUint8(at) !== NETBIOS_LABEL || name < 0 || end - name < 4) return false;
  return NETBIOS_TYPES.includes(view.getUint16(name)) && view.getUint16(name + 2) === 1;
}

/** Where the name at `at` ends, its labels within their bounds; -1 where it does not. A pointer ends it too. */
function nameEnd(view: DataView, start: number, end: number): number {
  let at = start;
  while (at < end && at - start <= MAX_NAME) {
    const length = view.getUint8(at);
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2 <= end ? at + 2 : -1;
    if (length > MAX_LABEL) return -1;
    for (let i = at + 1; i <= at + length && i < end; i++) if (view.getUint8(i) < 0x20) return -1;
    at += 1 + length;
  }
  return -1;
}
