// One capture being read: a source, the window over it and the reader of its format, with what the table
// `sources` says of it.

import { reasonOf } from '../base/errors.ts';
import { type ByteSource, ByteWindow } from './bytes.ts';
import type { CaptureReader } from './reader.ts';
import { type Damage, READ, type RecordBatch, Unheard } from './record.ts';

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

  private constructor(path: string, window: ByteWindow, reader: CaptureReader) {
    this.path = path;
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
    const window = new ByteWindow(source, chunk);
    try {
      return new Capture(path, window, await makeReader(window));
    } catch (error) {
      await window.close();
      throw window.ended && window.stopped ? new Unheard('it was stopped before its header had come') : error;
    }
  }

  /** Bytes of the source that were taken so far. */
  get bytesRead(): number {
    return this.window.offsetOf(this.window.start);
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

  /** Waits for more bytes. A source that fails is damage where it fails. */
  async advance(): Promise<void> {
    try {
      await this.window.more();
    } catch (error) {
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
