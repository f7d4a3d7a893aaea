// One call of `xports analyze`: the sources it names, merged, through the path of a packet, into a run of the store.

import { randomUUID } from 'node:crypto';
import { EXIT } from '../base/errors.ts';
import { linkTypeName } from '../decode/link/index.ts';
import { ServerSet } from '../policy/servers.ts';
import type { ReaderFactory } from '../source/capture.ts';
import { detectReader } from '../source/detect.ts';
import { PcapParserReader } from '../source/pcap-parser.ts';
import type { RunStart, Sink, SourceRow } from '../store/sink.ts';
import { Merge, type OpenSource } from './merge.ts';
import { type Drops, type FlowsKept, PacketPath } from './path.ts';
import { expandSources, nameOf, noCaptureError, STDIN } from './sources.ts';

export interface AnalyzeOptions {
  readonly sources: readonly string[];
  readonly db: string;
  readonly profile: 'allow-list';
  /** Addresses and networks separated by commas; null where every responder is judged. */
  readonly servers: string | null;
  /** First and last of the TCP ports that the user says are RPC. */
  readonly rpcRange: readonly [number, number] | null;
  readonly flows: FlowsKept;
  readonly reader: 'default' | 'pcap-parser';
  /** Idle timeouts of TCP and of all else, and the active timeout (0 for none), in seconds. */
  readonly tcpTimeoutS: number;
  readonly otherTimeoutS: number;
  readonly activeTimeoutS: number;
  readonly retainDays: number | null;
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

export type SinkFactory = (start: RunStart) => Sink & { readonly runId: number };

const HEARTBEAT_MS = 2_000;
/** Time between checkpoints, and how many times longer than writing one it is at least. */
const CHECKPOINT_MS = 15_000;
const CHECKPOINT_SHARE = 20;

/**
 * Analyzes captures into a run. Throws XportsError where no source can be read (exit code 3), an option makes no
 * sense (2) or the database cannot be written (6).
 */
export async function analyze(options: AnalyzeOptions, openSink: SinkFactory): Promise<AnalyzeResult> {
  const servers = options.servers === null ? null : ServerSet.parse(options.servers);
  const makeReader: ReaderFactory = options.reader === 'pcap-parser' ? PcapParserReader.open : detectReader;
  const merge = await Merge.open(await expandSources(options.sources), makeReader, options.signal);
  const sink = openSink(runStart(options));
  try {
    const path = new PacketPath(
      {
        servers,
        rpcRange: options.rpcRange,
        flows: options.flows,
        tcpTimeoutS: options.tcpTimeoutS,
        otherTimeoutS: options.otherTimeoutS,
        activeTimeoutS: options.activeTimeoutS,
      },
      sink,
    );
    await readAll(merge, path, sink, options);
    path.finish();
    path.checkpoint(sourceRows(merge, path), dropsOf(merge));
    if (merge.size === 0) {
      const error = noCaptureError(merge.refused, options.sources);
      sink.finish('damaged', error.message);
      throw error;
    }
    if (options.signal?.aborted) {
      const notice = `stopped after ${path.packets} packets: what was read is stored`;
      sink.finish('interrupted', notice);
      return { runId: sink.runId, exitCode: EXIT.done, notices: [notice] };
    }
    const notices = noticesOf(merge);
    sink.finish(notices.length > 0 ? 'damaged' : 'complete', notices.length > 0 ? notices.join('\n') : null);
    return { runId: sink.runId, exitCode: notices.length > 0 ? EXIT.damaged : EXIT.done, notices };
  } finally {
    await merge.close();
    sink.close();
  }
}

async function readAll(merge: Merge, path: PacketPath, sink: Sink, options: AnalyzeOptions): Promise<void> {
  const total = await merge.bytesTotal();
  let heartbeatMs = Date.now();
  let checkpointMs = heartbeatMs;
  let writingMs = 0;
  while (!options.signal?.aborted) {
    const source = await merge.next();
    if (source === null) return;
    path.run(source, merge.limitUs);
    if (!merge.waited) continue;
    merge.waited = false;
    const now = Date.now();
    options.onProgress?.({ bytesRead: merge.bytesRead, bytesTotal: total, packets: path.packets });
    if (now - heartbeatMs < HEARTBEAT_MS) continue;
    heartbeatMs = now;
    if (now - checkpointMs > Math.max(CHECKPOINT_MS, writingMs * CHECKPOINT_SHARE)) {
      path.checkpoint(sourceRows(merge, path), dropsOf(merge));
      checkpointMs = Date.now();
      writingMs = checkpointMs - now;
    } else sink.heartbeat();
  }
}

function runStart(options: AnalyzeOptions): RunStart {
  const { servers, rpcRange, flows, reader, tcpTimeoutS, otherTimeoutS, activeTimeoutS, retainDays } =
    options;
  return {
    runUid: randomUUID(),
    sensor: options.sensor,
    source: options.sources.join(' '),
    sourceKind: options.sources.every((source) => source === STDIN) ? 'stdin' : 'file',
    profile: options.profile,
    options: JSON.stringify({
      servers,
      rpcRange: rpcRange?.join('-') ?? null,
      flows,
      reader,
      tcpTimeoutS,
      udpTimeoutS: otherTimeoutS,
      activeTimeoutS,
      retainDays,
    }),
    version: options.version,
    startedAtUs: Date.now() * 1000,
  };
}

function sourceRows(merge: Merge, path: PacketPath): SourceRow[] {
  const refused = merge.refused.map((source) => ({
    path: source.path,
    format: null,
    linkTypes: null,
    snaplen: null,
    packets: 0,
    bytes: 0,
    firstPacketUs: null,
    lastPacketUs: null,
    damageOffset: null,
    damage: `no capture: ${source.reason}`,
  }));
  return [...merge.opened.map((source) => sourceRow(source, path.meter.firstTimeUs)), ...refused];
}

/** `firstTimeUs` stands for the time of packets that came before any had one. */
function sourceRow(source: OpenSource, firstTimeUs: number | null): SourceRow {
  const { capture } = source;
  const { reader, damage } = capture;
  const names = new Set(reader.linkTypes.map(linkTypeName));
  return {
    path: capture.path,
    format: capture.format,
    linkTypes: names.size === 0 ? null : [...names].join(','),
    snaplen: reader.snaplen,
    packets: source.packets,
    bytes: source.bytes,
    firstPacketUs: source.packets === 0 ? null : source.firstPacketUs || firstTimeUs,
    lastPacketUs: source.packets === 0 ? null : source.lastPacketUs || firstTimeUs,
    damageOffset: damage?.offset ?? null,
    damage: damage?.reason ?? null,
  };
}

function dropsOf(merge: Merge): Drops {
  const readers = merge.opened.map(({ capture }) => capture.reader);
  return {
    kernelDropped: sumOf(readers.map((reader) => reader.kernelDropped)),
    interfaceDropped: sumOf(readers.map((reader) => reader.interfaceDropped)),
  };
}

function sumOf(counts: readonly (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null);
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0);
}

/** What was wrong with sources, but for what a directory holds beside captures. */
function noticesOf(merge: Merge): string[] {
  const damaged = merge.opened.flatMap(({ capture }) => {
    if (capture.damage === null) return [];
    const { offset, reason } = capture.damage;
    return [
      `${nameOf(capture.path)}: damaged at offset ${offset}: ${reason}. Everything before it is stored.`,
    ];
  });
  const refused = merge.refused
    .filter((source) => !source.fromDirectory)
    .map((source) => `${nameOf(source.path)}: ${source.reason}. The other sources are stored.`);
  return [...damaged, ...refused];
}
