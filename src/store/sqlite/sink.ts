// The SQLite sink: one run's rows, written in short transactions so that several runs can share a database.

import type { Database } from 'better-sqlite3';
import type { RecalledEndpoint } from '../../audit/memory.ts';
import { EXIT, XportsError } from '../../base/errors.ts';
import type { EndedFlows } from '../../flow/ended.ts';
import { SERVICE_IDS } from '../../service/catalog.ts';
import type { AddressTexts, Checkpoint, PairRows, RunStart, Sink } from '../sink.ts';
import { CheckpointWriter } from './checkpoint-writer.ts';
import { databaseError } from './failure.ts';
import { FlowWriter } from './flow-writer.ts';
import { closeWritten, openForWriting } from './open.ts';
import { PairWriter } from './pair-writer.ts';
import { FileWatch, isPassing, type Patience } from './patience.ts';
import { thisProcess } from './processes.ts';
import { recallEndpoints } from './recall.ts';
import { markInterrupted } from './runs.ts';
import { RowWriter, ShortTransactions } from './writing.ts';

const ADDRESSES_PER_STATEMENT = 100;
/** Where what is locked is tried again anyway. */
const PATIENT_BUSY_MS = 1_000;
const NO_INTERFACES: readonly string[] = [''];

export class SqliteSink implements Sink {
  readonly runId: number;
  private readonly db: Database;
  private readonly path: string;
  private readonly transactions: ShortTransactions;
  private readonly addresses: RowWriter;
  private readonly flowWriter: FlowWriter;
  private readonly pairWriter: PairWriter;
  private readonly checkpointWriter: CheckpointWriter;
  private addressesWritten = 0;
  private addressesCommitted = 0;
  private readonly patience: Patience | null;
  private readonly file: FileWatch;
  private flowsWritten = 0;
  private finished = false;
  private failure: string | null = null;
  private closed = false;

  /**
   * Opens or creates the database and begins a run in it; runs whose process is gone are marked. With `patience`, what
   * cannot be written is tried again.
   */
  constructor(path: string, start: RunStart, patience: Patience | null = null) {
    this.path = path;
    this.db = openForWriting(path);
    this.patience = patience;
    this.file = new FileWatch(path);
    try {
      this.runId = this.beginRun(start);
      const names = start.services ?? SERVICE_IDS;
      if (patience !== null) this.db.pragma(`busy_timeout = ${PATIENT_BUSY_MS}`);
      this.transactions = new ShortTransactions(this.db, {
        committed: () => this.committed(),
        rolledBack: () => this.rolledBack(),
      });
      const keepAccount = () => this.checkpointWriter.stored(this.pairWriter.packets, this.pairWriter.bytes);
      const breathe = () => this.transactions.breathe(keepAccount);
      this.addresses = new RowWriter(
        this.db,
        'INSERT INTO addresses (run_id, address_id, address)',
        `(${this.runId}, ?, ?)`,
        2,
        ADDRESSES_PER_STATEMENT,
        breathe,
      );
      this.flowWriter = new FlowWriter(this.db, this.runId, names, breathe);
      this.pairWriter = new PairWriter(this.db, this.runId, names, breathe);
      this.checkpointWriter = new CheckpointWriter(this.db, this.runId, breathe);
    } catch (error) {
      this.db.close();
      throw databaseError('write', path, error);
    }
  }

  flows(batch: EndedFlows, addresses: AddressTexts, interfaces: readonly string[] = NO_INTERFACES): void {
    this.write(() => {
      this.writeAddresses(addresses);
      this.flowWriter.write(batch, interfaces);
    });
    this.flowsWritten += batch.count;
  }

  relabel(endpoints: ReadonlySet<number>, kept: boolean, areRpc: boolean): void {
    this.write(() => this.flowWriter.relabel(endpoints, kept, areRpc));
  }

  /** What the runs before this one, of the same sensor, learned of RPC's TCP ports. */
  recallEndpoints(): RecalledEndpoint[] {
    return recallEndpoints(this.db, this.runId);
  }

  rescope(servers: ReadonlySet<number>, kept: boolean, interfaces: readonly string[]): void {
    this.write(() => this.flowWriter.rescope(servers, kept, interfaces));
  }

  pairs(rows: PairRows, from: number, addresses: AddressTexts): void {
    this.write(() => {
      this.writeAddresses(addresses);
      this.pairWriter.write(rows, from);
      this.checkpointWriter.stored(this.pairWriter.packets, this.pairWriter.bytes);
    });
  }

  checkpoint(state: Checkpoint, addresses: AddressTexts): void {
    this.write(() => {
      this.writeAddresses(addresses);
      this.pairWriter.write(state.pairs, 0);
      this.checkpointWriter.write(state, addresses);
    });
  }

  heartbeat(): void {
    this.write(() => this.checkpointWriter.heartbeat());
  }

  finish(status: 'complete' | 'damaged' | 'interrupted', message: string | null): void {
    this.write(() => this.checkpointWriter.finish(status, message));
    this.finished = true;
  }

  /** A run that was not finished is left as interrupted. */
  close(): void {
    if (this.closed) return;
    if (!this.finished) this.abandon();
    this.closed = true;
    try {
      closeWritten(this.db);
    } catch (error) {
      throw databaseError('write', this.path, error);
    }
  }

  private abandon(): void {
    try {
      this.finish('interrupted', this.failure ?? 'the run ended early');
    } catch {
      // The database cannot be written, which was said before: a later run will mark this one.
    }
  }

  private beginRun(start: RunStart): number {
    const self = thisProcess();
    const insert = this.db.prepare(`INSERT INTO runs (run_uid, sensor, source, source_kind, status,
      started_at_us, heartbeat_us, profile, policy, options, version, host, pid, process_started_at_us)
      VALUES (?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    const allowed =
      this.db.prepare(`INSERT INTO allowed_services (run_id, row_id, service, label, transport, port,
      last_port, allowed_by, initiators, responders) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    const begin = this.db.transaction(() => {
      markInterrupted(this.db);
      const { lastInsertRowid } = insert.run(
        start.runUid,
        start.sensor,
        start.source,
        start.sourceKind,
        start.startedAtUs,
        Date.now() * 1000,
        start.profile,
        start.policy || null,
        start.options,
        start.version,
        self.host,
        self.pid,
        self.startedAtUs,
      );
      for (const [i, { id, label, transport, port, lastPort, by, from, to }] of (
        start.allowed ?? []
      ).entries()) {
        allowed.run(lastInsertRowid, i + 1, id, label, transport, port, lastPort, by, from, to);
      }
      return Number(lastInsertRowid);
    });
    return begin.immediate();
  }

  private writeAddresses(addresses: AddressTexts): void {
    const writer = this.addresses;
    while (this.addressesWritten < addresses.size) {
      const id = ++this.addressesWritten;
      writer.values[writer.at++] = id;
      writer.values[writer.at++] = addresses.text(id);
      writer.rowDone();
    }
    writer.flush();
  }

  private write(rows: () => void): void {
    if (this.closed) {
      throw new XportsError('internal', EXIT.database, `the database ${this.path} is closed already`);
    }
    try {
      if (this.patience === null) this.transactions.run(rows);
      else this.writePatiently(rows, this.patience);
    } catch (error) {
      const failure = databaseError('write', this.path, error, this.kept());
      this.failure = failure.message;
      throw failure;
    }
  }

  private writePatiently(rows: () => void, patience: Patience): void {
    let sinceMs: number | null = null;
    for (;;) {
      try {
        this.file.check();
        this.transactions.run(rows);
        break;
      } catch (error) {
        if (this.failure !== null || !isPassing(error)) throw error;
        if (sinceMs === null) patience.tell(databaseError('write', this.path, error).message);
        sinceMs ??= performance.now();
        if (!patience.wait(sinceMs)) throw error;
      }
    }
    if (sinceMs !== null) patience.tell(null);
  }

  private committed(): void {
    this.addressesCommitted = this.addressesWritten;
    this.flowWriter.committed();
    this.pairWriter.committed();
    this.checkpointWriter.committed();
  }

  private rolledBack(): void {
    this.addressesWritten = this.addressesCommitted;
    this.addresses.at = 0;
    this.flowWriter.rolledBack();
    this.pairWriter.rolledBack();
    this.checkpointWriter.rolledBack();
  }

  private kept(): string {
    return this.flowsWritten === 0
      ? `run ${this.runId} has stored no flows`
      : `run ${this.runId} keeps the ${this.flowsWritten} flows stored before`;
  }
}
