// A run's rows in a thread of their own, so that labels, sums and the database cost the packets no time. Rows go there
// through shared memory, which is used again; only where the database stalls they wait in memory of their own.

import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, EXIT, XportsError } from '../base/errors.ts';
import { type TunnelLayer, tunnels } from '../decode/encap/tunnels.ts';
import { vlanStacks } from '../decode/vlan.ts';
import { type EndedFlows, ROW_WORDS } from '../flow/ended.ts';
import type { Lesson } from '../learn/lessons.ts';
import type { News } from './news.ts';
import type { PacketSide } from './row-path.ts';
import type { RowSettings, RunRows, RunStatus } from './run-rows.ts';

/** Batches on their way at most: about seven megabytes. */
const MOST_ON_THEIR_WAY = 64;
/** The thread's rows lie in typed arrays; its heap need not grow for what is short-lived. */
const YOUNG_MIB = 8;
const SLOTS = MOST_ON_THEIR_WAY + 2;
/** Rows of a batch of the meter's. */
const BATCH_ROWS = 512;
/** A database that stalls holds the packets up only so long at once; then their own loop has to wait. */
const LONGEST_WAIT_MS = 1_000;
const SHORT_MS = 2;
/** What a batch takes at most, while it waits. */
const BATCH_BYTES = 112 << 10;

/** Words of memory that both threads see. */
export const SHARED = { batchesDone: 0, givenUp: 1 } as const;

export type ToThread =
  | { readonly kind: 'flows'; readonly words: Int32Array; readonly open: boolean }
  | { readonly kind: 'vlans'; readonly stacks: readonly (readonly number[])[] }
  | { readonly kind: 'lessons'; readonly lessons: readonly Lesson[] }
  | { readonly kind: 'tunnels'; readonly layers: readonly TunnelLayer[] }
  | { readonly kind: 'heartbeat' }
  | { readonly kind: 'checkpoint'; readonly call: number; readonly side: PacketSide }
  | {
      readonly kind: 'finish';
      readonly call: number;
      readonly status: RunStatus;
      readonly message: string | null;
    }
  | { readonly kind: 'close' };

export interface ThreadError {
  readonly code: ErrorCode;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string | undefined;
}

export type FromThread =
  | { readonly kind: 'opened'; readonly runId: number }
  | { readonly kind: 'done'; readonly call: number; readonly news: News | null }
  /** Why rows have to wait; null when they do no longer. */
  | { readonly kind: 'trouble'; readonly reason: string | null }
  | { readonly kind: 'failed'; readonly error: ThreadError };

export interface ThreadData {
  readonly settings: RowSettings;
  /** By the words of SHARED. */
  readonly shared: Int32Array;
}

interface Call {
  readonly resolve: (news: News | null) => void;
  readonly reject: (error: Error) => void;
}

/** Stores a run from another thread. */
export class ThreadRows implements RunRows {
  runId = 0;
  onTrouble: (reason: string | null) => void = () => {};
  private readonly worker: Worker;
  private readonly shared = new Int32Array(new SharedArrayBuffer(8));
  /** Rows wait in memory rather than hold the packets up. */
  private readonly isPatient: boolean;
  private sent = 0;
  private readonly slots: SharedArrayBuffer[] = [];
  /** What packets taught since rows were sent last: a message costs more than a lesson. */
  private lessons: Lesson[] = [];
  private stacksSent = 0;
  private tunnelsSent = 0;
  private nextCall = 1;
  private readonly calls = new Map<number, Call>();
  private failure: Error | null = null;
  private closing = false;
  /** How many batches the thread had taken when it was waited for in vain. */
  private stalledAt: number | null = null;
  private readonly ended: Promise<void>;

  private constructor(settings: RowSettings) {
    this.isPatient = settings.patienceS !== undefined;
    const workerData: ThreadData = { settings, shared: this.shared };
    this.worker = new Worker(new URL('./row-thread.js', import.meta.url), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    this.worker.on('message', (message: FromThread) => this.hear(message));
    this.worker.on('error', (error) => this.fail(this.worded(error)));
    this.ended = new Promise((resolve) => {
      this.worker.on('exit', () => {
        if (!this.closing) this.fail(new Error('the storing thread ended early'));
        resolve();
      });
    });
  }

  /** Begins a run. Throws XportsError where the database cannot be written (exit code 6). */
  static async open(settings: RowSettings): Promise<ThreadRows> {
    const rows = new ThreadRows(settings);
    try {
      await rows.answerTo(0);
      return rows;
    } catch (error) {
      await rows.close();
      throw error;
    }
  }

  flows(batch: EndedFlows, open: boolean): void {
    if (this.failure !== null) throw this.failure;
    this.sendVlans();
    this.sendTunnels();
    this.sendLessons();
    const words = this.wordsFor(batch);
    words.set(batch.words.subarray(0, words.length));
    this.post({ kind: 'flows', words, open });
    this.sent++;
    if (!this.isPatient) this.waitAWhile();
  }

  learn(lesson: Lesson): void {
    this.lessons.push(lesson);
  }

  async room(): Promise<void> {
    while (!this.isPatient && this.onTheirWay > MOST_ON_THEIR_WAY && this.failure === null)
      await sleep(SHORT_MS);
    if (this.failure !== null) throw this.failure;
  }

  get waitingBytes(): number {
    return this.onTheirWay * BATCH_BYTES;
  }

  giveUp(): void {
    Atomics.store(this.shared, SHARED.givenUp, 1);
    Atomics.notify(this.shared, SHARED.givenUp);
  }

  checkpoint(side: PacketSide): Promise<News | null> {
    this.sendLessons();
    const call = this.nextCall++;
    this.post({ kind: 'checkpoint', call, side });
    return this.answerTo(call);
  }

  heartbeat(): void {
    this.post({ kind: 'heartbeat' });
  }

  async finish(status: RunStatus, message: string | null): Promise<void> {
    const call = this.nextCall++;
    this.post({ kind: 'finish', call, status, message });
    await this.answerTo(call);
  }

  async close(): Promise<void> {
    const saidBefore = this.failure;
    this.closing = true;
    this.post({ kind: 'close' });
    await this.ended;
    if (this.failure !== saidBefore) throw this.failure;
  }

  private get onTheirWay(): number {
    return (this.sent - Atomics.load(this.shared, SHARED.batchesDone)) | 0;
  }

  /** Memory that both threads see: a slot that is used again, if the batch that had it last is done with. */
  private wordsFor(batch: EndedFlows): Int32Array {
    const words = batch.count * ROW_WORDS;
    if (this.onTheirWay >= SLOTS || batch.capacity > BATCH_ROWS)
      return new Int32Array(new SharedArrayBuffer(words * 4));
    const n = this.sent % SLOTS;
    this.slots[n] ??= new SharedArrayBuffer(BATCH_ROWS * ROW_WORDS * 4);
    return new Int32Array(this.slots[n], 0, words);
  }

  /**
   * Holds the packets up while too many rows are on their way. A thread that took nothing in all that time may be gone,
   * which only the loop can tell: it is not waited for again before it takes something.
   */
  private waitAWhile(): void {
    if (Atomics.load(this.shared, SHARED.batchesDone) === this.stalledAt) return;
    const begun = performance.now();
    while (this.onTheirWay > MOST_ON_THEIR_WAY && performance.now() - begun < LONGEST_WAIT_MS) {
      const done = Atomics.load(this.shared, SHARED.batchesDone);
      Atomics.wait(this.shared, SHARED.batchesDone, done, SHORT_MS);
    }
    const isStalled = this.onTheirWay > MOST_ON_THEIR_WAY;
    this.stalledAt = isStalled ? Atomics.load(this.shared, SHARED.batchesDone) : null;
  }

  private sendVlans(): void {
    const stacks = vlanStacks(this.stacksSent);
    if (stacks.length === 0) return;
    this.stacksSent += stacks.length;
    this.post({ kind: 'vlans', stacks });
  }

  private sendLessons(): void {
    const { lessons } = this;
    if (lessons.length === 0) return;
    this.lessons = [];
    this.post({ kind: 'lessons', lessons });
  }

  private sendTunnels(): void {
    const layers = tunnels.since(this.tunnelsSent);
    if (layers.length === 0) return;
    this.tunnelsSent += layers.length;
    this.post({ kind: 'tunnels', layers });
  }

  private post(message: ToThread): void {
    this.worker.postMessage(message);
  }

  private answerTo(call: number): Promise<News | null> {
    if (this.failure !== null) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => this.calls.set(call, { resolve, reject }));
  }

  private hear(message: FromThread): void {
    switch (message.kind) {
      case 'opened':
        this.runId = message.runId;
        this.answer(0, null);
        return;
      case 'done':
        this.answer(message.call, message.news);
        return;
      case 'trouble':
        this.onTrouble(message.reason);
        return;
      case 'failed': {
        const { code, exitCode, message: text, hint } = message.error;
        this.fail(new XportsError(code, exitCode, text, hint));
      }
    }
  }

  private answer(call: number, news: News | null): void {
    this.calls.get(call)?.resolve(news);
    this.calls.delete(call);
  }

  private worded(error: Error): Error {
    if (!('code' in error) || error.code !== 'ERR_WORKER_OUT_OF_MEMORY') return error;
    const kept = this.runId === 0 ? '' : `; run ${this.runId} keeps what was stored before`;
    const text = `the storing thread ran out of memory${kept}`;
    const hint = 'analyze fewer captures at once, or store fewer flows with --flows unexpected';
    return new XportsError('internal', EXIT.internal, text, hint);
  }

  private fail(error: Error): void {
    this.failure ??= error;
    for (const call of this.calls.values()) call.reject(this.failure);
    this.calls.clear();
  }
}
