// Where bytes come from: a file or standard input, read ahead into one buffer while the other is parsed.

import { close, fstat, open, read } from 'node:fs';
import { promisify } from 'node:util';

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify(fstat);

export interface ByteSource {
  /** Total size in bytes; null where only the end will tell. */
  readonly size: number | null;
  /** Reads up to `length` bytes to `at`; 0 at the end. */
  read(into: Uint8Array, at: number, length: number): Promise<number>;
  /** Goes on at `position`, in bytes from the start; not there where bytes come once and in order. */
  seek?(position: number): void;
  close(): Promise<void>;
}

/** Opens a file, or a pipe, which ends when `stop` says so. Throws what the system says. */
export async function openFileSource(path: string, stop?: AbortSignal): Promise<ByteSource> {
  const fd = await openFile(path, 'r');
  const stat = await statFile(fd);
  const close = () => closeFile(fd);
  if (!stat.isFile()) {
    return {
      size: null,
      read: (into, at, length) => untilStopped(readFd(fd, into, at, length), stop),
      close,
    };
  }
  // The system keeps the place until a reader wants another.
  let position: number | null = null;
  return {
    size: stat.size,
    read: async (into, at, length) => {
      const count = await readFd(fd, into, at, length, position);
      if (position !== null) position += count;
      return count;
    },
    seek: (to) => {
      position = to;
    },
    close,
  };
}

/** Standard input, whatever it is: packets are handed on as they arrive. It ends when `stop` says so. */
export function openStdinSource(stop?: AbortSignal): ByteSource {
  return {
    size: null,
    read: (into, at, length) => untilStopped(readFd(0, into, at, length), stop),
    close: async () => {},
  };
}

/** A read cannot be called off; but nobody has to wait for it. */
function untilStopped(reading: Promise<number>, stop: AbortSignal | undefined): Promise<number> {
  if (stop === undefined) return reading;
  return new Promise((resolve, reject) => {
    const end = () => resolve(0);
    if (stop.aborted) end();
    stop.addEventListener('abort', end, { once: true });
    reading.then(resolve, reject).finally(() => stop.removeEventListener('abort', end));
  });
}

function readFd(
  fd: number,
  into: Uint8Array,
  at: number,
  length: number,
  position: number | null = null,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const attempt = () =>
      read(fd, into, at, length, position, (error, count) => {
        if (error === null) resolve(count);
        // A terminal or a socket that does not block answers so when it has nothing yet.
        else if (error.code === 'EAGAIN') setTimeout(attempt, 10);
        else if (error.code === 'EOF') resolve(0);
        else reject(error);
      });
    attempt();
  });
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
    if (this.source.size !== null) await this.pending?.catch(() => 0);
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
