// What gzip.ts and zstd.ts have in common: compressed bytes as they are needed, plain bytes as a source of their own.

import type { ByteSource } from './bytes.ts';

/** Compressed bytes that are read at once; more than a zstd block, which must be at hand whole. */
const PIECE = 1 << 18;
/** Smaller plain pieces are put together where that needs no waiting. */
const SMALL = 1 << 12;
const NO_BYTES = new Uint8Array(0);

/** Why a compressed stream cannot be read further; all that came before was handed on. */
export class StreamDamage extends Error {}

/** Compressed bytes, taken from a source as they are needed: those at hand are `start` to `end` of `bytes`. */
export class PackedInput {
  readonly bytes = new Uint8Array(PIECE);
  readonly view = new DataView(this.bytes.buffer);
  start = 0;
  end = 0;
  /** What the bytes are those of, for sentences. */
  readonly of: string;
  readonly source: ByteSource;
  private base = 0;

  constructor(source: ByteSource, of: string) {
    this.source = source;
    this.of = of;
  }

  /** Where in the source the next byte is. */
  get position(): number {
    return this.base + this.start;
  }

  /** Puts more bytes behind those at hand, which must leave room; false at the end. Throws what the source throws. */
  async fill(): Promise<boolean> {
    this.bytes.copyWithin(0, this.start, this.end);
    this.base += this.start;
    this.end -= this.start;
    this.start = 0;
    const count = await this.source.read(this.bytes, this.end, PIECE - this.end);
    this.end += count;
    return count > 0;
  }

  /** Brings at least `count` bytes to hand; false where there are fewer left. */
  async need(count: number): Promise<boolean> {
    while (this.end - this.start < count) if (!(await this.fill())) return false;
    return true;
  }

  /** Passes over bytes; false where there are fewer left. */
  async pass(count: number): Promise<boolean> {
    for (let left = count; left > 0; ) {
      if (!(await this.need(1))) return false;
      const step = Math.min(left, this.end - this.start);
      this.start += step;
      left -= step;
    }
    return true;
  }

  async close(): Promise<void> {
    await this.source.close();
  }
}

/** The plain bytes of a compressed source. Its pieces throw StreamDamage where they cannot go on. */
export class PackedSource implements ByteSource {
  readonly size = null;
  private readonly input: PackedInput;
  private readonly pieces: AsyncGenerator<Uint8Array, void>;
  private rest: Uint8Array = NO_BYTES;
  private failure: { readonly error: unknown } | null = null;

  constructor(input: PackedInput, pieces: AsyncGenerator<Uint8Array, void>) {
    this.input = input;
    this.pieces = pieces;
  }

  get stopped(): boolean {
    return this.input.source.stopped === true;
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    let count = 0;
    while (count === 0 || (count < SMALL && count < length && this.input.start < this.input.end)) {
      if (this.rest.length === 0 && !(await this.next())) {
        if (count === 0 && this.failure !== null) throw this.failure.error;
        break;
      }
      const part = this.rest.subarray(0, length - count);
      into.set(part, at + count);
      this.rest = this.rest.subarray(part.length);
      count += part.length;
    }
    return count;
  }

  async close(): Promise<void> {
    await this.input.close();
    // Frees what the decompressor holds; it may be waiting for a pipe, so nobody waits for it.
    this.pieces.return().catch(() => {});
  }

  /** Brings the next piece that is not empty; false at the end, and where the stream is damaged. */
  private async next(): Promise<boolean> {
    if (this.failure !== null) return false;
    try {
      do {
        const { done, value } = await this.pieces.next();
        if (done) return false;
        this.rest = value;
      } while (this.rest.length === 0);
      return true;
    } catch (error) {
      this.failure = { error };
      return false;
    }
  }
}
