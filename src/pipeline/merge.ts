// Several captures as one, by time: a file is opened when the clock reaches its first packet, so that rotated sets
// follow each other and pairs of directions interleave. One capture alone keeps its own order.

import { stat } from 'node:fs/promises';
import type { Capture, ReaderFactory } from '../source/capture.ts';
import { NotACapture, RecordBatch } from '../source/record.ts';
import { type NamedSource, openCapture, peekFirstPacket, type RefusedSource, STDIN } from './sources.ts';

/** A capture that is open, and the records of it that are next. */
export class OpenSource {
  readonly capture: Capture;
  batch = new RecordBatch();
  /** The next record of the batch. */
  next = 0;
  packets = 0;
  bytes = 0;
  firstPacketUs = Infinity;
  lastPacketUs = -Infinity;

  /** Its place among the sources that were opened. */
  readonly order: number;

  constructor(capture: Capture, order = 0) {
    this.capture = capture;
    this.order = order;
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
  readonly source: NamedSource;
  readonly firstUs: number;
}

/** What a capture holds on to when it is read. */
const NO_RECORDS = new RecordBatch();

/** Opens sources as their time comes and says whose records are next. */
export class Merge {
  /** Sources that are read or were, in the order they were opened. */
  readonly opened: OpenSource[] = [];
  readonly refused: RefusedSource[] = [];
  /** Up to which packet time the source that `next` gave comes before all others. */
  limitUs = Infinity;
  /** Set when bytes had to be waited for. */
  waited = false;
  /** Open sources that have records at hand, as a heap by the time of the next one. */
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
            source,
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

  /**
   * The source whose next records are to be taken, up to the time that `limitUs` has afterwards; null at the end.
   */
  async next(): Promise<OpenSource | null> {
    for (;;) {
      const first = this.active[0];
      if (first !== undefined && first.next >= first.batch.count && !(await this.load(first))) {
        await this.finish(first);
        continue;
      }
      if (first !== undefined) this.settle();
      const earliest = this.active[0];
      const waiting = this.waiting.at(-1);
      if (waiting !== undefined && (earliest === undefined || waiting.firstUs <= earliest.headUs)) {
        this.waiting.pop();
        await this.startOrRefuse(waiting.source);
        continue;
      }
      if (earliest === undefined) return null;
      this.limitUs = Math.min(this.headOf(1), this.headOf(2), waiting?.firstUs ?? Infinity);
      return earliest;
    }
  }

  /** Bytes taken from all sources so far. */
  get bytesRead(): number {
    return this.opened.reduce((sum, source) => sum + source.capture.bytesRead, 0);
  }

  /** Bytes that there are in all; null where only the end will tell. */
  async bytesTotal(): Promise<number | null> {
    const paths = [
      ...this.opened.map((source) => source.capture.path),
      ...this.waiting.map(({ source }) => source.path),
    ];
    if (paths.includes(STDIN)) return null;
    const stats = await Promise.all(paths.map((path) => stat(path).catch(() => null)));
    return stats.every((one) => one?.isFile()) ? stats.reduce((sum, one) => sum + (one?.size ?? 0), 0) : null;
  }

  async close(): Promise<void> {
    for (const source of this.active) await source.capture.close();
    this.active = [];
  }

  /** Waits until the source has records at hand; false when it has no more. */
  private async load(source: OpenSource): Promise<boolean> {
    while (!source.refill()) {
      if (source.capture.done) return false;
      await source.capture.advance();
      this.waited = true;
    }
    return true;
  }

  private headOf(place: number): number {
    return this.active[place]?.headUs ?? Infinity;
  }

  /** Lets the first of the heap down to its place, now that it has other records at hand. */
  private settle(): void {
    const heap = this.active;
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < heap.length && comesBefore(heap[left], heap[least])) least = left;
      if (right < heap.length && comesBefore(heap[right], heap[least])) least = right;
      if (least === at) return;
      [heap[at], heap[least]] = [heap[least], heap[at]];
      at = least;
    }
  }

  private rise(): void {
    const heap = this.active;
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!comesBefore(heap[at], heap[parent])) return;
      [heap[at], heap[parent]] = [heap[parent], heap[at]];
      at = parent;
    }
  }

  /** A file may have changed since it was looked at. */
  private async startOrRefuse(source: NamedSource): Promise<void> {
    try {
      await this.start(source.path);
    } catch (error) {
      if (!(error instanceof NotACapture)) throw error;
      this.refused.push({ ...source, reason: error.message });
    }
  }

  private async start(path: string): Promise<void> {
    const source = new OpenSource(await openCapture(path, this.makeReader, this.stop), this.opened.length);
    this.opened.push(source);
    if (await this.load(source)) {
      this.active.push(source);
      this.rise();
    } else await release(source);
  }

  /** Takes the first of the heap out of it. */
  private async finish(first: OpenSource): Promise<void> {
    const last = this.active.pop();
    if (last !== undefined && last !== first) {
      this.active[0] = last;
      this.settle();
    }
    await release(first);
  }
}

/** Of equal times, the source that was opened first comes first. */
function comesBefore(a: OpenSource, b: OpenSource): boolean {
  return a.headUs < b.headUs || (a.headUs === b.headUs && a.order < b.order);
}

async function release(source: OpenSource): Promise<void> {
  await source.capture.close();
  source.batch = NO_RECORDS;
}
