// Which flows have their last row written, and who takes it back.

import { ROW } from './ended.ts';
import type { Exporter } from './exporter.ts';
import { BIT, COLD_Q, HOT, type Records, TIMER } from './record.ts';
import { isOver } from './state.ts';
import { BASIS, END } from './terms.ts';

/** Flows whose last row stands. */
const WRITTEN = BIT.expired | BIT.stored;
/**
 * Connections that are over are written down while packets are read, once they have been quiet for this long: at the
 * end of a run all of them at once would keep the database's thread busy alone.
 */
const QUIET_US = 1_000_000;
/** Flows that are looked at in one go. */
const AT_ONCE = 1024;
const HANDSHAKE = BASIS.handshake << BIT.basisShift;

/** Writes the rows of one table's flows. */
export class LastRows {
  private readonly records: Records;
  private readonly exporter: Exporter;
  /** The flow whose turn it is to be looked at. */
  private next = 0;

  constructor(records: Records, exporter: Exporter) {
    this.records = records;
    this.exporter = exporter;
  }

  /** Writes the last row of flow `n`, if it does not stand already. */
  write(n: number, reason: number): void {
    if ((this.bits(n) & WRITTEN) === 0) this.exporter.write(this.records, n, reason);
  }

  /**
   * Looks at the next few of the first `count` flows, in turns, and writes the last rows of connections that are over
   * and quiet: a few at a time, so that whoever takes them keeps up. Flows seen from the middle wait for the end of
   * the run in any case.
   */
  writeOver(count: number, clockUs: number): void {
    const { hot, hotQ } = this.records;
    const end = Math.min(this.next + AT_ONCE, count);
    for (let n = this.next; n < end; n++) {
      const at = this.records.hotAt(n);
      const bits = hot[at + HOT.bits];
      if ((bits & WRITTEN) !== 0 || clockUs - hotQ[(at >> 1) + TIMER] <= QUIET_US) continue;
      if (!isOver(bits) || (bits & BIT.basisMask) !== HANDSHAKE) continue;
      this.exporter.write(this.records, n, END.end);
      hot[at + HOT.bits] = bits | BIT.stored;
    }
    this.next = end < count ? end : 0;
  }

  /** A packet joins flow `n`: if its last row stands, that one no longer holds. */
  takeBack(n: number): void {
    if ((this.bits(n) & BIT.stored) === 0) return;
    this.exporter.write(this.records, n, END.end, ROW.retracted);
    this.records.hot[this.records.hotAt(n) + HOT.bits] &= ~BIT.stored;
  }

  /** Writes the first `count` flows as they stand; those that no packet changed since `sinceUs` are marked. */
  show(count: number, sinceUs: number): void {
    const { records } = this;
    for (let n = 0; n < count; n++) {
      const bits = this.bits(n);
      if ((bits & WRITTEN) !== 0) continue;
      const mayHaveChanged =
        records.hotQ[(records.hotAt(n) >> 1) + TIMER] >= sinceUs ||
        (bits & (BIT.icmpRefused | BIT.timerIsClock)) !== 0 ||
        records.coldQ[(records.coldAt(n) >> 1) + COLD_Q.lastPast] !== -Infinity;
      this.exporter.write(records, n, END.open, mayHaveChanged ? 0 : ROW.unchanged);
    }
  }

  private bits(n: number): number {
    return this.records.hot[this.records.hotAt(n) + HOT.bits];
  }
}
