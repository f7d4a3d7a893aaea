// A database that cannot be written for a while: locked by another program, on a full disk, or gone. What a
// transaction wrote is written again.

import { statSync } from 'node:fs';

/** How long to bear it. Calls come from the thread that writes. */
export interface Patience {
  /** Told why rows have to wait, and null once they are written. */
  readonly tell: (reason: string | null) => void;
  /** Waits a moment; false where it is no use any more. `sinceMs` is when the trouble began, by performance.now(). */
  readonly wait: (sinceMs: number) => boolean;
}

/** What can go by without a change to the database. */
const PASSING = [
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_FULL',
  'SQLITE_IOERR',
  'SQLITE_CANTOPEN',
  'XPORTS_GONE',
];

export function isPassing(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code ?? '');
  return PASSING.some((prefix) => code.startsWith(prefix));
}

/** Tells when the file at a path is no longer the one that was opened: SQLite would write on to a file without name. */
export class FileWatch {
  private readonly path: string;
  private readonly inode: number;

  constructor(path: string) {
    this.path = path;
    this.inode = inodeOf(path);
  }

  /** Throws where the file is gone. */
  check(): void {
    if (inodeOf(this.path) === this.inode) return;
    throw Object.assign(new Error('the database file is gone'), { code: 'XPORTS_GONE' });
  }
}

function inodeOf(path: string): number {
  try {
    return statSync(path).ino;
  } catch {
    return -1;
  }
}

/** Rows of which each is written once: those of a transaction that came to nothing are due again. */
export class WrittenOnce {
  private readonly fresh: number[] = [];
  private readonly lost = new Set<number>();

  /** Whether row `number`, which is new or not, is to be written. */
  isDue(number: number, isNew: boolean): boolean {
    if (!isNew && !(this.lost.size > 0 && this.lost.delete(number))) return false;
    this.fresh.push(number);
    return true;
  }

  committed(): void {
    this.fresh.length = 0;
  }

  rolledBack(): void {
    for (const number of this.fresh) this.lost.add(number);
    this.fresh.length = 0;
  }
}
