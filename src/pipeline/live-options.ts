// What one call of `xports live` is asked, what it tells while it runs, and its warnings.

import { randomUUID } from 'node:crypto';
import type { EngineName } from '../source/live/engine.ts';
import type { WriteOptions } from '../source/live/writer.ts';
import type { RunStart } from '../store/sink.ts';
import type { LiveRules, Rules } from './live-rules.ts';
import type { News } from './news.ts';
import type { Drops } from './path.ts';
import type { FlowsKept } from './row-path.ts';

export interface LiveRunOptions {
  readonly device: string;
  readonly engine: EngineName | null;
  readonly filter: string | null;
  readonly snaplen: number;
  readonly bufferMiB: number | null;
  readonly promiscuous: boolean;
  readonly durationS: number | null;
  readonly count: number | null;
  /** Whom to become once the device is open; null for whoever called. */
  readonly user: string | null;
  readonly write: WriteOptions | null;
  readonly checkpointS: number;
  readonly db: string;
  /** What is judged by; where it is replaced, a new run begins. */
  readonly rules: LiveRules;
  readonly servers: string | null;
  readonly rpcRange: readonly [number, number] | null;
  readonly flows: FlowsKept;
  /** Whether payload is looked at. */
  readonly payload: boolean;
  readonly tcpTimeoutS: number;
  readonly otherTimeoutS: number;
  /** 0 for none. */
  readonly activeTimeoutS: number;
  /** Flows kept in memory at most. */
  readonly maxFlows: number;
  /** Rows that may wait for the database; then the capture ends. */
  readonly mostWaitingBytes: number;
  /** How long a database that cannot be written is tried again. */
  readonly patienceS: number;
  /** A run ends, and another begins, at midnight by the machine's clock. */
  readonly rotateDaily: boolean;
  readonly retainDays: number | null;
  /** See RowSettings. */
  readonly rememberDays?: number | null;
  readonly sensor: string;
  readonly version: string;
  /** Sentences for standard error, as they come up. */
  readonly say: (sentence: string) => void;
  readonly onProgress: (progress: LiveProgress) => void;
  /** Findings that are new or resolved, at a checkpoint that is stored. */
  readonly onNews: (news: News) => void;
  /** Stops the device; what it holds is still read and stored. */
  readonly signal: AbortSignal;
}

/** How it stands, about once a second. Totals are those of all runs of this call; drops are null where not known. */
export interface LiveProgress extends Drops {
  readonly runId: number;
  readonly packets: number;
  readonly bytes: number;
  /** Packets the engine itself had no room for. */
  readonly engineDropped: number;
  /** Flows in memory, and those stored early for want of room. */
  readonly flows: number;
  readonly evicted: number;
  readonly services: readonly ServiceTotal[];
  /** Time between the newest packet that was counted and now, while more are known to wait; 0 while none are. */
  readonly lagS: number;
  /** Memory that rows take which wait to be stored, at most. */
  readonly waitingBytes: number;
  /** Since the last checkpoint was stored. */
  readonly checkpointAgeS: number;
}

export interface ServiceTotal {
  readonly service: string;
  readonly packets: number;
  readonly bytes: number;
}

export interface LiveResult {
  readonly runId: number;
  readonly exitCode: number;
}

export function runStart(options: LiveRunOptions, engine: EngineName, { profile }: Rules): RunStart {
  const { device, filter, snaplen, bufferMiB, promiscuous, durationS, count, checkpointS } = options;
  const { servers, rpcRange, flows, payload, tcpTimeoutS, otherTimeoutS, activeTimeoutS, retainDays } =
    options;
  const { maxFlows, rotateDaily } = options;
  return {
    runUid: randomUUID(),
    sensor: options.sensor,
    source: device,
    sourceKind: 'interface',
    profile,
    options: JSON.stringify({
      engine,
      filter,
      snaplen,
      bufferMiB,
      promiscuous,
      durationS,
      count,
      write: options.write?.path ?? null,
      checkpointS,
      servers,
      rpcRange: rpcRange?.join('-') ?? null,
      flows,
      payload,
      tcpTimeoutS,
      udpTimeoutS: otherTimeoutS,
      activeTimeoutS,
      maxFlows,
      rotateRun: rotateDaily ? 'daily' : null,
      retainDays,
      rememberDays: options.rememberDays ?? null,
    }),
    version: options.version,
    startedAtUs: Date.now() * 1000,
  };
}

export function timeText(timeUs: number): string {
  return new Date(timeUs / 1000).toISOString();
}

export function mergingWarning(device: string, offloads: readonly string[]): string {
  const names = offloads.map((name) => name.toUpperCase()).join(' and ');
  const off = offloads.map((name) => `${name} off`).join(' ');
  return `${device} merges packets before they are seen (${names}), so fewer and longer ones are counted: sudo ethtool -K ${device} ${off}`;
}

/** A filter that looks into IP and never behind a VLAN tag. */
export function missesTags(filter: string): boolean {
  return filter.trim() !== '' && !/\bvlan\b/.test(filter);
}

export function tagWarning(filter: string): string {
  return `--filter ${JSON.stringify(filter)} may miss frames with a VLAN tag; to have them too: --filter ${JSON.stringify(`(${filter}) or (vlan and (${filter}))`)}`;
}

/** The next midnight of the machine's own time. */
export function nextMidnightMs(now = new Date()): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1).getTime();
}
