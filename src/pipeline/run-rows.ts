// A run's rows and the database they go to, in the packets' own thread.

import type { Policy } from '../policy/policy.ts';
import { PolicyRules } from '../policy/rules.ts';
import { ServerSet } from '../policy/servers.ts';
import type { ProfileName } from '../policy/terms.ts';
import type { RunStart, Sink } from '../store/sink.ts';
import type { Patience } from '../store/sqlite/patience.ts';
import { deleteOldFlows } from '../store/sqlite/runs.ts';
import { SqliteSink } from '../store/sqlite/sink.ts';
import { type FlowsKept, RowPath, type RowPathOptions, type RowTarget } from './row-path.ts';

/** What is asked of a run's rows: plain data, which can be posted to a thread. */
export interface RowSettings {
  readonly db: string;
  readonly start: RunStart;
  /**
   * Addresses and networks separated by commas, in place of those of the policy; `auto` for hosts that turn out to be
   * Exchange servers; null for the policy's, and where it names none every responder is judged.
   */
  readonly servers: string | null;
  /** Beside those of the policy. */
  readonly rpcRange: readonly [number, number] | null;
  readonly flows: FlowsKept;
  /** Checkpoints are to answer which findings are new. */
  readonly news?: boolean;
  /** How long a database that cannot be written is tried again, in seconds; rows wait meanwhile. */
  readonly patienceS?: number;
  /** Days after which flows of earlier runs are deleted at this one's end; null for never. */
  readonly retainDays?: number | null;
  readonly policy?: Policy | null;
  /** For how many days RPC endpoints hold that earlier runs learned; null or left out for none. */
  readonly rememberDays?: number | null;
}

/** Judges only hosts that turn out to be Exchange servers. */
export const AUTO_SERVERS = 'auto';

/** Throws a usage error where the text names no servers. */
export function checkServers(text: string | null): void {
  if (text !== null && text !== AUTO_SERVERS) ServerSet.parse(text);
}

export type RunStatus = 'complete' | 'damaged' | 'interrupted';

/** A run that is being stored. */
export interface RunRows extends RowTarget {
  readonly runId: number;
  /** Told why rows have to wait, and null when they do no longer. */
  onTrouble: (reason: string | null) => void;
  /** Memory that rows take which wait to be stored, at most. */
  readonly waitingBytes: number;
  /** No more waiting for the database: calls that wait for it fail. */
  giveUp(): void;
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
  onTrouble: (reason: string | null) => void = () => {};
  readonly waitingBytes = 0;
  private readonly store: Sink;
  private readonly settings: Pick<RowSettings, 'db' | 'retainDays'>;

  constructor(
    settings: Pick<RowSettings, 'db' | 'servers' | 'rpcRange' | 'flows' | 'news' | 'retainDays'>,
    store: Sink & { readonly runId: number },
    rules = new PolicyRules(),
    memory: NonNullable<RowPathOptions['memory']> | null = null,
  ) {
    const { servers: text, rpcRange, flows, news } = settings;
    const autoServers = text === AUTO_SERVERS;
    const named = text === null || autoServers ? null : ServerSet.parse(text);
    const servers = autoServers ? null : (named ?? rules.servers);
    const newsOfRun = news ? store.runId : null;
    super({ servers, rpcRange, flows, rules, autoServers, newsOfRun, memory }, store);
    this.settings = settings;
    this.store = store;
    this.runId = store.runId;
  }

  /** Begins a run. Throws XportsError where the database cannot be written (exit code 6). */
  static async open(settings: RowSettings, patience: Patience | null = null): Promise<LocalRows> {
    const { start, db, policy } = settings;
    const rules = new PolicyRules(policy ?? undefined, start.profile as ProfileName);
    const { names: services, allowed } = rules;
    const isPatient = settings.patienceS !== undefined;
    const begun = { ...start, policy: rules.policy.text, services, allowed };
    const sink = new SqliteSink(db, begun, isPatient ? patience : null);
    const days = settings.rememberDays ?? 0;
    return new LocalRows(
      settings,
      sink,
      rules,
      days === 0 ? null : { days, endpoints: sink.recallEndpoints() },
    );
  }

  giveUp(): void {}

  async room(): Promise<void> {}

  heartbeat(): void {
    this.store.heartbeat();
  }

  async finish(status: RunStatus, message: string | null): Promise<void> {
    this.store.finish(status, message);
    const { db, retainDays } = this.settings;
    if (typeof retainDays === 'number') deleteOldFlows(db, retainDays);
  }

  async close(): Promise<void> {
    this.store.close();
  }
}
