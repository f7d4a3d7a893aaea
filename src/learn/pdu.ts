// Connection-oriented DCE/RPC packets: header, contexts, results and stub. C706, chapter 12.6; MS-RPCE, section 2.2.2.

import { NDR64 } from './interfaces.ts';
import { UUID_BYTES, uuidText } from './uuid.ts';

export const PTYPE = {
  request: 0,
  response: 2,
  fault: 3,
  bind: 11,
  bindAck: 12,
  bindNak: 13,
  alterContext: 14,
  alterContextResponse: 15,
  last: 20,
} as const;

export const PFC = { first: 1, last: 2, object: 0x80 } as const;

/** Offsets in the header that every packet begins with. */
const AT = {
  version: 0,
  minor: 1,
  type: 2,
  flags: 3,
  representation: 4,
  fragLength: 8,
  authLength: 10,
  callId: 12,
} as const;
export const HEADER_BYTES = 16;
/** As much of the header as tells whether it is one: up to and with the length. */
export const HEAD_BYTES = 10;
/** Of a request: header, allocation hint, context and operation. */
export const REQUEST_HEAD_BYTES = 24;
const RESPONSE_HEAD_BYTES = 24;
const CONTEXT_AT = 20;
const OPNUM_AT = 22;
const BIND_COUNT_AT = 24;
const BIND_LIST_AT = 28;
const CONTEXT_HEAD_BYTES = 4;
const SYNTAX_BYTES = UUID_BYTES + 4;
const SECONDARY_ADDRESS_AT = 24;
const RESULT_BYTES = 4 + SYNTAX_BYTES;
const ACCEPTED = 0;
const SEC_TRAILER_BYTES = 8;
const PRIVACY = 6;
const NOTHING = new DataView(new ArrayBuffer(0));

/** A whole packet, or as much of it as was asked for; one object is filled again and again. */
export class Pdu {
  view: DataView = NOTHING;
  start = 0;
  end = 0;
  type = 0;
  flags = 0;
  little = false;
  fragLength = 0;
  callId = 0;
  private authLength = 0;

  /** Reads the header at `start`, of which 16 bytes must be there. */
  read(view: DataView, start: number, end: number): void {
    this.view = view;
    this.start = start;
    this.end = end;
    this.type = view.getUint8(start + AT.type);
    this.flags = view.getUint8(start + AT.flags);
    this.little = view.getUint8(start + AT.representation) >>> 4 === 1;
    this.fragLength = view.getUint16(start + AT.fragLength, this.little);
    this.authLength = view.getUint16(start + AT.authLength, this.little);
    this.callId = view.getUint32(start + AT.callId, this.little);
  }

  /** The context of a request or response. */
  get contextId(): number {
    return this.view.getUint16(this.start + CONTEXT_AT, this.little);
  }

  /** The operation of a request. */
  get opnum(): number {
    return this.view.getUint16(this.start + OPNUM_AT, this.little);
  }

  get stubAt(): number {
    return this.start + RESPONSE_HEAD_BYTES;
  }

  /** Where a response's stub ends, before padding and verifier; -1 where it is encrypted or the lengths are false. */
  get stubEnd(): number {
    if (this.authLength === 0) return this.end >= this.stubAt ? this.end : -1;
    const trailer = this.end - this.authLength - SEC_TRAILER_BYTES;
    if (trailer < this.stubAt) return -1;
    const level = this.view.getUint8(trailer + 1);
    const stubEnd = trailer - this.view.getUint8(trailer + 2);
    return level >= PRIVACY || stubEnd < this.stubAt ? -1 : stubEnd;
  }
}

/** True where `bytes` at `at`, at least 10 of them, begin a packet of version 5. */
export function isHeader(view: DataView, at: number): boolean {
  if (view.getUint8(at + AT.version) !== 5 || view.getUint8(at + AT.minor) > 1) return false;
  if (view.getUint8(at + AT.type) > PTYPE.last) return false;
  const numbers = view.getUint8(at + AT.representation);
  if (numbers >>> 4 > 1 || (numbers & 15) > 1 || view.getUint8(at + AT.representation + 1) > 3) return false;
  if (view.getUint16(at + AT.representation + 2) !== 0) return false;
  return view.getUint16(at + AT.fragLength, numbers >>> 4 === 1) >= HEADER_BYTES;
}

/** A presentation context that a bind or alter_context offers. */
export interface Offer {
  readonly contextId: number;
  readonly interfaceUuid: string;
}

/** What a bind or alter_context offers, in order, as far as its bytes go. */
export function readOffers(pdu: Pdu): Offer[] {
  const { view, start, end, little } = pdu;
  const offers: Offer[] = [];
  if (end - start < BIND_LIST_AT) return offers;
  const count = view.getUint8(start + BIND_COUNT_AT);
  let at = start + BIND_LIST_AT;
  for (let i = 0; i < count; i++) {
    if (end - at < CONTEXT_HEAD_BYTES + SYNTAX_BYTES) break;
    const syntaxes = view.getUint8(at + 2);
    offers.push({
      contextId: view.getUint16(at, little),
      interfaceUuid: uuidText(view, at + CONTEXT_HEAD_BYTES, little),
    });
    at += CONTEXT_HEAD_BYTES + SYNTAX_BYTES * (1 + syntaxes);
  }
  return offers;
}

/** What a bind_ack or alter_context_resp answers to one offer. */
export interface Result {
  readonly accepted: boolean;
  /** True where the stubs will be in NDR64. */
  readonly wide: boolean;
}

/** The answers to the offers, in their order, as far as the bytes go. */
export function readResults(pdu: Pdu): Result[] {
  const { view, start, end, little } = pdu;
  const results: Result[] = [];
  if (end - start < SECONDARY_ADDRESS_AT + 2) return results;
  const address = 2 + view.getUint16(start + SECONDARY_ADDRESS_AT, little);
  const listAt = SECONDARY_ADDRESS_AT + address;
  let at = start + listAt + ((4 - (listAt & 3)) & 3);
  if (end - at < 4) return results;
  const count = view.getUint8(at);
  at += 4;
  for (let i = 0; i < count && end - at >= RESULT_BYTES; i++, at += RESULT_BYTES) {
    results.push({
      accepted: view.getUint16(at, little) === ACCEPTED,
      wide: uuidText(view, at + 4, little) === NDR64,
    });
  }
  return results;
}
