// Regular files, read at positions of our own: however many are read by turns, few descriptors are held.

import { close, fstat, open, read, readFileSync, type Stats } from 'node:fs';
import { promisify } from 'node:util';
import type { ByteSource } from './bytes.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify(fstat);

/** More than this are not needed to be fast, and some systems allow a process no more in all. */
const MOST_HELD = 256;

/** Where the system does not tell its limit: the least that is usual. */
const USUAL_LIMIT = 256;

/** A quarter of the descriptors that the process may have, so that the database and all else find theirs. */
function descriptorsToHold(): number {
  let limit = USUAL_LIMIT;
  try {
    // proc_pid_limits(5); "unlimited" is not a number.
    const line = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    limit = Number(line?.[1]) || MOST_HELD * 4;
  } catch {
    // Not Linux.
  }
  return Math.min(MOST_HELD, Math.floor(limit / 4));
}

let mayHold: number | null = null;
let held = 0;

/** Reads of files without a descriptor of their own come one after another. */
let visits: Promise<unknown> = Promise.resolve();

function inTurn<T>(visit: () => Promise<T>): Promise<T> {
  const mine = visits.then(visit);
  visits = mine.catch(() => {});
  return mine;
}

/** Takes over an open descriptor: it is kept while there are few of them, and otherwise closed between reads. */
export async function openRegularFile(path: string | Buffer, fd: number, stat: Stats): Promise<ByteSource> {
  mayHold ??= descriptorsToHold();
  if (held < mayHold) {
    held++;
    return new RegularFile(path, fd, stat);
  }
  await closeFile(fd);
  return new RegularFile(path, null, stat);
}

class RegularFile implements ByteSource {
  readonly size: number;
  private readonly path: string | Buffer;
  private readonly stat: Stats;
  /** Null where it is opened for each read. */
  private fd: number | null;
  private position = 0;
  private reading: Promise<number> | null = null;

  constructor(path: string | Buffer, fd: number | null, stat: Stats) {
    this.path = path;
    this.fd = fd;
    this.stat = stat;
    this.size = stat.size;
  }

  read(into: Uint8Array, at: number, length: number): Promise<number> {
    this.reading = this.next(into, at, length);
    return this.reading;
  }

  seek(position: number): void {
    this.position = position;
  }

  async close(): Promise<void> {
    // The descriptor may be another file's as soon as it is closed.
    await this.reading?.catch(() => 0);
    if (this.fd === null) return;
    const { fd } = this;
    this.fd = null;
    held--;
    await closeFile(fd);
  }

  private async next(into: Uint8Array, at: number, length: number): Promise<number> {
    const { fd } = this;
    const count = await (fd === null
      ? inTurn(() => this.visit(into, at, length))
      : readAt(fd, into, at, length, this.position));
    this.position += count;
    return count;
  }

  private async visit(into: Uint8Array, at: number, length: number): Promise<number> {
    const fd = await openFile(this.path, 'r');
    try {
      const { dev, ino } = await statFile(fd);
      if (dev !== this.stat.dev || ino !== this.stat.ino) {
        throw new Error('another file took its place meanwhile');
      }
      return await readAt(fd, into, at, length, this.position);
    } finally {
      await closeFile(fd);
    }
  }
}

function readAt(fd: number, into: Uint8Array, at: number, length: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, into, at, length, position, (error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
