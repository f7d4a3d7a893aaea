// One capture being read: a source, the window over it and the reader of its format, with what the table
// `sources` says of it.

import { reasonOf } from '../base/errors.ts';
import { type ByteSource, ByteWindow } from './bytes.ts';
import { StreamDamage } from './packed.ts';
import type { CaptureReader } from './reader.ts';
import { type Damage, ForeignFile, NotACapture, READ, type RecordBatch, Unheard } from './record.ts';
import { type Unpacked, unpack } from './unpack.ts';

/** Makes the reader of an opened source, as detectReader does. */
export type ReaderFactory = (window: ByteWindow) => Promise<CaptureReader>;

/** An open capture: `fill` takes records at hand, `advance` waits for more bytes. */
export class Capture {
  readonly path: string;
  readonly reader: CaptureReader;
  /** True when there is nothing left to read. */
  done = false;
  damage: Damage | null = null;
  private readonly window: ByteWindow;
  private readonly unpacked: Unpacked;

  private constructor(path: string, unpacked: Unpacked, window: ByteWindow, reader: CaptureReader) {
    this.path = path;
    this.unpacked = unpacked;
    this.window = window;
    this.reader = reader;
  }

  /** Opens a capture over a source. Throws NotACapture, or what the system says; the source is closed then. */
  static async open(
    path: string,
    source: ByteSource,
    makeReader: ReaderFactory,
    chunk?: number,
  ): Promise<Capture> {
    const unpacked = await unpack(source).catch(async (error: unknown) => {
      await source.close();
      throw error;
    });
    const window = new ByteWindow(unpacked.source, chunk);
    try {
      return new Capture(path, unpacked, window, await makeReader(window));
    } catch (error) {
      await window.close();
      if (window.ended && window.stopped) throw new Unheard('it was stopped before its header had come');
      throw unpacked.packings.length === 0 ? error : inside(unpacked.packings, error);
    }
  }

  /** The format's name and those of the compression around it, the innermost first. */
  get format(): string {
    return [this.reader.format, ...this.unpacked.packings].join(',');
  }

  /** Bytes of the source, as it lies there, that were taken so far. */
  get bytesRead(): number {
    return this.unpacked.taken?.() ?? this.window.offsetOf(this.window.start);
  }

  /**
   * Puts the records at hand into the batch. Where it stays empty and the capture is not `done`, `advance` brings
   * more bytes. The batch's records are good until the next call of either.
   */
  fill(batch: RecordBatch): void {
    batch.count = 0;
    if (this.done) return;
    const outcome = this.reader.read(this.window, batch);
    if (outcome === READ.damaged) this.end(this.reader.damage);
    else if (outcome === READ.needsBytes && this.window.ended) {
      this.end(this.window.stopped ? null : this.reader.atEnd(this.window));
    }
  }

  /** Waits for more bytes. A source that fails is damage where it fails, or where the record begins that it cuts. */
  async advance(): Promise<void> {
    try {
      await this.window.more();
    } catch (error) {
      if (error instanceof StreamDamage) {
        const offset = this.reader.atEnd(this.window)?.offset ?? this.window.offsetOf(this.window.end);
        this.end({ offset, reason: error.message });
        return;
      }
      const reason = `reading failed: ${reasonOf(error)}`;
      this.end({ offset: this.window.offsetOf(this.window.end), reason });
    }
  }

  async close(): Promise<void> {
    await this.window.close();
  }

  private end(damage: Damage | null): void {
    this.done = true;
    this.damage = damage;
  }
}

/** What was found within compression. */
function inside(packings: readonly string[], error: unknown): unknown {
  if (!(error instanceof NotACapture)) return error;
  const reason = `unpacked from ${packings.join(' in ')}, ${error.message}`;
  return error instanceof ForeignFile ? new ForeignFile(reason) : new NotACapture(reason);
}
