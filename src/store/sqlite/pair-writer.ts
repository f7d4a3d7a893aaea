// Rows of pairs. A pair keeps its number for the whole run, so a checkpoint writes only those that changed.

import type { Database, Statement } from 'better-sqlite3';
import { PAIR, PAIR_WIDTH } from '../../audit/tally.ts';
import { TUPLE_WORDS } from '../../base/tuple-table.ts';
import type { PairRows } from '../sink.ts';
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
  private readonly drop: Statement;
  /** What was written last of each pair, to tell whether it changed. */
  private lastPackets = new Float64Array(0);
  private lastBytes = new Float64Array(0);
  /** The same as it was before this transaction: pair, packets and bytes in turn. */
  private readonly undo: number[] = [];

  constructor(db: Database, runId: number, names: readonly string[], breathe: () => void) {
    this.kinds = new PairKinds(db, runId, names);
    this.drop = db.prepare(`DELETE FROM pairs WHERE run_id = ${runId} AND pair_id = ?`);
    this.rows = new RowWriter(
      db,
      `INSERT OR REPLACE INTO pairs (run_id, ${COLUMNS.join(', ')})`,
      `(${[runId, ...COLUMNS.map(() => '?')].join(', ')})`,
      COLUMNS.length,
      ROWS_PER_STATEMENT,
      breathe,
    );
  }

  /** Packets and bytes of all pairs as they stand in the database. */
  packets = 0;
  bytes = 0;

  committed(): void {
    this.kinds.written.committed();
    this.undo.length = 0;
  }

  /** Takes back what the writer remembers of rows that are not in the database after all. */
  rolledBack(): void {
    this.kinds.written.rolledBack();
    this.rows.at = 0;
    const { undo, lastPackets, lastBytes } = this;
    for (let at = undo.length - 3; at >= 0; at -= 3) {
      const pair = undo[at];
      this.packets += Math.max(undo[at + 1], 0) - Math.max(lastPackets[pair], 0);
      this.bytes += Math.max(undo[at + 2], 0) - Math.max(lastBytes[pair], 0);
      lastPackets[pair] = undo[at + 1];
      lastBytes[pair] = undo[at + 2];
    }
    undo.length = 0;
  }

  /** Writes those pairs from number `from` on that changed. */
  write({ count, keys, sums }: PairRows, from: number): void {
    this.remember(count);
    const { lastPackets, lastBytes, rows } = this;
    const { values } = rows;
    for (let i = from; i < count; i++) {
      const sum = i * PAIR_WIDTH;
      const packets = sums[sum + PAIR.packets];
      const bytes = sums[sum + PAIR.bytes];
      // A flow more is a packet more.
      if (lastPackets[i] === packets && lastBytes[i] === bytes) continue;
      this.packets += packets - Math.max(lastPackets[i], 0);
      this.bytes += bytes - Math.max(lastBytes[i], 0);
      this.undo.push(i, lastPackets[i], lastBytes[i]);
      lastPackets[i] = packets;
      lastBytes[i] = bytes;
      if (sums[sum + PAIR.flows] === 0) {
        // Its flows, which went on, turned out to be something else.
        rows.flush();
        this.drop.run(i);
        continue;
      }
      const key = i * TUPLE_WORDS;
      const at = rows.at;
      values[at] = i;
      values[at + 1] = keys[key];
      values[at + 2] = keys[key + 1];
      values[at + 3] = this.kinds.of(keys[key + 2]);
      values[at + 4] = keys[key + 3];
      values[at + 5] = sums[sum + PAIR.flows];
      values[at + 6] = packets;
      values[at + 7] = bytes;
      values[at + 8] = sums[sum + PAIR.firstSeenUs];
      values[at + 9] = sums[sum + PAIR.lastSeenUs];
      rows.at = at + COLUMNS.length;
      rows.rowDone();
    }
    rows.flush();
  }

  /** Room for `count` pairs; those not written yet hold -1, which no count is. */
  private remember(count: number): void {
    if (count <= this.lastPackets.length) return;
    const size = Math.max(count, this.lastPackets.length * 2);
    const grow = (old: Float64Array) => {
      const next = new Float64Array(size).fill(-1);
      next.set(old);
      return next;
    };
    this.lastPackets = grow(this.lastPackets);
    this.lastBytes = grow(this.lastBytes);
  }
}
