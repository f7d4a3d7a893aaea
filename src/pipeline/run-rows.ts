// A run's rows and the database they go to, in the packets' own thread.

import { ServerSet } from '../policy/servers.ts';
import type { RunStart, Sink } from '../store/sink.ts';
import { SqliteSink } from '../store/sqlite/sink.ts';
import { type FlowsKept, RowPath, type RowTarget } from './row-path.ts';

/** What is asked of a run's rows: plain data, which can be posted to a thread. */
export interface RowSettings {
  readonly db: string;
  readonly start: RunStart;
  /** Addresses and networks separated by commas; null where every responder is judged. */
  readonly servers: string | null;
  readonly rpcRange: readonly [number, number] | null;
  readonly flows: FlowsKept;
}

export type RunStatus = 'complete' | 'damaged' | 'interrupted';

/** A run that is being stored. */
export interface RunRows extends RowTarget {
  readonly runId: number;
  /** Resolves when no more rows are on their way than fit. */
  room(): Promise<void>;
  /** Shows that the run is alive; cheap enough for every few seconds. */
  heartbeat(): void;
  finish(status: RunStatus, message: string | null): Promise<void>;
  /** A run that was not finished is left as interrupted. */
  close(): Promise<void>;
}

export type OpenRows = (settings: RowSettings) => Promise<RunRows>;

/** Stores a run from the calling thread. */
export class LocalRows extends RowPath implements RunRows {
  readonly runId: number;
  private readonly store: Sink;

  constructor(
    settings: Pick<RowSettings, 'servers' | 'rpcRange' | 'flows'>,
    store: Sink & { readonly runId: number },
  ) {
    const servers = settings.servers === null ? null : ServerSet.parse(settings.servers);
    super({ servers, rpcRange: settings.rpcRange, flows: settings.flows }, store);
    this.store = store;
    this.runId = store.runId;
  }

  /** Begins a run. Throws XportsError where the database cannot be written (exit code 6). */
  static async open(settings: RowSettings): Promise<LocalRows> {
    return new LocalRows(settings, new SqliteSink(settings.db, settings.start));
  }

  async room(): Promise<void> {}

  heartbeat(): void {
    this.store.heartbeat();
  }

  async finish(status: RunStatus, message: string | null): Promise<void> {
    this.store.finish(status, message);
  }

  async close(): Promise<void> {
    this.store.close();
  }
}
