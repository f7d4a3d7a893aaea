// Protocols that take a few lines each: SSH (RFC 4253, section 4.2), SOCKS (RFC 1928 and the SOCKS 4 memo), IKE (RFC
// 7296, section 3.1; RFC 2408, section 3.1), ESP in UDP (RFC 3948), NTP (RFC 5905), QUIC (RFC 9000, section 17.2).

import { BY_CLIENT, P } from '../facts.ts';
import { isAt, isDigit, word } from '../text.ts';

const SSH = word('SSH-');
const DOT = 46;

export function lookSsh(view: DataView, at: number, end: number): number {
  if (end - at < 8 || !isAt(view, at, end, SSH)) return 0;
  return isDigit(view.getUint8(at + 4)) && view.getUint8(at + 5) === DOT ? P.ssh : 0;
}

const SOCKS5_METHODS_MAX = 10;
const SOCKS4_USER_MAX = 64;

/** A client's opening; a server's answer is too short to be told. */
export function lookSocks(view: DataView, at: number, end: number): number {
  const size = end - at;
  if (size < 3) return 0;
  const version = view.getUint8(at);
  if (version === 5) return isSocks5(view, at, size) ? P.socks5 | BY_CLIENT : 0;
  return version === 4 && isSocks4(view, at, end) ? P.socks4 | BY_CLIENT : 0;
}

function isSocks5(view: DataView, at: number, size: number): boolean {
  const methods = view.getUint8(at + 1);
  if (methods === 0 || methods > SOCKS5_METHODS_MAX || size !== 2 + methods) return false;
  for (let i = 0; i < methods; i++) {
    const method = view.getUint8(at + 2 + i);
    if (method > 9 && method < 0x80) return false;
  }
  return true;
}

function isSocks4(view: DataView, at: number, end: number): boolean {
  if (end - at < 9 || end - at > 9 + SOCKS4_USER_MAX + 256) return false;
  const command = view.getUint8(at + 1);
  if ((command !== 1 && command !== 2) || view.getUint16(at + 2) === 0 || view.getUint32(at + 4) === 0)
    return false;
  for (let i = at + 8; i < end - 1; i++) {
    const code = view.getUint8(i);
    if (code !== 0 && (code < 0x20 || code > 126)) return false;
  }
  return view.getUint8(end - 1) === 0;
}

const NAT_TRAVERSAL_PORT = 4500;
const IKE_HEADER = 28;
const IKE_VERSIONS = [0x10, 0x20];
const IKE1_EXCHANGES = [1, 2, 3, 4, 5, 6, 32, 33];
const IKE2_FIRST = 34;
const IKE2_LAST = 44;
const ESP_MIN = 20;

/** IKE, and ESP where the port says that it may be; `wireBytes` is the datagram's payload as it was sent. */
export function lookIpsec(
  view: DataView,
  at: number,
  end: number,
  wireBytes: number,
  srcPort: number,
  dstPort: number,
): number {
  const traversal = srcPort === NAT_TRAVERSAL_PORT || dstPort === NAT_TRAVERSAL_PORT;
  if (!traversal) return isIke(view, at, end, wireBytes) ? P.ike : 0;
  if (end - at < 4) return 0;
  if (view.getUint32(at) === 0) return isIke(view, at + 4, end, wireBytes - 4) ? P.ike : 0;
  return wireBytes >= ESP_MIN ? P['esp-in-udp'] : 0;
}

function isIke(view: DataView, at: number, end: number, bytes: number): boolean {
  if (end - at < IKE_HEADER || (view.getUint32(at) | view.getUint32(at + 4)) === 0) return false;
  const version = view.getUint8(at + 17);
  const exchange = view.getUint8(at + 18);
  if (!IKE_VERSIONS.includes(version)) return false;
  const known =
    version === 0x10 ? IKE1_EXCHANGES.includes(exchange) : exchange >= IKE2_FIRST && exchange <= IKE2_LAST;
  const length = view.getUint32(at + 24);
  // A datagram in fragments is longer than what its first one holds.
  return (
    known && length >= IKE_HEADER && (length === bytes || (bytes > 500 && length > bytes && length < 65_536))
  );
}

const NTP_PORT = 123;
const NTP_BYTES = 48;

export function lookNtp(view: DataView, at: number, end: number, srcPort: number, dstPort: number): number {
  if ((srcPort !== NTP_PORT && dstPort !== NTP_PORT) || end - at < NTP_BYTES) return 0;
  const version = (view.getUint8(at) >>> 3) & 7;
  const mode = view.getUint8(at) & 7;
  return version >= 1 && version <= 4 && mode >= 1 && mode <= 5 ? P.ntp : 0;
}

const QUIC_VERSIONS = [0x00000001, 0x6b3343cf];
const QUIC_DRAFT = 0xff0000;
const QUIC_ID_MAX = 20;

export function lookQuic(view: DataView, at: number, end: number): number {
  if (end - at < 20 || view.getUint8(at) >>> 6 !== 3) return 0;
  const version = view.getUint32(at + 1);
  if (!QUIC_VERSIONS.includes(version) && version >>> 8 !== QUIC_DRAFT) return 0;
  const destination = view.getUint8(at + 5);
  const sourceAt = at + 6 + destination;
  return destination <= QUIC_ID_MAX && sourceAt < end && view.getUint8(sourceAt) <= QUIC_ID_MAX ? P.quic : 0;
}
