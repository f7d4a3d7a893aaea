// What live capture asks of an engine, and which engine is used. Each delivers pcap bytes, so that the reader of
// files reads live traffic too.

import { EXIT, XportsError } from '../../base/errors.ts';
import type { ByteSource } from '../bytes.ts';
import { CAP_ENGINE } from './cap.ts';
import { LIBPCAP_ENGINE } from './libpcap.ts';

export type EngineName = 'libpcap' | 'cap';

export interface LiveOptions {
  readonly device: string;
  /** A filter in libpcap's language; null for none. */
  readonly filter: string | null;
  /** Bytes kept of each packet. */
  readonly snaplen: number;
  /** Size of the ring that the kernel fills; null for the engine's own default. */
  readonly bufferMiB: number | null;
  readonly promiscuous: boolean;
  /** Ends after so many packets; null for no limit. */
  readonly count: number | null;
  /** Stops the device; what it holds is still delivered. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: LiveEvent) => void;
}

/** Times are wall clock, in microseconds since the epoch. */
export type LiveEvent =
  | { readonly kind: 'down'; readonly atUs: number; readonly reason: string }
  | { readonly kind: 'gap'; readonly fromUs: number; readonly toUs: number; readonly reason: string };

export interface LiveStats {
  /** Packets delivered. */
  readonly received: number;
  /** Packets the kernel had no room for; null where the engine cannot know. */
  readonly kernelDropped: number | null;
  /** Packets the interface lost; null where the engine cannot know. */
  readonly interfaceDropped: number | null;
  /** Packets the engine itself had no room for; they are in no other count. */
  readonly engineDropped: number;
}

/** An open device. The first 24 bytes are the header of a pcap file; every read ends with a whole record. */
export interface LiveSource extends ByteSource {
  readonly engine: EngineName;
  /** Number of the link type as capture files have it. */
  readonly linkType: number;
  /** Sentences about what the device or the engine cannot do. */
  readonly warnings: readonly string[];
  /** As of the last read. */
  stats(): LiveStats;
  /** Wall clock in microseconds: of what was captured before it nothing is still to come; 0 where that is not known. */
  readonly deliveredUs: number;
}

export interface LiveEngine {
  readonly name: EngineName;
  /** Why it cannot be used here; null where it can. */
  unavailable(): string | null;
  /** Opens a device. Throws XportsError: exit code 5, or 2 for a filter that makes no sense. */
  open(options: LiveOptions): LiveSource;
}

const ENGINES: readonly LiveEngine[] = [LIBPCAP_ENGINE, CAP_ENGINE];
const OTHERWISE = 'or pipe a capture in: tcpdump -i IFACE -U -w - | xports analyze -';

export interface EngineState {
  readonly name: EngineName;
  /** Why it cannot be used here; null where it can. */
  readonly problem: string | null;
}

/** Whether each engine loads, the preferred one first. */
export function engineStates(): EngineState[] {
  return ENGINES.map((engine) => ({ name: engine.name, problem: engine.unavailable() }));
}

/** The engine that was named, or the first that can be used. Throws XportsError with exit code 5. */
export function chooseEngine(named: EngineName | null, engines: readonly LiveEngine[] = ENGINES): LiveEngine {
  const reasons: string[] = [];
  for (const engine of engines) {
    if (named !== null && engine.name !== named) continue;
    const reason = engine.unavailable();
    if (reason === null) return engine;
    reasons.push(reason);
  }
  throw new XportsError(
    'live',
    EXIT.noLive,
    `live capture cannot start: ${reasons.join('; ')}`,
    installHint(),
  );
}

function installHint(): string {
  switch (process.platform) {
    case 'win32':
      return `install Npcap with "WinPcap API-compatible mode", then: npm rebuild cap; ${OTHERWISE}`;
    case 'linux':
      return `install libpcap: apt install libpcap0.8, dnf install libpcap, or apk add libpcap; ${OTHERWISE}`;
    default:
      return `install libpcap; ${OTHERWISE}`;
  }
}
