// Several captures as one, by time: a file is opened when the clock reaches its first packet, so that rotated sets
// follow each other and pairs of directions interleave. One capture alone keeps its own order.

import type { Capture, ReaderFactory } from '../source/capture.ts';
import { NotACapture, RecordBatch, Unheard } from '../source/record.ts';
import {
  type NamedSource,
  openCapture,
  peekFirstPacket,
  type RefusedSource,
  refusedBecause,
  sizeOf,
} from './sources.ts';

/** From so many open captures on, each reads ahead less. */
const MANY = 32;
const SMALL_CHUNK = 1 << 18;

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
  /** Some of its packets came before the run had any time: they take its first. */
  beganUntimed = false;

  /** Its place among the sources that were named. */
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

interface Waiting {
  readonly source: NamedSource;
  readonly order: number;
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
  /** Bytes that there are in all; null where only the end will tell. */
  bytesTotal: number | null = 0;
  /** Open sources that have records at hand, as a heap by the time of the next one. */
  private active: OpenSource[] = [];
  /** Not opened yet, the earliest last. */
  private waiting: Waiting[] = [];
  private readonly makeReader: ReaderFactory;
  private readonly stop: AbortSignal | undefined;

  /** Pipes end when `stop` says so, and nothing more is looked at. */
  constructor(makeReader: ReaderFactory, stop?: AbortSignal) {
    this.makeReader = makeReader;
    this.stop = stop;
  }

  /**
   * Looks at every source, and waits for the first bytes of those that are read once, such as pipes. Those that are no
   * captures are in `refused`.
   */
  async open(sources: readonly NamedSource[]): Promise<void> {
    for (const [order, source] of sources.entries()) {
      if (this.stop?.aborted) break;
      const size = await sizeOf(source);
      if (this.bytesTotal !== null && size !== undefined) {
        this.bytesTotal = size === null ? null : this.bytesTotal + size;
      }
      await this.orRefuse(source, async () => {
        if (sources.length === 1 || size === null) await this.start(source, order);
        else {
          const firstUs = (await peekFirstPacket(source, this.makeReader)) ?? -Infinity;
          this.waiting.push({ source, order, firstUs });
        }
      });
    }
    // The earliest last, and of equal times the one that was named first.
    this.waiting.sort((a, b) => (a.firstUs === b.firstUs ? b.order - a.order : b.firstUs - a.firstUs));
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
        // A file may have changed since it was looked at.
        await this.orRefuse(waiting.source, () => this.start(waiting.source, waiting.order));
        continue;
      }
      if (earliest === undefined) return null;
      this.limitUs = Math.min(
        limitBy(earliest, this.active[1]?.headUs, this.active[1]?.order),
        limitBy(earliest, this.active[2]?.headUs, this.active[2]?.order),
        limitBy(earliest, waiting?.firstUs, waiting?.order),
      );
      return earliest;
    }
  }

  /** Bytes taken from all sources so far. */
  get bytesRead(): number {
    return this.opened.reduce((sum, source) => sum + source.capture.bytesRead, 0);
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

  private async orRefuse(source: NamedSource, open: () => Promise<void>): Promise<void> {
    try {
      await open();
    } catch (error) {
      if (!(error instanceof NotACapture)) throw error;
      // A pipe that was stopped before it said what it is has nothing wrong with it.
      if (this.stop?.aborted && error instanceof Unheard) return;
      this.refused.push(refusedBecause(source, error));
    }
  }

  private async start(named: NamedSource, order: number): Promise<void> {
    const chunk = this.active.length < MANY ? undefined : SMALL_CHUNK;
    const source = new OpenSource(await openCapture(named, this.makeReader, this.stop, chunk), order);
    this.opened.push(source);
    this.waited = true;
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

/**
 * Up to which time a source comes before another: of equal times, the one that was named first comes first. Times are
 * whole microseconds.
 */
function limitBy(earliest: OpenSource, headUs = Infinity, order = Infinity): number {
  return order < earliest.order ? headUs - 1 : headUs;
}

/** Of equal times, the source that was named first comes first. */
function comesBefore(a: OpenSource, b: OpenSource): boolean {
  return a.headUs < b.headUs || (a.headUs === b.headUs && a.order < b.order);
}

async function release(source: OpenSource): Promise<void> {
  await source.capture.close();
  source.batch = NO_RECORDS;
}
