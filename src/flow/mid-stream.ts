// TCP flows of which only the middle was seen wait here for the end of the run, since a later handshake may show who
// serves whom.

import { PROTOCOL } from '../base/transport.ts';
import type { DirectionEvidence } from './direction.ts';
import { EndedFlows, ROW, ROW_WORDS, W } from './ended.ts';
import { BASIS } from './terms.ts';
import { turn } from './turn.ts';

/** Rows that wait at most; then they are decided by what is known so far. */
const MAX_WAITING = 65_536;
const BATCH = 512;

/** Rows that wait for what the run teaches of their endpoints. */
export class MidStreamRows {
  private waiting = new EndedFlows(256);
  /** How many of them were shown before. */
  private shown = 0;
  private readonly batch = new EndedFlows(BATCH);
  private readonly evidence: DirectionEvidence;

  constructor(evidence: DirectionEvidence) {
    this.evidence = evidence;
  }

  get isFull(): boolean {
    return this.waiting.count >= MAX_WAITING;
  }

  /** Takes TCP flows without a handshake out of the batch. */
  takeFrom(batch: EndedFlows): void {
    const { words } = batch;
    let kept = 0;
    for (let n = 0; n < batch.count; n++) {
      const w = n * ROW_WORDS;
      if (isGuess(words, w)) {
        this.take(words, w);
        continue;
      }
      if (kept !== n) words.copyWithin(kept * ROW_WORDS, w, w + ROW_WORDS);
      kept++;
    }
    batch.count = kept;
  }

  /** Decides on such flows in the batch, by what is known so far. */
  decide(batch: EndedFlows): void {
    for (let n = 0; n < batch.count; n++) {
      const w = n * ROW_WORDS;
      if (isGuess(batch.words, w) && this.evidence.isTurned(batch.words, w)) turn(batch, n);
    }
  }

  /** A double may hold any bits, so rows are copied as words. */
  private take(words: Int32Array, w: number): void {
    if (this.waiting.count === this.waiting.capacity) {
      const larger = new EndedFlows(this.waiting.capacity * 2);
      larger.words.set(this.waiting.words);
      larger.count = this.waiting.count;
      this.waiting = larger;
    }
    this.waiting.words.set(words.subarray(w, w + ROW_WORDS), this.waiting.count * ROW_WORDS);
    this.waiting.count++;
  }

  /** Decides on all rows and hands them out. */
  release(deliver: (batch: EndedFlows) => void): void {
    this.handOut(0, (batch) => deliver(batch));
    this.waiting.count = 0;
    this.shown = 0;
  }

  /** Hands out copies, decided by what is known so far; `isNew` tells rows that were not shown before. */
  show(deliver: (batch: EndedFlows, isNew: boolean) => void): void {
    this.handOut(0, (batch) => deliver(batch, false), this.shown);
    this.handOut(this.shown, (batch) => deliver(batch, true));
    this.shown = this.waiting.count;
  }

  private handOut(from: number, deliver: (batch: EndedFlows) => void, to = this.waiting.count): void {
    const { batch } = this;
    batch.count = 0;
    for (let n = from; n < to; n++) {
      const w = n * ROW_WORDS;
      batch.words.set(this.waiting.words.subarray(w, w + ROW_WORDS), batch.count * ROW_WORDS);
      if (++batch.count < BATCH && n + 1 < to) continue;
      this.decide(batch);
      deliver(batch);
      batch.count = 0;
    }
  }
}

function isGuess(words: Int32Array, w: number): boolean {
  return (
    words[w + W.basis] === BASIS.portGuess &&
    words[w + W.innerProtocol] === PROTOCOL.tcp &&
    (words[w + W.bits] & ROW.portsUnread) === 0
  );
}
