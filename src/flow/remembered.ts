// Keys of established TCP flows that expired: what follows on one continues that flow. They are kept by age, and bounded.

/** How long a key is remembered after its flow's end, and how many are. */
export const REMEMBER_US = 7_200_000_000;
const MAX_REMEMBERED = 65_536;

/** What there is to know of a table's records. */
export interface Timers {
  readonly count: number;
  /** The clock at the last packet that moved the idle timer of record `n`. */
  timer(n: number): number;
  isRemembered(n: number): boolean;
}

/** Remembered keys whose timers are below this are dropped, by age or to stay within the bound. */
export function forgetBefore(records: Timers, clockUs: number, tcpIdleUs: number): number {
  const timers: number[] = [];
  const byAge = clockUs - tcpIdleUs - REMEMBER_US;
  for (let n = 0; n < records.count; n++) {
    const timer = records.timer(n);
    if (clockUs - timer > tcpIdleUs && timer >= byAge && records.isRemembered(n)) timers.push(timer);
  }
  if (timers.length <= MAX_REMEMBERED) return byAge;
  return Float64Array.from(timers).sort()[timers.length - MAX_REMEMBERED];
}
