// SMB 1 and 2 and the NetBIOS session they may come in (MS-SMB, MS-SMB2 section 2.1, RFC 1002 section 4.3), and DCE/RPC
// (C706, chapter 12).

import { isDatagramHeader } from '../dcerpc-datagram.ts';
import { BY_CLIENT, BY_SERVER, P } from '../facts.ts';
import { HEAD_BYTES, isHeader, PTYPE } from '../pdu.ts';

const SESSION_MESSAGE = 0x00;
const SESSION_REQUEST = 0x81;
const SESSION_RESPONSE = 0x82;
const SESSION_KEEP_ALIVE = 0x85;
const SESSION_PORT = 139;
const REQUEST_BYTES = 68;
const SMB1 = 0xff534d42;
const SMB2 = [0xfe534d42, 0xfd534d42, 0xfc534d42];
const SMB1_FLAGS_AT = 9;
const SMB2_FLAGS_AT = 16;

/** What a NetBIOS session packet or an SMB message says; 0 where it is none. */
export function lookSmb(view: DataView, at: number, end: number, srcPort: number, dstPort: number): number {
  if (end - at < 4) return 0;
  const type = view.getUint8(at);
  if (type === SESSION_MESSAGE && end - at >= 8) return lookMessage(view, at + 4, end);
  const isSession = srcPort === SESSION_PORT || dstPort === SESSION_PORT;
  const length = view.getUint16(at + 2);
  if (type === SESSION_REQUEST && view.getUint8(at + 1) === 0 && length === REQUEST_BYTES && end - at > 4) {
    return view.getUint8(at + 4) === 32 ? P['netbios-session'] | BY_CLIENT : 0;
  }
  if (!isSession || length !== 0) return 0;
  if (type === SESSION_KEEP_ALIVE) return P['netbios-session'];
  return type === SESSION_RESPONSE ? P['netbios-session'] | BY_SERVER : 0;
}

function lookMessage(view: DataView, at: number, end: number): number {
  const magic = view.getUint32(at);
  if (magic === SMB1) return P.smb1 | speaker(view, at + SMB1_FLAGS_AT, end, 0x80);
  if (!SMB2.includes(magic)) return 0;
  return P.smb2 | (magic === SMB2[0] ? speaker(view, at + SMB2_FLAGS_AT, end, 1) : 0);
}

function speaker(view: DataView, flagsAt: number, end: number, answer: number): number {
  if (flagsAt >= end) return 0;
  return (view.getUint8(flagsAt) & answer) !== 0 ? BY_SERVER : BY_CLIENT;
}

const RPC_CLIENT: readonly number[] = [PTYPE.request, PTYPE.bind, PTYPE.alterContext, 16];
const RPC_SERVER: readonly number[] = [PTYPE.response, PTYPE.fault, PTYPE.bindAck, PTYPE.bindNak, 15];

/** What a DCE/RPC packet says; 0 where it is none. */
export function lookDcerpc(view: DataView, at: number, end: number, tcp: boolean): number {
  if (!tcp) {
    if (!isDatagramHeader(view, at, end)) return 0;
    const type = view.getUint8(at + 1);
    return P.dcerpc | (type === 0 || type === 1 ? BY_CLIENT : type === 2 ? BY_SERVER : 0);
  }
  if (end - at < HEAD_BYTES || !isHeader(view, at)) return 0;
  const type = view.getUint8(at + 2);
  if (RPC_CLIENT.includes(type)) return P.dcerpc | BY_CLIENT;
  return RPC_SERVER.includes(type) ? P.dcerpc | BY_SERVER : P.dcerpc;
}
