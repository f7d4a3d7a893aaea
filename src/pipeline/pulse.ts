// What shows that a run is alive, and stores what is settled, however long its sources are silent.

import type { Sink } from '../store/sink.ts';

const HEARTBEAT_MS = 2_000;
/** Time between checkpoints, and how many times longer than writing one it is at least. */
const CHECKPOINT_MS = 15_000;
const CHECKPOINT_SHARE = 20;

/** A timer that heartbeats and checkpoints whenever the run waits for bytes, and never while packets are counted. */
export class Pulse {
  private readonly sink: Sink;
  private readonly checkpoint: () => void;
  private readonly packets: () => number;
  private readonly stop: AbortController;
  private readonly timer: ReturnType<typeof setInterval>;
  private checkpointAtMs = Date.now();
  private writingMs = 0;
  private packetsStored = 0;
  private failure: { readonly error: unknown } | null = null;

  /** `packets` counts those read so far; `stop` is used where the database fails. */
  constructor(sink: Sink, checkpoint: () => void, packets: () => number, stop: AbortController) {
    this.sink = sink;
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
    try {
      const now = Date.now();
      const packets = this.packets();
      const dueMs = Math.max(CHECKPOINT_MS, this.writingMs * CHECKPOINT_SHARE);
      if (packets === this.packetsStored || now - this.checkpointAtMs < dueMs) {
        this.sink.heartbeat();
        return;
      }
      this.checkpoint();
      this.packetsStored = packets;
      this.checkpointAtMs = Date.now();
      this.writingMs = this.checkpointAtMs - now;
    } catch (error) {
      this.failure = { error };
      this.end();
      this.stop.abort();
    }
  }
}
