// One call of `xports analyze`: the sources it names, merged, through the path of a packet, into a run of the store.

import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { EXIT } from '../base/errors.ts';
import type { Policy } from '../policy/policy.ts';
import type { ProfileName } from '../policy/terms.ts';
import type { ReaderFactory } from '../source/capture.ts';
import { detectReader } from '../source/detect.ts';
import { PcapParserReader } from '../source/pcap-parser.ts';
import { NO_RECORD_TIME } from '../source/record.ts';
import type { RunStart } from '../store/sink.ts';
import { Merge, type OpenSource } from './merge.ts';
import { PacketPath } from './path.ts';
import { Pulse } from './pulse.ts';
import type { FlowsKept } from './row-path.ts';
import { checkServers, type OpenRows, type RunRows } from './run-rows.ts';
import { dropsOf, noticesOf, sourceRows } from './source-rows.ts';
import { expandSources, type NamedSource, noCaptureError, STDIN } from './sources.ts';

export interface AnalyzeOptions {
  readonly sources: readonly string[];
  readonly db: string;
  readonly profile: ProfileName;
  /** What the policy file says; null or left out for none. */
  readonly policy?: Policy | null;
  /** See RowSettings. */
  readonly servers: string | null;
  /** First and last of the TCP ports that the user says are RPC, beside those of the policy. */
  readonly rpcRange: readonly [number, number] | null;
  readonly flows: FlowsKept;
  /** Whether payload is looked at. */
  readonly payload: boolean;
  readonly reader: 'default' | 'pcap-parser';
  /** Idle timeouts of TCP and of all else, and the active timeout (0 for none), in seconds. */
  readonly tcpTimeoutS: number;
  readonly otherTimeoutS: number;
  readonly activeTimeoutS: number;
  readonly retainDays: number | null;
  /** See RowSettings. */
  readonly rememberDays?: number | null;
  readonly sensor: string;
  readonly version: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface Progress {
  readonly bytesRead: number;
  /** Null where a source's size is not known. */
  readonly bytesTotal: number | null;
  readonly packets: number;
}

export interface AnalyzeResult {
  readonly runId: number;
  readonly exitCode: number;
  /** Sentences for standard error: what was damaged, and where. */
  readonly notices: readonly string[];
}

/**
 * Analyzes captures into a run. Throws XportsError where no source can be read (exit code 3), an option makes no
 * sense (2) or the database cannot be written (6).
 */
export async function analyze(options: AnalyzeOptions, openRows: OpenRows): Promise<AnalyzeResult> {
  // What makes no sense is said before a run is begun.
  checkServers(options.servers);
  const makeReader: ReaderFactory = options.reader === 'pcap-parser' ? PcapParserReader.open : detectReader;
  const named = await expandSources(options.sources);
  const stop = followed(options.signal);
  const merge = new Merge(makeReader, stop.signal);
  const { db, servers, rpcRange, flows, policy } = options;
  // The run is begun before anything is waited for, so that it is there to be seen.
  const rows = await openRows({
    db,
    start: runStart(options, named),
    servers,
    rpcRange,
    flows,
    policy: policy ?? null,
    rememberDays: options.rememberDays ?? null,
  });
  try {
    const path = new PacketPath(options, rows);
    const checkpoint = (final: boolean) =>
      path.checkpoint(sourceRows(merge, path.meter.firstTimeUs), dropsOf(merge), final);
    const pulse = new Pulse(
      rows,
      async () => {
        await checkpoint(false);
      },
      () => path.packets,
      stop,
    );
    try {
      await merge.open(named);
      await readAll(merge, path, rows, stop.signal, options.onProgress);
    } finally {
      pulse.end();
    }
    pulse.rethrow();
    await checkpoint(true);
    return await finish(merge, path, rows, options);
  } finally {
    await merge.close();
    await rows.close();
  }
}

/** A way to stop that another signal may use too. */
function followed(signal: AbortSignal | undefined): AbortController {
  const stop = new AbortController();
  // One listener for each pipe, of which there may be many.
  setMaxListeners(0, stop.signal);
  if (signal?.aborted) stop.abort();
  signal?.addEventListener('abort', () => stop.abort(), { once: true });
  return stop;
}

async function readAll(
  merge: Merge,
  path: PacketPath,
  rows: RunRows,
  stop: AbortSignal,
  onProgress: AnalyzeOptions['onProgress'],
): Promise<void> {
  while (!stop.aborted) {
    const source = await merge.next();
    if (source === null) return;
    if (path.meter.firstTimeUs === null && source.headUs === NO_RECORD_TIME) takeUntimed(path, source);
    else path.run(source, merge.limitUs);
    if (!merge.waited) continue;
    merge.waited = false;
    await rows.room();
    onProgress?.({ bytesRead: merge.bytesRead, bytesTotal: merge.bytesTotal, packets: path.packets });
  }
}

/** Takes records that come before the run has any time: the source will say it is the run's first. */
function takeUntimed(path: PacketPath, source: OpenSource): void {
  const { firstPacketUs, lastPacketUs } = source;
  path.run(source, NO_RECORD_TIME);
  source.firstPacketUs = firstPacketUs;
  source.lastPacketUs = lastPacketUs;
  source.beganUntimed = true;
}

/** Closes the run, and says how it went. Throws where there was nothing that could be read. */
async function finish(
  merge: Merge,
  path: PacketPath,
  rows: RunRows,
  options: AnalyzeOptions,
): Promise<AnalyzeResult> {
  const stopped = options.signal?.aborted === true;
  if (merge.size === 0 && !stopped) {
    const error = noCaptureError(merge.refused, options.sources);
    await rows.finish('damaged', error.message);
    throw error;
  }
  const damage = noticesOf(merge);
  const notices = stopped
    ? [`stopped after ${path.packets} packets: what was read is stored`, ...damage]
    : damage;
  const status = damage.length > 0 ? 'damaged' : stopped ? 'interrupted' : 'complete';
  await rows.finish(status, notices.length > 0 ? notices.join('\n') : null);
  return { runId: rows.runId, exitCode: damage.length > 0 ? EXIT.damaged : EXIT.done, notices };
}

function runStart(options: AnalyzeOptions, named: readonly NamedSource[]): RunStart {
  const {
    servers,
    rpcRange,
    flows,
    payload,
    reader,
    tcpTimeoutS,
    otherTimeoutS,
    activeTimeoutS,
    retainDays,
    policy,
  } = options;
  return {
    runUid: randomUUID(),
    sensor: options.sensor,
    source: options.sources.join(' '),
    sourceKind: named.length > 0 && named.every(({ path }) => path === STDIN) ? 'stdin' : 'file',
    profile: options.profile,
    options: JSON.stringify({
      servers,
      rpcRange: rpcRange?.join('-') ?? null,
      flows,
      payload,
      reader,
      tcpTimeoutS,
      udpTimeoutS: otherTimeoutS,
      activeTimeoutS,
      retainDays,
      policy: policy?.path ?? null,
      rememberDays: options.rememberDays ?? null,
    }),
    version: options.version,
    startedAtUs: Date.now() * 1000,
  };
}
