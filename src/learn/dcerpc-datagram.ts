// Connectionless DCE/RPC over UDP: each answer names its interface and operation itself. C706, chapter 12.5.

import type { ByteBudget } from './budget.ts';
import { ENDPOINT_MAPPER } from './interfaces.ts';
import { type MappedEndpoint, readLookupReply, readMapReply } from './towers.ts';
import { uuidText } from './uuid.ts';

const AT = {
  version: 0,
  type: 1,
  flags: 2,
  representation: 4,
  interfaceUuid: 24,
  sequence: 64,
  opnum: 68,
  length: 74,
  fragment: 76,
  authentication: 78,
} as const;
const HEADER_BYTES = 80;
const VERSION = 4;
const LAST_TYPE = 10;
const RESPONSE = 2;
const FLAG = { last: 2, fragment: 4 } as const;
const OPNUM = { lookup: 2, map: 3 } as const;
const MAX_STUB_BYTES = 65_536;

/** True where the datagram is one of DCE/RPC version 4. */
export function isDatagramHeader(view: DataView, start: number, end: number): boolean {
  if (end - start < HEADER_BYTES) return false;
  if (view.getUint8(start + AT.version) !== VERSION || view.getUint8(start + AT.type) > LAST_TYPE)
    return false;
  const numbers = view.getUint8(start + AT.representation);
  if (numbers >>> 4 > 1 || (numbers & 15) > 1 || view.getUint8(start + AT.representation + 1) > 3)
    return false;
  if (view.getUint8(start + AT.representation + 2) !== 0) return false;
  const length = view.getUint16(start + AT.length, numbers >>> 4 === 1);
  // Some senders pad the datagram, none makes it shorter than it says.
  return HEADER_BYTES + length <= end - start && view.getUint8(start + AT.authentication) <= 16;
}

/** The endpoint mapper's answers in one direction of a UDP flow; fragments count where they come in order. */
export class DatagramReplies {
  private readonly mapped: (endpoint: MappedEndpoint) => void;
  private readonly budget: ByteBudget;
  private stub = new Uint8Array(0);
  private sequence = -1;
  private next = 0;

  constructor(mapped: (endpoint: MappedEndpoint) => void, budget: ByteBudget) {
    this.mapped = mapped;
    this.budget = budget;
  }

  /** Takes one datagram's payload. Never throws. */
  feed(view: DataView, start: number, end: number): void {
    if (!isDatagramHeader(view, start, end) || view.getUint8(start + AT.type) !== RESPONSE) return;
    const little = view.getUint8(start + AT.representation) >>> 4 === 1;
    const opnum = view.getUint16(start + AT.opnum, little);
    if (opnum !== OPNUM.map && opnum !== OPNUM.lookup) return;
    if (uuidText(view, start + AT.interfaceUuid, little) !== ENDPOINT_MAPPER) return;
    const flags = view.getUint8(start + AT.flags);
    const from = start + HEADER_BYTES;
    const to = from + view.getUint16(start + AT.length, little);
    if ((flags & FLAG.fragment) === 0) {
      this.read(opnum, view, from, to, little);
      return;
    }
    const sequence = view.getUint32(start + AT.sequence, little);
    if (!this.append(view, from, to, sequence, view.getUint16(start + AT.fragment, little))) return;
    if ((flags & FLAG.last) === 0) return;
    this.read(opnum, new DataView(this.stub.buffer), 0, this.stub.length, little);
    this.end();
  }

  /** Gives all memory back. */
  end(): void {
    this.budget.give(this.stub.length);
    this.stub = new Uint8Array(0);
    this.sequence = -1;
  }

  private append(view: DataView, from: number, to: number, sequence: number, fragment: number): boolean {
    if (fragment === 0) {
      this.end();
      this.sequence = sequence;
      this.next = 0;
    }
    if (sequence !== this.sequence || fragment !== this.next) return false;
    const bytes = to - from;
    if (this.stub.length + bytes > MAX_STUB_BYTES || !this.budget.take(bytes)) return false;
    const longer = new Uint8Array(this.stub.length + bytes);
    longer.set(this.stub);
    longer.set(new Uint8Array(view.buffer, view.byteOffset + from, bytes), this.stub.length);
    this.stub = longer;
    this.next++;
    return true;
  }

  private read(opnum: number, view: DataView, from: number, to: number, little: boolean): void {
    const read = opnum === OPNUM.map ? readMapReply : readLookupReply;
    for (const endpoint of read(view, from, to, little, false)) this.mapped(endpoint);
  }
}
