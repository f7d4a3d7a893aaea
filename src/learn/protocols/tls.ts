// TLS: hello messages, with the versions offered and chosen, and the server's name. RFC 8446 section 4.1, RFC 5246
// section 7.4.1, RFC 6066 section 3; the hello of SSL 2 by RFC 5246, appendix E.2. DTLS by RFC 6347 and RFC 9147.

import { BY_CLIENT, BY_SERVER, chooses, offers, P, TLS } from '../facts.ts';
import { printable } from '../text.ts';

const CONTENT = { alert: 21, handshake: 22, data: 23 } as const;
const HELLO = { client: 1, server: 2, verify: 3 } as const;
const EXTENSION = { serverName: 0, supportedVersions: 43 } as const;
const RECORD_HEAD = 5;
const HANDSHAKE_HEAD = 4;
const DTLS_RECORD_HEAD = 13;
const DTLS_HANDSHAKE_HEAD = 12;
const RANDOM_BYTES = 32;
const MAX_RECORD = 16_384 + 2_048;
const MAX_EXTENSIONS = 64;
const MAX_NAME = 255;

function versionOf(code: number): number {
  if (code >= 0x0300 && code <= 0x0304) return TLS.ssl3 + (code & 7);
  // Drafts of TLS 1.3 had numbers of their own.
  if (code >>> 8 === 0x7f) return TLS.v13;
  if (code === 0xfeff) return TLS.v11;
  if (code === 0xfefd) return TLS.v12;
  if (code === 0xfefc) return TLS.v13;
  return TLS.none;
}

/** What a TLS record at `at` says; 0 where it is none. */
export function lookTls(view: DataView, at: number, end: number): number {
  if (end - at < RECORD_HEAD + 2) return 0;
  const content = view.getUint8(at);
  if (content >= 0x80) return lookSsl2(view, at, end);
  if (content < CONTENT.alert || content > CONTENT.data) return 0;
  if (view.getUint8(at + 1) !== 3 || view.getUint8(at + 2) > 4) return 0;
  const length = view.getUint16(at + 3);
  if (length === 0 || length > MAX_RECORD) return 0;
  const next = at + RECORD_HEAD + length;
  if (next < end && !isRecordHead(view, next, end)) return 0;
  if (content === CONTENT.alert) {
    const level = view.getUint8(at + RECORD_HEAD);
    return (length === 2 && (level === 1 || level === 2)) || length >= 18 ? P.tls : 0;
  }
  if (content === CONTENT.data) return length >= 17 ? P.tls : 0;
  return lookHandshake(view, at + RECORD_HEAD, end, length);
}

function isRecordHead(view: DataView, at: number, end: number): boolean {
  const content = view.getUint8(at);
  return content >= 20 && content <= 24 && (at + 1 >= end || view.getUint8(at + 1) === 3);
}

function lookHandshake(view: DataView, at: number, end: number, recordLength: number): number {
  const type = view.getUint8(at);
  if (type !== HELLO.client && type !== HELLO.server) return 0;
  if (end - at < HANDSHAKE_HEAD + 2 + RANDOM_BYTES + 1) return 0;
  const length = view.getUint8(at + 1) * 65_536 + view.getUint16(at + 2);
  // A client's hello fills its record, and may go on in the next.
  if (length < 2 + RANDOM_BYTES + 1) return 0;
  if (type === HELLO.client && length + HANDSHAKE_HEAD < recordLength) return 0;
  const body = at + HANDSHAKE_HEAD;
  return readHello(view, body, Math.min(end, body + length), type, P.tls, false);
}

/** `cookie`: a client's hello of DTLS has one more field. */
function readHello(
  view: DataView,
  body: number,
  end: number,
  type: number,
  protocol: number,
  cookie: boolean,
): number {
  let version = versionOf(view.getUint16(body));
  if (version === TLS.none) return 0;
  const extensions = extensionsAt(view, body, end, type === HELLO.client, cookie);
  const versions = findExtension(view, extensions, end, EXTENSION.supportedVersions);
  if (type === HELLO.server) {
    if (versions > 0 && end - versions >= 2) version = versionOf(view.getUint16(versions)) || version;
    return protocol | BY_SERVER | chooses(version);
  }
  if (versions > 0 && versions < end) {
    const last = Math.min(versions + 1 + view.getUint8(versions), end);
    for (let at = versions + 1; at + 2 <= last; at += 2) {
      version = Math.max(version, versionOf(view.getUint16(at)));
    }
  }
  return protocol | BY_CLIENT | offers(version);
}

/** Where the extensions of a hello begin: at their total length; `end` where they are not there. */
function extensionsAt(view: DataView, body: number, end: number, client: boolean, cookie: boolean): number {
  let at = body + 2 + RANDOM_BYTES;
  if (at >= end) return end;
  at += 1 + view.getUint8(at);
  if (!client) return Math.min(at + 3, end);
  if (cookie && at < end) at += 1 + view.getUint8(at);
  if (at + 2 > end) return end;
  at += 2 + view.getUint16(at);
  if (at >= end) return end;
  return Math.min(at + 1 + view.getUint8(at), end);
}

/** Where the contents of an extension begin; 0 where it is not there. */
function findExtension(view: DataView, extensions: number, end: number, wanted: number): number {
  let at = extensions + 2;
  for (let i = 0; i < MAX_EXTENSIONS && at + 4 <= end; i++) {
    if (view.getUint16(at) === wanted) return at + 4;
    at += 4 + view.getUint16(at + 2);
  }
  return 0;
}

/** SSL 2's hello: the top bit set over a length, and fields whose lengths add up to it. */
function lookSsl2(view: DataView, at: number, end: number): number {
  const length = view.getUint16(at) & 0x7fff;
  if (end - at < 11 || view.getUint8(at + 2) !== HELLO.client) return 0;
  const code = view.getUint16(at + 3);
  const version = code === 2 ? TLS.ssl2 : versionOf(code);
  const ciphers = view.getUint16(at + 5);
  const session = view.getUint16(at + 7);
  const challenge = view.getUint16(at + 9);
  if (version === TLS.none || ciphers === 0 || ciphers % 3 !== 0) return 0;
  if ((session !== 0 && session !== 16) || challenge < 16 || challenge > 32) return 0;
  return length === 9 + ciphers + session + challenge ? P.tls | BY_CLIENT | offers(version) : 0;
}

/** What a DTLS record says; 0 where it is none. */
export function lookDtls(view: DataView, at: number, end: number): number {
  if (end - at < DTLS_RECORD_HEAD + 1) return 0;
  const content = view.getUint8(at);
  if (content < 20 || content > 25) return 0;
  const version = view.getUint16(at + 1);
  if (version !== 0xfeff && version !== 0xfefd) return 0;
  const length = view.getUint16(at + 11);
  if (length === 0 || length > MAX_RECORD) return 0;
  if (content !== CONTENT.handshake || view.getUint16(at + 3) !== 0) return P.dtls;
  const hello = at + DTLS_RECORD_HEAD;
  const type = view.getUint8(hello);
  if (type === HELLO.verify) return P.dtls | BY_SERVER;
  if (type !== HELLO.client && type !== HELLO.server) return P.dtls;
  const body = hello + DTLS_HANDSHAKE_HEAD;
  if (end - body < 2 + RANDOM_BYTES + 1) return P.dtls;
  return readHello(view, body, Math.min(end, hello + length), type, P.dtls, true) || P.dtls;
}

/** The server's name in a client's hello, printable and at most 255 characters; '' where it is not there. */
export function serverName(view: DataView, at: number, end: number): string {
  if ((lookTls(view, at, end) & BY_CLIENT) === 0 || view.getUint8(at) !== CONTENT.handshake) return '';
  const body = at + RECORD_HEAD + HANDSHAKE_HEAD;
  const list = findExtension(view, extensionsAt(view, body, end, true, false), end, EXTENSION.serverName);
  // A list of one: its length, the type (0 for a host name), the name's length.
  if (list === 0 || end - list < 5 || view.getUint8(list + 2) !== 0) return '';
  const name = list + 5;
  return printable(view, name, Math.min(end, name + view.getUint16(list + 3)), MAX_NAME);
}
