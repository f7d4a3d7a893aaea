// Several captures as one, by time: a file is opened when the clock reaches its first packet, so that rotated sets
// follow each other and pairs of directions interleave. One capture alone keeps its own order.

import { stat } from 'node:fs/promises';
import type { Capture, ReaderFactory } from '../source/capture.ts';
import { NotACapture, RecordBatch } from '../source/record.ts';
import { type NamedSource, openCapture, peekFirstPacket, type RefusedSource, STDIN } from './sources.ts';

/** A capture that is open, and the records of it that are next. */
export class OpenSource {
  readonly capture: Capture;
  readonly batch = new RecordBatch();
  /** The next record of the batch. */
  next = 0;
  packets = 0;
  bytes = 0;
  firstPacketUs = Infinity;
  lastPacketUs = -Infinity;

  constructor(capture: Capture) {
    this.capture = capture;
  }

  /** The time of the next record. */
  get headUs(): number {
    return this.batch.timeUs[this.next];
  }

  /** Brings records at hand to the batch; false where more bytes are needed or there are no more. */
  refill(): boolean {
    this.next = 0;
    this.capture.fill(this.batch);
    return this.batch.count > 0;
  }
}

/** Standard input and pipes cannot be looked at first and read again. */
async function isReadOnce(path: string): Promise<boolean> {
  if (path === STDIN) return true;
  const there = await stat(path).catch(() => null);
  return there !== null && !there.isFile();
}

interface Waiting {
  readonly path: string;
  readonly firstUs: number;
}

export class Merge {
  /** Sources that are read or were, in the order they were opened. */
  readonly opened: OpenSource[] = [];
  readonly refused: RefusedSource[] = [];
  private active: OpenSource[] = [];
  /** Not opened yet, the earliest last. */
  private waiting: Waiting[] = [];
  private readonly makeReader: ReaderFactory;

  private readonly stop: AbortSignal | undefined;

  private constructor(makeReader: ReaderFactory, stop: AbortSignal | undefined) {
    this.makeReader = makeReader;
    this.stop = stop;
  }

  /** Looks at every source; those that are no captures are in `refused`. */
  static async open(
    sources: readonly NamedSource[],
    makeReader: ReaderFactory,
    stop?: AbortSignal,
  ): Promise<Merge> {
    const merge = new Merge(makeReader, stop);
    for (const source of sources) {
      try {
        if (sources.length === 1 || (await isReadOnce(source.path))) await merge.start(source.path);
        else
          merge.waiting.push({
            path: source.path,
            firstUs: (await peekFirstPacket(source.path, makeReader)) ?? -Infinity,
          });
      } catch (error) {
        if (!(error instanceof NotACapture)) throw error;
        merge.refused.push({ ...source, reason: error.message });
      }
    }
    // A stable sort turned round: of equal times the one that was named first is opened first.
    merge.waiting.sort((a, b) => a.firstUs - b.firstUs).reverse();
    return merge;
  }

  /** How many captures there are. */
  get size(): number {
    return this.opened.length + this.waiting.length;
  }

  /** Whether all records were taken. */
  get done(): boolean {
    return this.active.length === 0 && this.waiting.length === 0;
  }

  /**
   * The source whose next records are to be taken, up to the time that `limitUs` has afterwards; null at the end.
   */
  async next(): Promise<OpenSource | null> {
    for (;;) {
      const empty = this.active.find((source) => source.next >= source.batch.count && !source.refill());
      if (empty !== undefined) {
        if (empty.capture.done) await this.finish(empty);
        else {
          await empty.capture.advance();
          this.waited = true;
        }
        continue;
      }
      const first = this.earliest();
      const waiting = this.waiting.at(-1);
      if (waiting !== undefined && (first === null || waiting.firstUs <= first.headUs)) {
        this.waiting.pop();
        await this.start(waiting.path);
        continue;
      }
      this.limitUs = Math.min(this.secondUs(first), waiting?.firstUs ?? Infinity);
      return first;
    }
  }

  /** Up to which packet time the source that `next` gave comes before all others. */
  limitUs = Infinity;
  /** Set when bytes had to be waited for. */
  waited = false;

  /** Bytes taken from all sources so far. */
  get bytesRead(): number {
    return this.opened.reduce((sum, source) => sum + source.capture.bytesRead, 0);
  }

  /** Bytes that there are in all; null where only the end will tell. */
  async bytesTotal(): Promise<number | null> {
    const paths = [
      ...this.opened.map((source) => source.capture.path),
      ...this.waiting.map(({ path }) => path),
    ];
    if (paths.includes(STDIN)) return null;
    const stats = await Promise.all(paths.map((path) => stat(path).catch(() => null)));
    return stats.every((one) => one?.isFile()) ? stats.reduce((sum, one) => sum + (one?.size ?? 0), 0) : null;
  }

  async close(): Promise<void> {
    for (const source of this.active) await source.capture.close();
    this.active = [];
  }

  /** Of sources with equal times, the one that was opened first. */
  private earliest(): OpenSource | null {
    let first: OpenSource | null = null;
    for (const source of this.active) if (first === null || source.headUs < first.headUs) first = source;
    return first;
  }

  private secondUs(first: OpenSource | null): number {
    let second = Infinity;
    for (const source of this.active) if (source !== first && source.headUs < second) second = source.headUs;
    return second;
  }

  private async start(path: string): Promise<void> {
    const source = new OpenSource(await openCapture(path, this.makeReader, this.stop));
    this.opened.push(source);
    this.active.push(source);
  }

  private async finish(source: OpenSource): Promise<void> {
    await source.capture.close();
    this.active = this.active.filter((other) => other !== source);
  }
}
