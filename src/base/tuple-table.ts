// A set of four-word tuples, each numbered in the order it was first seen. Flat arrays and one probe loop:
// addresses, pairs, kinds of flow and evidence are all kept in one of these.

export const TUPLE_WORDS = 4;
const MIX = 0x9e3779b1 | 0;

/** One random word a process, so that nobody outside can choose tuples that collide. */
const PROCESS_SEED = (Math.random() * 0x1_0000_0000) | 0;

/** Numbers four-word tuples; tuples are never taken out. */
export class TupleTable {
  /** How many tuples there are; they are numbered 0 to size - 1. */
  size = 0;
  private words: Int32Array;
  private slots: Int32Array;
  private mask: number;
  private readonly seed: number;

  /**
   * `expected` tuples have their slots at once. `room` for so many is set aside, and nothing moves up to there: the
   * system gives memory only as it is touched.
   */
  constructor(expected = 256, seed = PROCESS_SEED, room = 0) {
    let slots = 16;
    while (slots < expected * 2) slots *= 2;
    this.words = new Int32Array(Math.max(slots / 2, room) * TUPLE_WORDS);
    this.slots = new Int32Array(slots);
    this.mask = slots - 1;
    this.seed = seed;
  }

  /** The number of the tuple, which is added if it was not there: compare with `size` before to know. */
  intern(a: number, b: number, c: number, d: number): number {
    let at = this.hash(a, b, c, d) & this.mask;
    for (;;) {
      const found = this.slots[at] - 1;
      if (found < 0) break;
      if (this.is(found, a, b, c, d)) return found;
      at = (at + 1) & this.mask;
    }
    if ((this.size + 1) * 2 > this.slots.length) {
      this.grow();
      return this.intern(a, b, c, d);
    }
    const index = this.size++;
    this.slots[at] = index + 1;
    const base = index * TUPLE_WORDS;
    this.words[base] = a;
    this.words[base + 1] = b;
    this.words[base + 2] = c;
    this.words[base + 3] = d;
    return index;
  }

  /** The number of the tuple, or -1 where it was never added. */
  find(a: number, b: number, c: number, d: number): number {
    let at = this.hash(a, b, c, d) & this.mask;
    for (;;) {
      const found = this.slots[at] - 1;
      if (found < 0 || this.is(found, a, b, c, d)) return found;
      at = (at + 1) & this.mask;
    }
  }

  /** All tuples in the order of their numbers, four words each; good until the next `intern`. */
  get tuples(): Int32Array {
    return this.words;
  }

  /** Makes room for `count` tuples at once, so that adding them moves nothing. */
  reserve(count: number): void {
    while (count * 2 > this.slots.length) this.grow();
  }

  /** Word `word` (0 to 3) of tuple `index`, as a signed 32-bit number. */
  word(index: number, word: number): number {
    return this.words[index * TUPLE_WORDS + word];
  }

  private is(index: number, a: number, b: number, c: number, d: number): boolean {
    const base = index * TUPLE_WORDS;
    const words = this.words;
    return words[base] === a && words[base + 1] === b && words[base + 2] === c && words[base + 3] === d;
  }

  private hash(a: number, b: number, c: number, d: number): number {
    let h = Math.imul(a ^ this.seed, MIX);
    h = Math.imul((h ^ (h >>> 15)) + b, 0x85ebca6b | 0);
    h = Math.imul((h ^ (h >>> 13)) + c, 0xc2b2ae35 | 0);
    h = Math.imul((h ^ (h >>> 16)) + d, MIX);
    return h ^ (h >>> 15);
  }

  private grow(): void {
    const slots = new Int32Array(this.slots.length * 2);
    const mask = slots.length - 1;
    let { words } = this;
    if (words.length < (slots.length / 2) * TUPLE_WORDS) {
      words = new Int32Array((slots.length / 2) * TUPLE_WORDS);
      words.set(this.words.subarray(0, this.size * TUPLE_WORDS));
    }
    for (let i = 0; i < this.size; i++) {
      const base = i * TUPLE_WORDS;
      let at = this.hash(words[base], words[base + 1], words[base + 2], words[base + 3]) & mask;
      while (slots[at] !== 0) at = (at + 1) & mask;
      slots[at] = i + 1;
    }
    this.slots = slots;
    this.words = words;
    this.mask = mask;
  }
}
