// A line on standard error that says how far the reading is, how fast it goes, and how long it will take.

import type { Progress } from '../pipeline/analyze.ts';
import { byteSize, grouped, spanText } from '../report/format.ts';
import type { TextStream } from './output.ts';

const REDRAW_MS = 100;
/** The time left is guessed only once there is something to guess from. */
const GUESS_AFTER_MS = 1000;
const BAR_CELLS = 24;
const CLEAR_LINE = '\r\u001b[K';

export class ProgressBar {
  private readonly stream: TextStream | null;
  private readonly startedAt = performance.now();
  private drawnAt = Number.NEGATIVE_INFINITY;
  private drawn = false;

  private constructor(stream: TextStream | null) {
    this.stream = stream;
  }

  /** A bar on a terminal; elsewhere one that draws nothing. */
  static for(stream: TextStream, wanted: boolean): ProgressBar {
    return new ProgressBar(wanted && stream.isTTY === true ? stream : null);
  }

  show(progress: Progress): void {
    if (this.stream === null) return;
    const now = performance.now();
    if (now - this.drawnAt < REDRAW_MS) return;
    this.drawnAt = now;
    this.drawn = true;
    const line = progressLine(progress, now - this.startedAt, (this.stream.columns ?? 80) - 1);
    this.stream.write(CLEAR_LINE + line);
  }

  clear(): void {
    if (this.drawn) this.stream?.write(CLEAR_LINE);
  }
}

/** The text of the line, in at most `width` characters. */
export function progressLine(progress: Progress, elapsedMs: number, width: number): string {
  const { bytesRead, bytesTotal, packets } = progress;
  const rate = elapsedMs > 0 ? Math.round((packets / elapsedMs) * 1000) : 0;
  const parts: string[] = [];
  if (bytesTotal === null || bytesTotal === 0) {
    parts.push(`${byteSize(bytesRead)} read`, `${grouped(packets)} packets`);
  } else {
    const share = Math.min(bytesRead / bytesTotal, 1);
    const full = Math.round(share * BAR_CELLS);
    parts.push(
      `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${String(Math.floor(share * 100)).padStart(3)} %`,
      `${byteSize(bytesRead)} of ${byteSize(bytesTotal)}`,
    );
  }
  parts.push(`${grouped(rate)} packets/s`);
  if (bytesTotal !== null && bytesRead > 0 && elapsedMs >= GUESS_AFTER_MS) {
    const leftMs = (elapsedMs / bytesRead) * Math.max(bytesTotal - bytesRead, 0);
    parts.push(`${spanText(leftMs * 1000)} left`);
  }
  while (parts.length > 1 && parts.join('  ').length > width) parts.pop();
  return parts.join('  ').slice(0, width);
}
