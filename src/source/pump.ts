// A decompressor of node:zlib, which works on a thread of its own, driven piece by piece: it is given bytes when it
// wants some, and does no more than its output is taken.

import type { Transform } from 'node:stream';

/** The streams of node:zlib tell how many of the bytes they were given they have used. */
export type ZlibStream = Transform & { readonly bytesWritten: number };

export class Pump {
  /** True once the compressed stream is over. */
  ended = false;
  private readonly stream: ZlibStream;
  private writing = false;
  private given = 0;
  private failure: Error | null = null;
  private wake: () => void = () => {};

  constructor(stream: ZlibStream) {
    this.stream = stream;
    stream.on('readable', () => this.wake());
    stream.on('end', () => {
      this.ended = true;
      this.wake();
    });
    stream.on('error', (error) => {
      this.failure = error;
      this.wake();
    });
  }

  /** Compressed bytes that were used so far. */
  get used(): number {
    return this.stream.bytesWritten;
  }

  /** Gives compressed bytes, which must stay as they are until `next` answers null. */
  write(bytes: Uint8Array): void {
    this.writing = true;
    this.given += bytes.length;
    this.stream.write(bytes, () => {
      this.writing = false;
      this.wake();
    });
  }

  /** Says that no more bytes will come. */
  end(): void {
    this.writing = true;
    this.stream.end();
  }

  /** The next plain bytes; null where more compressed ones are wanted, or the stream has `ended`. */
  async next(): Promise<Uint8Array | null> {
    for (;;) {
      const plain: Uint8Array | null = this.stream.read();
      if (plain !== null) return plain;
      if (this.failure !== null) throw this.failure;
      // What it does not want is behind the end of its stream.
      if (!this.writing && this.used < this.given) this.ended = true;
      if (this.ended || !this.writing) return null;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** Frees the decompressor's memory. */
  close(): void {
    this.stream.destroy();
  }
}
