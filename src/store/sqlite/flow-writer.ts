// Rows of flows. Written again under the same number, a flow takes the place of what was stored before: a
// checkpoint stores open flows too, and what is learned later changes a label.

import type { Database } from 'better-sqlite3';
import { D, type EndedFlows, ROW, ROW_DOUBLES, ROW_WORDS, W } from '../../flow/ended.ts';
import { FlowKinds } from './kinds.ts';
import { Relabeller } from './relabeller.ts';
import { rescope } from './rescoper.ts';
import { RowWriter } from './writing.ts';

const COLUMNS = [
  'flow_id',
  'kind_id',
  'initiator_id',
  'initiator_port',
  'responder_id',
  'responder_port',
  'packets_out',
  'packets_back',
  'bytes_out',
  'bytes_back',
  'payload_out',
  'payload_back',
  'first_seen_us',
  'duration_us',
  'continues_flow_id',
  'initiator_isn',
  'responder_isn',
] as const;

const ROWS_PER_STATEMENT = 50;

export class FlowWriter {
  private readonly rows: RowWriter;
  private readonly kinds: FlowKinds;
  private readonly relabeller: Relabeller;
  private readonly db: Database;
  private readonly runId: number;
  private readonly breathe: () => void;

  constructor(db: Database, runId: number, names: readonly string[], breathe: () => void) {
    this.db = db;
    this.runId = runId;
    this.breathe = breathe;
    this.kinds = new FlowKinds(db, runId, names);
    this.relabeller = new Relabeller(db, runId, breathe);
    this.rows = new RowWriter(
      db,
      `INSERT OR REPLACE INTO flows (run_id, ${COLUMNS.join(', ')})`,
      `(${[runId, ...COLUMNS.map(() => '?')].join(', ')})`,
      COLUMNS.length,
      ROWS_PER_STATEMENT,
      breathe,
    );
  }

  committed(): void {
    this.kinds.written.committed();
  }

  rolledBack(): void {
    this.kinds.written.rolledBack();
    this.rows.at = 0;
  }

  /** See Sink.relabel. */
  relabel(endpoints: ReadonlySet<number>, kept: boolean, areRpc: boolean): void {
    this.relabeller.run(endpoints, areRpc ? this.kinds.asRpcEndpoints(kept) : this.kinds.asUnlisted());
  }

  /** See Sink.rescope. */
  rescope(servers: ReadonlySet<number>, kept: boolean, interfaces: readonly string[]): void {
    rescope(this.db, this.runId, servers, kept ? this.kinds.outOfScope(interfaces) : null, this.breathe);
  }

  write(batch: EndedFlows, interfaces: readonly string[]): void {
    const rows = this.rows;
    const values = rows.values;
    const { words, doubles } = batch;
    for (let i = 0; i < batch.count; i++) {
      const w = i * ROW_WORDS;
      const d = i * ROW_DOUBLES;
      const bits = words[w + W.bits];
      const continues = doubles[d + D.continuesFlowId];
      const firstSeenUs = doubles[d + D.firstSeenUs];
      const at = rows.at;
      values[at] = doubles[d + D.flowId];
      values[at + 1] = this.kinds.of(words, w, interfaces);
      values[at + 2] = words[w + W.initiatorId];
      values[at + 3] = words[w + W.initiatorPort];
      values[at + 4] = words[w + W.responderId];
      values[at + 5] = words[w + W.responderPort];
      values[at + 6] = doubles[d + D.packetsOut];
      values[at + 7] = doubles[d + D.packetsBack];
      values[at + 8] = doubles[d + D.bytesOut];
      values[at + 9] = doubles[d + D.bytesBack];
      values[at + 10] = doubles[d + D.payloadOut];
      values[at + 11] = doubles[d + D.payloadBack];
      values[at + 12] = firstSeenUs;
      values[at + 13] = doubles[d + D.lastSeenUs] - firstSeenUs;
      values[at + 14] = continues === 0 ? null : continues;
      values[at + 15] = bits & ROW.initiatorIsnKnown ? words[w + W.initiatorIsn] : null;
      values[at + 16] = bits & ROW.responderIsnKnown ? words[w + W.responderIsn] : null;
      rows.at = at + COLUMNS.length;
      rows.rowDone();
    }
    rows.flush();
  }
}
