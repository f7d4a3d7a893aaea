// The hash index of a flow table: open addressing over 32-bit slots. A slot's low bits are a record's number + 1, its
// high bits those of the record's hash, so that nearly every other record is passed over without being looked at.
// Slots are never freed one by one: a sweep rebuilds them all.

/** Finds record numbers by hash; what is found has to be compared. */
export class Slots {
  words: Int32Array<ArrayBuffer>;
  /**
   * For the slot where the search for a hash begins, and for the number in a slot: there are half as many records as
   * slots, so the same bits do for both, and the others for the hash.
   */
  mask: number;

  constructor(size: number) {
    this.words = new Int32Array(size);
    this.mask = size - 1;
  }

  /** Empties the index, twice as large if `larger`. */
  clear(larger: boolean): void {
    if (!larger) {
      this.words.fill(0);
      return;
    }
    this.words = new Int32Array(this.words.length * 2);
    this.mask = this.words.length - 1;
  }

  place(n: number, hash: number): void {
    const { words, mask } = this;
    let at = hash & mask;
    while (words[at] !== 0) at = (at + 1) & mask;
    words[at] = (hash & ~mask) | (n + 1);
  }

  free(): void {
    this.words = new Int32Array(0);
  }
}
