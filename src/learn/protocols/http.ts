// HTTP/1 and the opening of HTTP/2 (RFC 9112, RFC 9113), SSDP (UPnP Device Architecture 2.0, section 1) and SIP
// (RFC 3261): a request or a status line. RPC over HTTP, MAPI over HTTP and ActiveSync begin like all other requests.

import { BY_CLIENT, BY_SERVER, P } from '../facts.ts';
import { isAt, isDigit, isText, isWithin, lineEnd, SPACE, whichAt, word } from '../text.ts';

const HTTP = word('HTTP/');
const HTTP_1 = word(' HTTP/1.');
const SIP_2 = word('SIP/2.0');
const PREFACE = word('PRI * HTTP/2.0');
const SIP_SCHEMES = ['SIP:', 'SIPS:', 'TEL:'].map(word);
const TARGETS = ['/', '*', 'HTTP://', 'HTTPS://'].map(word);
const GET = word('GET /');
/** Methods that are taken at their word where the line is longer than what is looked at. */
const METHODS = [
  'GET ',
  'POST ',
  'HEAD ',
  'PUT ',
  'OPTIONS ',
  'RPC_IN_DATA ',
  'RPC_OUT_DATA ',
  'PROPFIND ',
].map(word);
/** `GET /` and the end of a line. */
const SHORTEST_REQUEST = 6;
const MAX_METHOD = 24;
const MIN_METHOD = 3;

/** What a request or status line says; 0 where it is none. `tcp` is false for UDP, where HTTP means SSDP. */
export function lookHttp(view: DataView, at: number, end: number, tcp: boolean): number {
  if (end - at < SHORTEST_REQUEST) return 0;
  const http = tcp ? P.http : P.ssdp;
  if (isAt(view, at, end, HTTP)) return isStatus(view, at + HTTP.length, end) ? http | BY_SERVER : 0;
  if (isAt(view, at, end, SIP_2)) return isStatus(view, at + SIP_2.length - 3, end) ? P.sip | BY_SERVER : 0;
  if (isAt(view, at, end, PREFACE)) return P.http | BY_CLIENT;
  const target = methodEnd(view, at, end);
  if (target < 0) return 0;
  const line = lineEnd(view, target, end);
  if (!isText(view, target, line)) return 0;
  if (whichAt(view, target, line, SIP_SCHEMES) >= 0) {
    return line === end || isWithin(view, target, line, SIP_2) ? P.sip | BY_CLIENT : 0;
  }
  if (isWithin(view, target, line, HTTP_1)) return http | BY_CLIENT;
  if (whichAt(view, target, line, TARGETS) < 0) return 0;
  // HTTP 0.9 had no version.
  if (tcp && line < end && isAt(view, at, end, GET)) return http | BY_CLIENT;
  return line === end && whichAt(view, at, end, METHODS) >= 0 ? http | BY_CLIENT : 0;
}

/** `1.1 200`, or `2 200`: a version, a space, three digits. */
function isStatus(view: DataView, at: number, end: number): boolean {
  if (end - at < 7) return false;
  const dotted = view.getUint8(at + 1) === 46;
  const code = at + (dotted ? 4 : 2);
  return (
    isDigit(view.getUint8(at)) &&
    view.getUint8(code - 1) === SPACE &&
    isDigit(view.getUint8(code)) &&
    isDigit(view.getUint8(code + 1)) &&
    (dotted ? isDigit(view.getUint8(code + 2)) : true)
  );
}

/** Where the target begins after a method in capital letters and a space; -1 for none. */
function methodEnd(view: DataView, at: number, end: number): number {
  for (let i = at; i < end && i - at <= MAX_METHOD; i++) {
    const code = view.getUint8(i);
    if (code === SPACE) return i - at >= MIN_METHOD ? i + 1 : -1;
    const isCapital = code >= 65 && code <= 90;
    if (!isCapital && code !== 45 && code !== 95) return -1;
  }
  return -1;
}
