// Pipes, sockets and terminals. They are waited for in the event loop: a read that waits in a thread can be neither
// called off nor left behind, since the process would wait for it when it ends.

import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';
import type { ByteSource } from './bytes.ts';

/** Hands on what has arrived. It ends with its last writer, or when `stop` says so. */
export class StreamSource implements ByteSource {
  readonly size = null;
  stopped = false;
  private readonly stream: Socket;
  private readonly stop: AbortSignal | undefined;
  private rest: Uint8Array = new Uint8Array(0);
  private ended = false;
  private failure: Error | null = null;
  private wake = () => {};
  private readonly onStop = () => {
    this.stopped = true;
    this.wake();
  };

  /** Takes an open descriptor over. */
  constructor(fd: number, stop?: AbortSignal) {
    this.stream = isatty(fd) ? new ReadStream(fd) : new Socket({ fd, readable: true, writable: false });
    this.stop = stop;
    if (stop?.aborted) this.stopped = true;
    stop?.addEventListener('abort', this.onStop, { once: true });
    this.stream.on('readable', () => this.wake());
    for (const event of ['end', 'close'] as const) {
      this.stream.on(event, () => {
        this.ended = true;
        this.wake();
      });
    }
    this.stream.on('error', (error) => {
      this.failure = error;
      this.wake();
    });
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    for (;;) {
      if (this.stopped) return 0;
      if (this.rest.length === 0) this.rest = this.stream.read() ?? this.rest;
      if (this.rest.length > 0) {
        const count = Math.min(length, this.rest.length);
        into.set(this.rest.subarray(0, count), at);
        this.rest = this.rest.subarray(count);
        return count;
      }
      if (this.failure !== null) throw this.failure;
      if (this.ended) return 0;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.stop?.removeEventListener('abort', this.onStop);
    this.stream.destroy();
    this.ended = true;
    this.wake();
  }
}
