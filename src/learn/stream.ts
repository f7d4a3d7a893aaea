// One direction of a TCP flow put in order while it is looked at: retransmissions passed over, overlaps cut, segments
// that come early held within a bound. A gap that stays ends the look. RFC 9293, section 3.4 (sequence numbers).

import type { ByteBudget } from './budget.ts';

/** Takes bytes in order; they are good during the call only. */
export type InOrder = (view: DataView, start: number, end: number) => void;

/** How far ahead of what was delivered a segment may be, and how many are held. */
const MAX_AHEAD_BYTES = 65_536;
const MAX_HELD = 32;

interface Held {
  readonly seq: number;
  readonly view: DataView;
  /** True where the segment was longer on the wire than captured. */
  readonly cut: boolean;
}

export class StreamOrder {
  /** True once nothing more will be delivered. */
  ended = false;
  private readonly deliver: InOrder;
  private readonly budget: ByteBudget;
  private next = 0;
  private begun = false;
  private held: Held[] = [];
  private heldBytes = 0;

  constructor(deliver: InOrder, budget: ByteBudget) {
    this.deliver = deliver;
    this.budget = budget;
  }

  /** Says with which sequence number the data begins (a SYN's own plus one). Without, the first segment decides. */
  begin(seq: number): void {
    if (this.begun) return;
    this.begun = true;
    this.next = seq | 0;
  }

  /**
   * Takes a segment: captured bytes from `start` to `end` of `view`, `wireBytes` that were sent, and the sequence
   * number of the first as a 32-bit word.
   */
  push(seq: number, view: DataView, start: number, end: number, wireBytes: number): void {
    if (this.ended || wireBytes === 0) return;
    this.begin(seq);
    const ahead = (seq - this.next) | 0;
    const cut = wireBytes > end - start;
    if (ahead > 0) {
      this.hold(seq, view, start, end, ahead, cut);
      return;
    }
    if (!this.advance(view, start - ahead, end, -ahead >= wireBytes, cut)) return;
    if (this.held.length > 0) this.drain();
  }

  /** Gives all memory back. */
  end(): void {
    this.ended = true;
    this.budget.give(this.heldBytes);
    this.heldBytes = 0;
    this.held = [];
  }

  /** Delivers what is new; false where nothing was, or the look ended. */
  private advance(view: DataView, start: number, end: number, old: boolean, cut: boolean): boolean {
    if (old) return false;
    if (start < end) {
      this.next = (this.next + (end - start)) | 0;
      this.deliver(view, start, end);
    }
    if (cut) this.end();
    return !this.ended;
  }

  private hold(seq: number, view: DataView, start: number, end: number, ahead: number, cut: boolean): void {
    const bytes = end - start;
    const tooFar = ahead + bytes > MAX_AHEAD_BYTES || this.held.length >= MAX_HELD;
    if (this.held.some((one) => one.seq === seq && one.view.byteLength >= bytes)) return;
    if (tooFar || !this.budget.take(bytes)) {
      this.end();
      return;
    }
    this.heldBytes += bytes;
    const copy = new Uint8Array(view.buffer, view.byteOffset + start, bytes).slice();
    this.held.push({ seq, view: new DataView(copy.buffer), cut });
  }

  /** Delivers held segments that are no longer early, and lets go of those that say nothing new. */
  private drain(): void {
    for (;;) {
      const at = this.held.findIndex(({ seq }) => ((seq - this.next) | 0) <= 0);
      if (at < 0) return;
      const [{ seq, view, cut }] = this.held.splice(at, 1);
      this.budget.give(view.byteLength);
      this.heldBytes -= view.byteLength;
      const passed = (this.next - seq) | 0;
      const old = passed >= view.byteLength && !cut;
      this.advance(view, passed, view.byteLength, old, cut);
      if (this.ended) return;
    }
  }
}
