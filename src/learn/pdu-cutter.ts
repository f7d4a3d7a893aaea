// Cuts one direction's bytes into DCE/RPC packets. A packet that lies whole in the bytes at hand is not copied, and of
// one that nobody wants no byte is kept.

import type { ByteBudget } from './budget.ts';
import { HEADER_BYTES } from './pdu.ts';

/** The version line that a server of RPC over HTTP's inner hop sends first (MS-RPCH, section 2.2.2). */
const HTTP_GREETING = [...'ncacn_http/1.0'].map((letter) => letter.charCodeAt(0));

/** A capture may begin inside a packet: so many pieces are passed over until one begins with a header. */
const MAX_TRIES = 8;

/** Says how many bytes of the packet whose 16 header bytes are at `at` are wanted; -1 where that is no header. */
export type Wanted = (view: DataView, at: number) => number;

export class PduCutter {
  /** The wanted part of a packet, after `take`; null where it is not complete yet. Good until the next `take`. */
  view: DataView | null = null;
  start = 0;
  end = 0;
  /** True once the bytes are no packets. */
  broken = false;
  private readonly wanted: Wanted;
  private readonly budget: ByteBudget;
  /** A header that came in pieces; made where one does. */
  private header: DataView | null = null;
  private headerBytes = 0;
  private body: Uint8Array | null = null;
  private bodyBytes = 0;
  /** Bytes of the current packet that are still to come and that nobody wants. */
  private skip = 0;
  private greeted = 0;
  private begun = false;
  private recognised = false;
  private tries = 0;

  constructor(wanted: Wanted, budget: ByteBudget) {
    this.wanted = wanted;
    this.budget = budget;
  }

  /** Takes bytes up to the end of at most one packet, and answers where it stopped. */
  take(view: DataView, start: number, end: number): number {
    let at = start;
    if (!this.begun) {
      at = this.passGreeting(view, at, end);
      if (at === end || this.broken) return end;
      this.begun = true;
    }
    if (this.body !== null) return this.fill(view, at, end);
    if (this.skip > 0) {
      const skipped = Math.min(this.skip, end - at);
      this.skip -= skipped;
      return at + skipped;
    }
    if (this.headerBytes === 0 && end - at >= HEADER_BYTES) {
      const wanted = this.wantedAt(view, at);
      if (wanted === 0) return end;
      if (wanted <= end - at) {
        this.deliver(view, at, at + wanted);
        return at + wanted;
      }
      this.hold(wanted, view, at, HEADER_BYTES);
      return at + HEADER_BYTES;
    }
    if (at === end) return at;
    this.header ??= new DataView(new ArrayBuffer(HEADER_BYTES));
    const { header } = this;
    while (at < end && this.headerBytes < HEADER_BYTES)
      header.setUint8(this.headerBytes++, view.getUint8(at++));
    if (this.headerBytes === HEADER_BYTES) {
      this.headerBytes = 0;
      const wanted = this.wantedAt(header, 0);
      if (wanted === 0) return end;
      if (wanted === HEADER_BYTES) this.deliver(header, 0, HEADER_BYTES);
      else this.hold(wanted, header, 0, HEADER_BYTES);
    }
    return at;
  }

  /** Gives the memory of a delivered packet back. */
  release(): void {
    if (this.view !== null && this.body !== null) this.drop();
    this.view = null;
  }

  drop(): void {
    this.budget.give(this.body?.length ?? 0);
    this.body = null;
    this.view = null;
  }

  /** How many bytes are wanted; 0 where there is no packet. */
  private wantedAt(view: DataView, at: number): number {
    const wanted = this.wanted(view, at);
    if (wanted < HEADER_BYTES) {
      this.broken = this.recognised || ++this.tries >= MAX_TRIES;
      return 0;
    }
    this.recognised = true;
    const little = view.getUint8(at + 4) >>> 4 === 1;
    this.skip = Math.max(view.getUint16(at + 8, little) - wanted, 0);
    return wanted;
  }

  private hold(wanted: number, view: DataView, at: number, bytes: number): void {
    if (!this.budget.take(wanted)) {
      this.broken = true;
      return;
    }
    this.body = new Uint8Array(wanted);
    this.bodyBytes = bytes;
    for (let i = 0; i < bytes; i++) this.body[i] = view.getUint8(at + i);
  }

  private fill(view: DataView, at: number, end: number): number {
    const body = this.body as Uint8Array;
    const bytes = Math.min(body.length - this.bodyBytes, end - at);
    body.set(new Uint8Array(view.buffer, view.byteOffset + at, bytes), this.bodyBytes);
    this.bodyBytes += bytes;
    if (this.bodyBytes === body.length) this.deliver(new DataView(body.buffer), 0, body.length);
    return at + bytes;
  }

  private deliver(view: DataView, start: number, end: number): void {
    this.view = view;
    this.start = start;
    this.end = end;
  }

  private passGreeting(view: DataView, start: number, end: number): number {
    let at = start;
    if (this.greeted === 0 && view.getUint8(at) !== HTTP_GREETING[0]) return at;
    while (at < end && this.greeted < HTTP_GREETING.length) {
      if (view.getUint8(at++) !== HTTP_GREETING[this.greeted++]) this.broken = true;
    }
    if (this.greeted < HTTP_GREETING.length) return end;
    return at;
  }
}
