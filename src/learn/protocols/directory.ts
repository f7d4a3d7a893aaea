// LDAP over TCP and UDP (RFC 4511), Kerberos (RFC 4120, sections 5.4 and 7.2) and SNMP (RFC 3416): BER all three.

import { type Head, readHead } from '../ber.ts';
import { BY_CLIENT, BY_SERVER, CLEARTEXT_LOGIN, P, STARTTLS } from '../facts.ts';
import { isAt, word } from '../text.ts';

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTETS = 0x04;
const LDAP = { bind: 0x60, bindResponse: 0x61, extended: 0x77 } as const;
const LDAP_CLIENT = [0x60, 0x42, 0x63, 0x66, 0x68, 0x4a, 0x6c, 0x6e, 0x50, 0x77];
const LDAP_SERVER = [0x61, 0x64, 0x65, 0x73, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x78, 0x79];
const SIMPLE = 0x80;
const START_TLS = word('1.3.6.1.4.1.1466.20037');
const SNMP_FIRST_PDU = 0xa0;
const SNMP_LAST_PDU = 0xa8;
const KERBEROS_PORT = 88;
const KERBEROS_VERSION = 5;
const KERBEROS_CLIENT = [10, 12, 14];
const KERBEROS_SERVER = [11, 13, 30];
const MAX_KERBEROS = 1 << 20;

const head: Head = { tag: 0, at: 0, end: 0 };

/** True where an element with this tag begins at `at`; `head` is on it then. */
const isHead = (view: DataView, at: number, end: number, tag: number) =>
  readHead(view, at, end, head) && head.tag === tag;

/** An INTEGER of one to four bytes: its value, and `head` on it. -1 where there is none. */
function readInteger(view: DataView, at: number, end: number): number {
  if (!isHead(view, at, end, INTEGER) || head.end > end) return -1;
  const bytes = head.end - head.at;
  if (bytes < 1 || bytes > 4) return -1;
  let value = 0;
  for (let i = head.at; i < head.end; i++) value = value * 256 + view.getUint8(i);
  return value;
}

/** What an LDAP message says, and whether it is SNMP instead, which begins the same; 0 for neither. */
export function lookLdap(view: DataView, at: number, end: number, tcp: boolean): number {
  if (end - at < 7 || !isHead(view, at, end, SEQUENCE)) return 0;
  const messageEnd = head.end;
  if (!tcp && messageEnd > end + 65_535) return 0;
  const id = readInteger(view, head.at, end);
  if (id < 0 || !readHead(view, head.end, end, head)) return 0;
  const { tag, at: body, end: bodyEnd } = head;
  if (tag === OCTETS) return tcp ? 0 : lookSnmp(view, id, bodyEnd, end, messageEnd);
  if (bodyEnd > messageEnd) return 0;
  if (LDAP_SERVER.includes(tag)) return P.ldap | BY_SERVER;
  if (!LDAP_CLIENT.includes(tag)) return 0;
  return P.ldap | BY_CLIENT | ldapRequest(view, tag, body, Math.min(bodyEnd, end));
}

function lookSnmp(view: DataView, version: number, at: number, end: number, messageEnd: number): number {
  if (version > 1 || messageEnd !== end || at >= end) return 0;
  const pdu = view.getUint8(at);
  return pdu >= SNMP_FIRST_PDU && pdu <= SNMP_LAST_PDU ? P.snmp : 0;
}

/** A simple bind with a name and a password, or the wish for TLS. */
function ldapRequest(view: DataView, tag: number, at: number, end: number): number {
  if (tag === LDAP.extended) {
    return readHead(view, at, end, head) && isAt(view, head.at, end, START_TLS) ? STARTTLS : 0;
  }
  if (tag !== LDAP.bind || readInteger(view, at, end) < 0) return 0;
  if (!isHead(view, head.end, end, OCTETS)) return 0;
  const named = head.end > head.at;
  // Without a password a simple bind is anonymous (RFC 4513, section 5.1).
  return named && isHead(view, head.end, end, SIMPLE) && head.end > head.at ? CLEARTEXT_LOGIN : 0;
}

/** Facts in a later message of an LDAP client. */
export function ldapCommand(view: DataView, at: number, end: number): number {
  const look = lookLdap(view, at, end, true);
  return (look & BY_CLIENT) !== 0 ? look & (CLEARTEXT_LOGIN | STARTTLS) : 0;
}

/**
 * What a Kerberos message says, over TCP behind its length; 0 where it is none. On Kerberos' own port the length may
 * have come in a segment of its own, as Windows sends it.
 */
export function lookKerberos(
  view: DataView,
  at: number,
  end: number,
  tcp: boolean,
  srcPort: number,
  dstPort: number,
): number {
  if (!tcp) return lookKerberosMessage(view, at, end);
  if (end - at < 5) return 0;
  const length = view.getUint32(at);
  if (length >= 10 && length <= MAX_KERBEROS && length >= end - at - 4) {
    return lookKerberosMessage(view, at + 4, end);
  }
  return srcPort === KERBEROS_PORT || dstPort === KERBEROS_PORT ? lookKerberosMessage(view, at, end) : 0;
}

function lookKerberosMessage(view: DataView, at: number, end: number): number {
  if (end - at < 12 || !readHead(view, at, end, head)) return 0;
  const type = head.tag - 0x60;
  const isClient = KERBEROS_CLIENT.includes(type);
  if (!isClient && !KERBEROS_SERVER.includes(type)) return 0;
  if (!isHead(view, head.at, end, SEQUENCE)) return 0;
  // A request has its version in field 1, all other messages in field 0.
  const isRequest = type === 10 || type === 12;
  if (!isHead(view, head.at, end, isRequest ? 0xa1 : 0xa0)) return 0;
  const next = head.end;
  if (readInteger(view, head.at, end) !== KERBEROS_VERSION) return 0;
  if (!readHead(view, next, end, head) || readInteger(view, head.at, end) !== type) return 0;
  return P.kerberos | (isClient ? BY_CLIENT : BY_SERVER);
}
