// What the first payload of each direction says of a flow, kept in one 32-bit word a flow. Nothing here keeps a byte of
// payload, allocates, or reads more than 512 bytes, but for the extensions of a TLS hello, which are stepped over.

import {
  BY_CLIENT,
  BY_SERVER,
  CLEARTEXT_LOGIN,
  FACTS_MASK,
  P,
  PROTOCOL_MASK,
  STARTTLS,
  tlsChosen,
} from './facts.ts';
import { commandFacts, isCommanded, LOGIN_OVER } from './protocols/commands.ts';
import { lookKerberos, lookLdap } from './protocols/directory.ts';
import { lookDns } from './protocols/dns.ts';
import { lookHttp } from './protocols/http.ts';
import { lookIso } from './protocols/iso.ts';
import { lookMail } from './protocols/mail.ts';
import { lookIpsec, lookNtp, lookQuic, lookSocks, lookSsh } from './protocols/other.ts';
import { lookDtls, lookTls, serverName } from './protocols/tls.ts';
import { lookDcerpc, lookSmb } from './protocols/windows.ts';
import { lineEnd, printable, SPACE } from './text.ts';

/** How far is looked, in bytes from where the payload begins. */
export const LOOK_BYTES = 512;
/** Payloads shorter than this may be the beginning of something; a few more of them are looked at. */
const SHORT_BYTES = 16;
const SHORT_LOOKS = 3;
/** Commands that are read of a client until it logs in or asks for TLS, and packets of ISO transport. */
const COMMAND_LOOKS = 12;
const ISO_LOOKS = 4;
const BANNER_CHARACTERS = 120;
/** Every LDAP message is a BER sequence. */
const LDAP_FIRST = 0x30;

/**
 * What one payload says by itself: a protocol, who says such a thing, and facts; 0 for nothing. `end` is where the
 * captured payload ends, `wireBytes` how long it was; the ports decide only where bytes alone are ambiguous.
 */
export function look(
  view: DataView,
  at: number,
  end: number,
  wireBytes: number,
  tcp: boolean,
  srcPort: number,
  dstPort: number,
): number {
  const to = Math.min(end, at + LOOK_BYTES);
  if (to - at < 3) return 0;
  return tcp
    ? lookTcp(view, at, to, end, srcPort, dstPort)
    : lookUdp(view, at, to, wireBytes, srcPort, dstPort);
}

/** The first byte says which few of the protocols are to be asked. */
function lookTcp(
  view: DataView,
  at: number,
  to: number,
  end: number,
  srcPort: number,
  dstPort: number,
): number {
  const first = view.getUint8(at);
  if (first === LDAP_FIRST) {
    const ldap = lookLdap(view, at, to, true);
    if (ldap !== 0) return ldap;
  }
  if (first > SPACE && first < 127) {
    return (
      lookHttp(view, at, to, true) ||
      lookMail(view, at, to, srcPort, dstPort) ||
      lookSsh(view, at, to) ||
      lookBinary(view, at, to, srcPort, dstPort)
    );
  }
  return lookTls(view, at, end) || lookBinary(view, at, to, srcPort, dstPort);
}

function lookBinary(view: DataView, at: number, to: number, srcPort: number, dstPort: number): number {
  return (
    lookDcerpc(view, at, to, true) ||
    lookSmb(view, at, to, srcPort, dstPort) ||
    lookIso(view, at, to) ||
    lookKerberos(view, at, to, true, srcPort, dstPort) ||
    lookSocks(view, at, to) ||
    lookDns(view, at, to, true, srcPort, dstPort)
  );
}

function lookUdp(
  view: DataView,
  at: number,
  to: number,
  wireBytes: number,
  srcPort: number,
  dstPort: number,
): number {
  return (
    lookIpsec(view, at, to, wireBytes, srcPort, dstPort) ||
    lookDns(view, at, to, false, srcPort, dstPort) ||
    lookHttp(view, at, to, false) ||
    lookDtls(view, at, to) ||
    lookKerberos(view, at, to, false, srcPort, dstPort) ||
    lookLdap(view, at, to, false) ||
    lookDcerpc(view, at, to, false) ||
    lookQuic(view, at, to) ||
    lookNtp(view, at, to, srcPort, dstPort)
  );
}

// A flow's state: what each side spoke, facts (at the bits they have in a look), looks so far, and sides done with.
const BACK_SHIFT = 6;
const LOOKS_SHIFT = [20, 24] as const;
const LOOKS_MASK = 15;
const DONE = [1 << 28, 1 << 29] as const;
const REVERSED = 1 << 30;

/** True while a payload of that side (0 the initiator, 1 the responder) is to be shown to `advance`. */
export function wantsLook(state: number, side: 0 | 1): boolean {
  return (state & DONE[side]) === 0;
}

/**
 * The flow's state after one more payload of one side; a state begins as 0. Arguments as for `look`. Retransmissions do
 * no harm.
 */
export function advance(
  state: number,
  side: 0 | 1,
  view: DataView,
  at: number,
  end: number,
  wireBytes: number,
  tcp: boolean,
  srcPort: number,
  dstPort: number,
): number {
  if (!wantsLook(state, side) || at >= end) return state;
  const shift = LOOKS_SHIFT[side];
  const looks = Math.min(((state >>> shift) & LOOKS_MASK) + 1, LOOKS_MASK);
  const counted = (state & ~(LOOKS_MASK << shift)) | (looks << shift);
  const spoken = protocolOf(state, side) || protocolOf(state, side === 0 ? 1 : 0);
  if (isCommanded(spoken) && (looks > 1 || protocolOf(state, side) !== 0)) {
    return follow(counted, side, spoken, looks, view, at, end);
  }
  const seen = look(view, at, end, wireBytes, tcp, srcPort, dstPort);
  const protocol = seen & PROTOCOL_MASK;
  let next = withProtocol(counted | (seen & FACTS_MASK), side, protocol);
  if ((seen & (side === 0 ? BY_SERVER : BY_CLIENT)) !== 0) next |= REVERSED;
  if (protocol === 0) {
    // What a client says to a server that greeted it may mean something to that protocol alone.
    if (isCommanded(spoken)) return follow(next, side, spoken, looks, view, at, end);
    const goesOn = spoken === P.tpkt ? looks < ISO_LOOKS : looks < SHORT_LOOKS && end - at < SHORT_BYTES;
    return goesOn ? next : next | DONE[side];
  }
  // TPKT is an answer only as long as nothing better is known.
  if (protocol === P.tpkt) return looks < ISO_LOOKS ? next : next | DONE[side];
  if (!isCommanded(protocol)) return next | DONE[side];
  if ((seen & BY_SERVER) !== 0) {
    const awaitsHello = (next & STARTTLS) !== 0 && tlsChosen(next) === 0;
    return awaitsHello ? next : next | DONE[side];
  }
  const facts = commandFacts(protocol, view, at, Math.min(end, at + LOOK_BYTES));
  next = withFacts(next, side, facts);
  return (facts & LOGIN_OVER) !== 0 ? next | DONE[side] : next;
}

function withProtocol(state: number, side: 0 | 1, protocol: number): number {
  if (protocol === 0) return state;
  const shift = side === 0 ? 0 : BACK_SHIFT;
  return (state & ~(PROTOCOL_MASK << shift)) | (protocol << shift);
}

/** A later payload of a client whose commands are read, or of either side once TLS was asked for. */
function follow(
  state: number,
  side: 0 | 1,
  protocol: number,
  looks: number,
  view: DataView,
  at: number,
  end: number,
): number {
  const hello = lookTls(view, at, end);
  if (hello !== 0) return state | (hello & FACTS_MASK) | DONE[side];
  const facts = commandFacts(protocol, view, at, Math.min(end, at + LOOK_BYTES));
  const next = withFacts(state, side, facts);
  return looks >= COMMAND_LOOKS || (facts & LOGIN_OVER) !== 0 ? next | DONE[side] : next;
}

/** After STARTTLS the other side's answers are looked at again, up to the hello that it sends. */
function withFacts(state: number, side: 0 | 1, facts: number): number {
  const next = state | (facts & FACTS_MASK);
  if ((facts & STARTTLS) === 0) return next;
  const other = side === 0 ? 1 : 0;
  return next & ~DONE[other] & ~(LOOKS_MASK << LOOKS_SHIFT[other]);
}

/** What a side spoke: a code of facts.ts, 0 for what is not known. */
export function protocolOf(state: number, side: 0 | 1): number {
  return (side === 0 ? state : state >>> BACK_SHIFT) & PROTOCOL_MASK;
}

/** What the flow is: the responder's word counts, since it is the service; the initiator's where it said nothing. */
export function flowProtocol(state: number): number {
  return protocolOf(state, 1) || protocolOf(state, 0);
}

/** True where the initiator spoke as servers do, or the responder as clients do: the direction may be wrong. */
export function speaksReversed(state: number): boolean {
  return (state & REVERSED) !== 0;
}

/** True where a password went over the flow in the clear. */
export function sentCleartextLogin(state: number): boolean {
  return (state & CLEARTEXT_LOGIN) !== 0;
}

/** True where the client asked for TLS on a connection that began without. */
export function askedForTls(state: number): boolean {
  return (state & STARTTLS) !== 0;
}

/**
 * The name a payload gives, for words in a report: the server's in a TLS hello, or a server's greeting. Printable ASCII
 * of bounded length, '' for none. Nothing that a client types is ever returned.
 */
export function nameIn(view: DataView, at: number, end: number, seen: number): string {
  const protocol = seen & PROTOCOL_MASK;
  if (protocol === P.tls) return serverName(view, at, end);
  const greets = protocol === P.ssh || ((seen & BY_SERVER) !== 0 && isGreeting(protocol));
  if (!greets) return '';
  const to = lineEnd(view, at, Math.min(end, at + LOOK_BYTES));
  return printable(view, at, to, BANNER_CHARACTERS);
}

function isGreeting(protocol: number): boolean {
  return protocol === P.smtp || protocol === P.pop3 || protocol === P.imap || protocol === P.nntp;
}
