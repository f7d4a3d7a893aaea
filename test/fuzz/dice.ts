// Dice that fall the same way for the same seed, so that a number tells how to repeat what went wrong.

/** xorshift32 (Marsaglia 2003). */
export class Dice {
  private state: number;

  /** Any whole number but 0. */
  constructor(seed: number) {
    this.state = seed | 0 || 1;
  }

  /** A whole number from 0 up to, not including, `limit`. */
  below(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  /** One of them. */
  of<T>(list: ArrayLike<T>): T {
    return list[this.below(list.length)];
  }
}
