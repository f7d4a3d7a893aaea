// When a flow is over by its timers, and what is remembered of it then.

import { PROTOCOL } from '../base/transport.ts';
import { COLD_Q, HOT, KIND, type Records, TIMER } from './record.ts';
import { isEstablished, isOver } from './state.ts';

/** How long the key of an expired established flow is remembered after its end, and how many are. */
const REMEMBER_US = 7_200_000_000;
const MAX_REMEMBERED = 65_536;

export interface Timeouts {
  readonly tcpIdleUs: number;
  readonly otherIdleUs: number;
  /** 0 for none. */
  readonly activeUs: number;
}

/** The timers of one table's flows. */
export class Timers {
  private readonly records: Records;
  private readonly timeouts: Timeouts;

  constructor(records: Records, timeouts: Timeouts) {
    this.records = records;
    this.timeouts = timeouts;
  }

  /** The clock at the last packet that moved the flow's timer. */
  of(n: number): number {
    return this.records.hotQ[(this.records.hotAt(n) >> 1) + TIMER];
  }

  isIdle(n: number, clockUs: number): boolean {
    return clockUs - this.of(n) > this.idleLimit(n);
  }

  /** Whether the flow is older than the active timeout. */
  isOld(n: number, clockUs: number): boolean {
    return (
      clockUs - this.records.coldQ[(this.records.coldAt(n) >> 1) + COLD_Q.first] > this.timeouts.activeUs
    );
  }

  /** Whether a packet at this clock may continue the idle flow. */
  mayGoOn(n: number, clockUs: number): boolean {
    return this.isRemembered(n) && clockUs - this.of(n) - this.idleLimit(n) <= REMEMBER_US;
  }

  /** Whether the record is an established TCP flow, which another may continue. */
  isRemembered(n: number): boolean {
    const bits = this.records.wholeBits(n);
    return this.isTcp(n) && isEstablished(bits) && !isOver(bits);
  }

  /** Of the first `count` records, those whose timers are below this are forgotten, by age or to stay within the bound. */
  forgetBefore(count: number, clockUs: number): number {
    const timers: number[] = [];
    const byAge = clockUs - this.timeouts.tcpIdleUs - REMEMBER_US;
    for (let n = 0; n < count; n++) {
      const ended = clockUs - this.of(n) > this.timeouts.tcpIdleUs;
      if (ended && this.of(n) >= byAge && this.isRemembered(n)) timers.push(this.of(n));
    }
    if (timers.length <= MAX_REMEMBERED) return byAge;
    return Float64Array.from(timers).sort()[timers.length - MAX_REMEMBERED];
  }

  private idleLimit(n: number): number {
    return this.isTcp(n) ? this.timeouts.tcpIdleUs : this.timeouts.otherIdleUs;
  }

  private isTcp(n: number): boolean {
    return ((this.records.hot[this.records.hotAt(n) + HOT.kind] >>> KIND.innerShift) & 255) === PROTOCOL.tcp;
  }
}
