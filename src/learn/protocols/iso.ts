// What comes in TPKT on TCP (RFC 1006): X.224's own packets (ITU-T X.224, section 13), RDP (MS-RDPBCGR, section 2.2.1),
// S7, MMS and X.400. Only the packets after the connection tell the last three apart.

import { BY_CLIENT, BY_SERVER, P } from '../facts.ts';
import { isAt, isWithin, word } from '../text.ts';

const TPKT_BYTES = 4;
const PDU = { request: 0xe0, confirm: 0xd0, data: 0xf0, disconnect: 0x80 } as const;
const RDP_COOKIE = word('COOKIE: ');
const RDP_NEGOTIATION_BYTES = 8;
const RDP_TYPES = [1, 2, 3];
const S7 = [0x32, 0x72];
const SESSION_CONNECT = [0x0d, 0x0e];
/** Object identifiers in BER, by which the application is named: MMS (ISO 9506-2), and P1 over RTS (ITU-T X.419). */
const MMS = Uint8Array.of(0x28, 0xca, 0x22, 0x02);
const X400 = [Uint8Array.of(0x56, 0x00, 0x01), Uint8Array.of(0x56, 0x03, 0x01)];
const RTSE_CONTEXT = Uint8Array.of(0x52, 0x03, 0x01);

/** What a TPKT says; 0 where it is none. */
export function lookIso(view: DataView, at: number, end: number): number {
  if (end - at < TPKT_BYTES + 3 || view.getUint16(at) !== 0x0300) return 0;
  const length = view.getUint16(at + 2);
  const x224 = at + TPKT_BYTES;
  const headerBytes = view.getUint8(x224);
  if (length < TPKT_BYTES + 3 || headerBytes < 2 || headerBytes + TPKT_BYTES + 1 > length) return 0;
  const kind = view.getUint8(x224 + 1);
  const last = Math.min(end, at + length);
  switch (kind & 0xf0) {
    case PDU.request:
    case PDU.confirm: {
      if (headerBytes < 6 || headerBytes + TPKT_BYTES + 1 !== length) return 0;
      const speaker = (kind & 0xf0) === PDU.request ? BY_CLIENT : BY_SERVER;
      return (isRdp(view, x224, last, length) ? P.rdp : P.tpkt) | speaker;
    }
    case PDU.data:
      return headerBytes === 2 ? lookData(view, x224 + 3, last) : 0;
    case PDU.disconnect:
      return P.tpkt;
    default:
      return 0;
  }
}

function isRdp(view: DataView, x224: number, end: number, length: number): boolean {
  const fixed = x224 + 7;
  if (isAt(view, fixed, end, RDP_COOKIE)) return true;
  const negotiation = x224 - TPKT_BYTES + length - RDP_NEGOTIATION_BYTES;
  if (negotiation < fixed || negotiation + RDP_NEGOTIATION_BYTES > end) return false;
  return RDP_TYPES.includes(view.getUint8(negotiation)) && view.getUint16(negotiation + 2, true) === 8;
}

function lookData(view: DataView, at: number, end: number): number {
  if (at >= end) return P.tpkt;
  const first = view.getUint8(at);
  if (S7.includes(first)) return P.s7;
  // T.125's Connect-Initial and Connect-Response, with which RDP goes on.
  if (first === 0x7f && at + 1 < end && (view.getUint8(at + 1) === 0x65 || view.getUint8(at + 1) === 0x66)) {
    return P.rdp;
  }
  if (!SESSION_CONNECT.includes(first)) return P.tpkt;
  if (isWithin(view, at, end, MMS)) return P.mms;
  for (const oid of X400) if (isWithin(view, at, end, oid)) return P.x400;
  return isWithin(view, at, end, RTSE_CONTEXT) ? P.x400 : P.tpkt;
}
