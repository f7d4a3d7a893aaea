// Descriptors that are read from where they stand: devices, and a file that standard input was redirected to.

import { close, read } from 'node:fs';
import { promisify } from 'node:util';
import type { ByteSource } from './bytes.ts';

const closeFile = promisify(close);
const RETRY_MS = 10;

/** Reads on from where the descriptor is. It ends when `stop` says so. */
export class DeviceSource implements ByteSource {
  readonly size = null;
  private readonly fd: number;
  private readonly stop: AbortSignal | undefined;
  private reading: Promise<number> | null = null;

  /** Takes an open descriptor over. */
  constructor(fd: number, stop?: AbortSignal) {
    this.fd = fd;
    this.stop = stop;
  }

  get stopped(): boolean {
    return this.stop?.aborted === true;
  }

  read(into: Uint8Array, at: number, length: number): Promise<number> {
    this.reading = new Promise((resolve, reject) => {
      const attempt = () => {
        if (this.stopped) return resolve(0);
        read(this.fd, into, at, length, null, (error, count) => {
          if (error === null) resolve(count);
          // A device that does not block answers so when it has nothing yet.
          else if (error.code === 'EAGAIN') setTimeout(attempt, RETRY_MS);
          else if (error.code === 'EOF') resolve(0);
          else reject(error);
        });
      };
      attempt();
    });
    return this.reading;
  }

  async close(): Promise<void> {
    await this.reading?.catch(() => 0);
    if (this.fd !== 0) await closeFile(this.fd);
  }
}
