// Rows of pairs. A pair keeps its number for the whole run, so a checkpoint writes only those that changed.

import type { Database } from 'better-sqlite3';
import type { PairColumns } from '../sink.ts';
import { PairKinds } from './kinds.ts';
import { RowWriter } from './writing.ts';

const COLUMNS = [
  'pair_id',
  'initiator_id',
  'responder_id',
  'kind_id',
  'port',
  'flows',
  'packets',
  'bytes',
  'first_seen_us',
  'last_seen_us',
] as const;

const ROWS_PER_STATEMENT = 50;

export class PairWriter {
  private readonly rows: RowWriter;
  private readonly kinds: PairKinds;
  /** What was written last of each pair, to tell whether it changed: flows + packets, and bytes. */
  private counts = new Float64Array(0);
  private bytes = new Float64Array(0);

  constructor(db: Database, runId: number, breathe: () => void) {
    this.kinds = new PairKinds(db, runId);
    this.rows = new RowWriter(
      db,
      `INSERT OR REPLACE INTO pairs (run_id, ${COLUMNS.join(', ')})`,
      `(${[runId, ...COLUMNS.map(() => '?')].join(', ')})`,
      COLUMNS.length,
      ROWS_PER_STATEMENT,
      breathe,
    );
  }

  write(pairs: PairColumns): void {
    this.remember(pairs.count);
    const { counts, bytes } = this;
    const rows = this.rows;
    const values = rows.values;
    for (let i = 0; i < pairs.count; i++) {
      const count = pairs.flows[i] + pairs.packets[i];
      if (counts[i] === count && bytes[i] === pairs.bytes[i]) continue;
      counts[i] = count;
      bytes[i] = pairs.bytes[i];
      const at = rows.at;
      values[at] = i;
      values[at + 1] = pairs.initiatorId[i];
      values[at + 2] = pairs.responderId[i];
      values[at + 3] = this.kinds.of(pairs.service[i], pairs.protocol[i], pairs.verdict[i]);
      values[at + 4] = pairs.port[i];
      values[at + 5] = pairs.flows[i];
      values[at + 6] = pairs.packets[i];
      values[at + 7] = pairs.bytes[i];
      values[at + 8] = pairs.firstSeenUs[i];
      values[at + 9] = pairs.lastSeenUs[i];
      rows.at = at + COLUMNS.length;
      rows.rowDone();
    }
    rows.flush();
  }

  /** Room for `count` pairs; those not written yet hold -1, which no count is. */
  private remember(count: number): void {
    if (count <= this.counts.length) return;
    const size = Math.max(count, this.counts.length * 2);
    const grow = (old: Float64Array) => {
      const next = new Float64Array(size).fill(-1);
      next.set(old);
      return next;
    };
    this.counts = grow(this.counts);
    this.bytes = grow(this.bytes);
  }
}
