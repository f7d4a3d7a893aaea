// Bytes that may be held while something is looked at: a limit for one flow, inside the one that a run's flows share.

/** Counts bytes held against a limit, and against that of the budget it is part of. */
export class ByteBudget {
  left: number;
  private readonly whole: ByteBudget | null;

  constructor(limit: number, whole: ByteBudget | null = null) {
    this.left = limit;
    this.whole = whole;
  }

  /** Takes the bytes if they are to be had. */
  take(bytes: number): boolean {
    if (bytes > this.left || (this.whole !== null && !this.whole.take(bytes))) return false;
    this.left -= bytes;
    return true;
  }

  give(bytes: number): void {
    this.left += bytes;
    this.whole?.give(bytes);
  }
}
