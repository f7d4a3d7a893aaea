// What shows that a run is alive, and stores what is settled, however long its sources are silent.

import type { RunRows } from './run-rows.ts';

const HEARTBEAT_MS = 2_000;
/** Time between checkpoints, and how many times longer than writing one it is at least. */
const CHECKPOINT_MS = 15_000;
const CHECKPOINT_SHARE = 20;

/** A timer that heartbeats and checkpoints whenever the run waits for bytes, and never while packets are counted. */
export class Pulse {
  private readonly rows: RunRows;
  private readonly checkpoint: () => Promise<void>;
  private readonly packets: () => number;
  private readonly stop: AbortController;
  private readonly timer: ReturnType<typeof setInterval>;
  private checkpointAtMs = Date.now();
  private writingMs = 0;
  private packetsStored = 0;
  private isWriting = false;
  private failure: { readonly error: unknown } | null = null;

  /** `packets` counts those read so far; `stop` is used where the database fails. */
  constructor(rows: RunRows, checkpoint: () => Promise<void>, packets: () => number, stop: AbortController) {
    this.rows = rows;
    this.checkpoint = checkpoint;
    this.packets = packets;
    this.stop = stop;
    this.timer = setInterval(() => this.beat(), HEARTBEAT_MS);
  }

  end(): void {
    clearInterval(this.timer);
  }

  /** Throws what went wrong in the timer, where nobody could catch it. */
  rethrow(): void {
    if (this.failure !== null) throw this.failure.error;
  }

  private beat(): void {
    this.keepUp().catch((error) => {
      this.failure = { error };
      this.end();
      this.stop.abort();
    });
  }

  private async keepUp(): Promise<void> {
    const beganMs = Date.now();
    const dueMs = Math.max(CHECKPOINT_MS, this.writingMs * CHECKPOINT_SHARE);
    const isDue = this.packets() !== this.packetsStored && beganMs - this.checkpointAtMs >= dueMs;
    if (this.isWriting || !isDue) {
      this.rows.heartbeat();
      return;
    }
    this.isWriting = true;
    this.packetsStored = this.packets();
    await this.checkpoint();
    this.isWriting = false;
    this.checkpointAtMs = Date.now();
    this.writingMs = this.checkpointAtMs - beganMs;
  }
}
