// Reads NDR (C706, chapter 14) and NDR64 (MS-RPCE, section 2.2.5) values from a stub, and stops at its last byte.

const TWO_32 = 0x1_0000_0000;

/** Past the end every value is 0 and `short` is set: a loop that checks it ends with the bytes. */
export class NdrReader {
  at: number;
  short = false;
  readonly view: DataView;
  readonly end: number;
  private readonly start: number;
  private readonly little: boolean;
  /** True for NDR64, whose counts and pointers have eight bytes. */
  private readonly wide: boolean;

  constructor(view: DataView, start: number, end: number, little: boolean, wide: boolean) {
    this.view = view;
    this.start = start;
    this.at = start;
    this.end = end;
    this.little = little;
    this.wide = wide;
  }

  /** Moves on by `bytes`, and answers where they begin; -1 where they are not all there. */
  take(bytes: number): number {
    const { at } = this;
    if (bytes > this.end - at) {
      this.short = true;
      this.at = this.end;
      return -1;
    }
    this.at = at + bytes;
    return at;
  }

  align(bytes: number): void {
    const over = (this.at - this.start) % bytes;
    if (over !== 0) this.take(bytes - over);
  }

  u32(): number {
    this.align(4);
    const at = this.take(4);
    return at < 0 ? 0 : this.view.getUint32(at, this.little);
  }

  /** A count, an offset or a pointer. */
  size(): number {
    if (!this.wide) return this.u32();
    this.alignSize();
    const at = this.take(8);
    if (at < 0) return 0;
    const [low, high] = this.little ? [at, at + 4] : [at + 4, at];
    return this.view.getUint32(high, this.little) * TWO_32 + this.view.getUint32(low, this.little);
  }

  alignSize(): void {
    this.align(this.wide ? 8 : 4);
  }
}
