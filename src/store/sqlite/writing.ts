// Many rows in few calls: statements of several rows, in transactions that end before they hold others up.

import type { Database, Statement } from 'better-sqlite3';

/** A transaction is ended at the first statement after this time, so that it stays well under a second. */
const LONGEST_MS = 300;

/** What is to be kept in step with the database. */
export interface Steps {
  /** All that was written so far is in the database. */
  committed(): void;
  /** What was written since then is not. */
  rolledBack(): void;
}

/** Write transactions of bounded length. */
export class ShortTransactions {
  private readonly begin: Statement;
  private readonly commit: Statement;
  private startedAt = 0;
  private readonly db: Database;
  private readonly steps: Steps;

  constructor(db: Database, steps: Steps) {
    this.db = db;
    this.steps = steps;
    this.begin = db.prepare('BEGIN IMMEDIATE');
    this.commit = db.prepare('COMMIT');
  }

  /**
   * Runs `write` in one or more transactions: it may call `breathe` wherever what is written is consistent. Where it
   * throws, the last transaction came to nothing, and `write` may be run again.
   */
  run(write: () => void): void {
    try {
      this.start();
      write();
      this.end();
    } catch (error) {
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
      this.steps.rolledBack();
      throw error;
    }
  }

  /** Ends the transaction and begins another where it has become long; `beforeCommit` makes its rows consistent. */
  breathe(beforeCommit: () => void): void {
    if (performance.now() - this.startedAt < LONGEST_MS) return;
    beforeCommit();
    this.end();
    this.start();
  }

  private end(): void {
    this.commit.run();
    this.steps.committed();
  }

  private start(): void {
    this.begin.run();
    this.startedAt = performance.now();
  }
}

/**
 * Collects rows for one table. Put a row's values into `values` from `at` on, move `at`, and call `rowDone`.
 * Values go to the statement as arguments: from an array the binding takes twice as long.
 */
export class RowWriter {
  readonly values: unknown[];
  at = 0;
  private readonly many: Statement;
  private readonly one: Statement;
  private readonly width: number;
  private readonly afterStatement: () => void;

  /** `tuple` is one row's SQL, such as `(7, ?, ?)`, with `width` question marks. */
  constructor(
    db: Database,
    insert: string,
    tuple: string,
    width: number,
    rows: number,
    afterStatement: () => void,
  ) {
    this.values = new Array(width * rows).fill(0);
    this.width = width;
    this.many = db.prepare(`${insert} VALUES ${new Array(rows).fill(tuple).join(', ')}`);
    this.one = db.prepare(`${insert} VALUES ${tuple}`);
    this.afterStatement = afterStatement;
  }

  rowDone(): void {
    if (this.at < this.values.length) return;
    this.many.run.apply(this.many, this.values);
    this.at = 0;
    this.afterStatement();
  }

  /** Writes the rows that did not fill a statement. */
  flush(): void {
    for (let from = 0; from < this.at; from += this.width) {
      this.one.run(...this.values.slice(from, from + this.width));
    }
    this.at = 0;
    this.afterStatement();
  }
}
