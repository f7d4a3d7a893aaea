// Sums by key: a set of four-word keys, and a row of doubles for each.

import { TupleTable } from '../base/tuple-table.ts';

/** Sums are the most of what a run keeps to its end, so they grow by less than the double. */
const GROWTH = 1.3;
const FIRST_SLOTS = 1024;
const NOTHING = new Float64Array(0);

/** `width` doubles for every key, all 0 at first. */
export class Ledger {
  readonly keys: TupleTable;
  sums: Float64Array;
  readonly width: number;
  private saved = NOTHING;

  /** `room` for so many keys is set aside, which costs no memory before it is used. */
  constructor(width: number, room = 256) {
    this.width = width;
    this.keys = new TupleTable(Math.min(room, FIRST_SLOTS), undefined, room);
    this.sums = new Float64Array(room * width);
  }

  get size(): number {
    return this.keys.size;
  }

  /** Makes room for `count` keys at once. */
  reserve(count: number): void {
    this.keys.reserve(count);
    if (count * this.width <= this.sums.length) return;
    const larger = new Float64Array(count * this.width);
    larger.set(this.sums);
    this.sums = larger;
  }

  /** Where the key's sums begin; they are all 0 for a key that is new, which `size` tells. */
  at(a: number, b: number, c: number, d: number): number {
    const index = this.keys.intern(a, b, c, d);
    if ((index + 1) * this.width > this.sums.length) this.reserve(Math.ceil((index + 1) * GROWTH));
    return index * this.width;
  }

  /** Adds the sums of key \`n\` to those that begin at \`to\`, as \`add\` does, and makes them 0. */
  move(n: number, to: number, add: (sums: Float64Array, from: number, to: number) => void): void {
    add(this.sums, n * this.width, to);
    this.clear(n);
  }

  /** Makes the sums of key \`n\` 0. */
  clear(n: number): void {
    this.sums.fill(0, n * this.width, (n + 1) * this.width);
  }

  /** Keeps the sums as they are, for \`restore\`. */
  save(): void {
    this.saved = this.sums.slice(0, this.size * this.width);
  }

  /** Makes the sums what they were; keys that are new since then keep their place, with sums of 0. */
  restore(): void {
    this.sums.set(this.saved);
    this.sums.fill(0, this.saved.length, this.size * this.width);
    this.saved = NOTHING;
  }
}
