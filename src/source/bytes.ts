// Where bytes come from, and a window over them: one buffer is read ahead into while the other is parsed.

export interface ByteSource {
  /** Total size in bytes; null where only the end will tell. */
  readonly size: number | null;
  /** True once it ended since it was told to, so that a record cut there is no damage. */
  readonly stopped?: boolean;
  /** Reads up to `length` bytes to `at`; 0 at the end. */
  read(into: Uint8Array, at: number, length: number): Promise<number>;
  /** Goes on at `position`, in bytes from the start, once no read is under way; not there where bytes come in order. */
  seek?(position: number): void;
  /** Closes it, whatever is still being read: that read then ends, with bytes that nobody wants or with none. */
  close(): Promise<void>;
}

/** A record or block never needs more than this at once; longer ones are passed over piece by piece. */
export const LONGEST_PIECE = 1 << 20;
const CHUNK = 1 << 20;
const NO_BYTES = new Uint8Array(0);
/**
 * Where bytes are read to. Large buffers begin 16 bytes behind a page's start, and the system copies to a page's
 * start four times faster than to there (docs/adr/0002).
 */
const READ_AT = LONGEST_PIECE + 4096 - 16;

/** The bytes at hand: `start` to `end` of `bytes`, with `view` over the same memory. */
export class ByteWindow {
  bytes: Uint8Array<ArrayBuffer>;
  view: DataView<ArrayBuffer>;
  start = READ_AT;
  end = READ_AT;
  /** True when `end` is the end of the source. */
  ended = false;
  /** Position in the source of index 0 of `bytes`. */
  private base = -READ_AT;
  private spare: Uint8Array<ArrayBuffer>;
  private spareView: DataView<ArrayBuffer>;
  private pending: Promise<number> | null = null;
  /** Where the bytes of `bytes` begin; those before `start` were taken. */
  private first = READ_AT;
  /** Where `more` is to go on; null for where it is. */
  private target: number | null = null;
  private readonly source: ByteSource;

  constructor(source: ByteSource, chunk = CHUNK) {
    this.source = source;
    this.bytes = new Uint8Array(READ_AT + chunk);
    this.view = new DataView(this.bytes.buffer);
    this.spare = new Uint8Array(READ_AT + chunk);
    this.spareView = new DataView(this.spare.buffer);
  }

  /** Total size of the source; null where it is not known before the end. */
  get size(): number | null {
    return this.source.size;
  }

  /** True where the source ended since it was told to. */
  get stopped(): boolean {
    return this.source.stopped === true;
  }

  /** The position in the source of index `at`. */
  offsetOf(at: number): number {
    return this.base + at;
  }

  /** Whether `jump` may be asked for. */
  get canJump(): boolean {
    return this.source.seek !== undefined;
  }

  /** Goes on at `position` of the source: true where its bytes are at hand, else once `more` brought them. */
  jump(position: number): boolean {
    const at = position - this.base;
    const isAtHand = at >= this.first && at <= this.end;
    this.start = isAtHand ? at : this.end;
    this.target = isAtHand ? null : position;
    if (!isAtHand) this.ended = false;
    return isAtHand;
  }

  /** Puts what comes next behind the bytes from `start` on, which are at most LONGEST_PIECE. Sets `ended` at the end. */
  async more(): Promise<void> {
    if (this.target !== null) await this.turnTo(this.target);
    const count = await (this.pending ?? this.readAhead());
    this.pending = null;
    if (count === 0) {
      this.ended = true;
      return;
    }
    const kept = this.end - this.start;
    this.spare.set(this.bytes.subarray(this.start, this.end), READ_AT - kept);
    this.base += this.end - READ_AT;
    this.start = READ_AT - kept;
    this.first = this.start;
    this.end = READ_AT + count;
    [this.bytes, this.spare] = [this.spare, this.bytes];
    [this.view, this.spareView] = [this.spareView, this.view];
    this.pending = this.readAhead();
    // A failure is met when the bytes are asked for.
    this.pending.catch(() => {});
  }

  /** Closes the source and gives the buffers back. */
  async close(): Promise<void> {
    await this.source.close();
    this.bytes = NO_BYTES;
    this.spare = NO_BYTES;
    this.view = new DataView(NO_BYTES.buffer);
    this.spareView = this.view;
  }

  private async turnTo(position: number): Promise<void> {
    this.target = null;
    await this.pending?.catch(() => 0);
    this.pending = null;
    this.source.seek?.(position);
    this.base = position - this.end;
    this.first = this.end;
  }

  private readAhead(): Promise<number> {
    return this.source.read(this.spare, READ_AT, this.spare.length - READ_AT);
  }
}
