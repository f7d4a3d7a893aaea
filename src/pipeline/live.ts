// One call of `xports live`: an interface through the path of a packet, into a run of the store, until it is stopped.

import { randomUUID } from 'node:crypto';
import { EXIT } from '../base/errors.ts';
import { linkTypeName } from '../decode/link/index.ts';
import { ServerSet } from '../policy/servers.ts';
import type { ByteWindow } from '../source/bytes.ts';
import { Capture } from '../source/capture.ts';
import { chooseEngine, type EngineName, type LiveEvent, type LiveSource } from '../source/live/engine.ts';
import { mergingOffloads } from '../source/live/net-device.ts';
import { accountToBe, dropPrivileges } from '../source/live/privileges.ts';
import { CaptureWriter, type WriteOptions } from '../source/live/writer.ts';
import { PcapReader } from '../source/pcap.ts';
import type { RunStart, SourceRow } from '../store/sink.ts';
import { OpenSource } from './merge.ts';
import { type Drops, PacketPath } from './path.ts';
import type { FlowsKept } from './row-path.ts';
import type { OpenRows, RunRows } from './run-rows.ts';

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
  readonly profile: 'allow-list';
  readonly servers: string | null;
  readonly rpcRange: readonly [number, number] | null;
  readonly flows: FlowsKept;
  /** Whether payload is looked at. */
  readonly payload: boolean;
  readonly tcpTimeoutS: number;
  readonly otherTimeoutS: number;
  /** 0 for none. */
  readonly activeTimeoutS: number;
  readonly retainDays: number | null;
  readonly sensor: string;
  readonly version: string;
  /** Sentences for standard error, as they come up. */
  readonly say: (sentence: string) => void;
  readonly onProgress: (progress: LiveProgress) => void;
  /** Stops the device; what it holds is still read and stored. */
  readonly signal: AbortSignal;
}

/** Totals so far. Drops are null where the engine cannot know them. */
export interface LiveProgress extends Drops {
  readonly packets: number;
  readonly bytes: number;
  readonly flows: number;
}

export interface LiveResult {
  readonly runId: number;
  readonly exitCode: number;
}

const FILE_HEADER_BYTES = 24;
const PROGRESS_MS = 1_000;

/**
 * Captures into a run until `signal`, the duration or the count ends it. Throws XportsError where the capture cannot
 * start (exit code 5), an option makes no sense (2) or the database cannot be written (6).
 */
export async function live(options: LiveRunOptions, openRows: OpenRows): Promise<LiveResult> {
  // What makes no sense is said before anything is opened.
  if (options.servers !== null) ServerSet.parse(options.servers);
  const account = accountToBe(options.user);
  const run = new LiveRun(options);
  try {
    run.open();
    if (account !== null) dropPrivileges(account);
    else if (process.geteuid?.() === 0) {
      options.say('running as root, with no user to become: name one with --user');
    }
    await run.keepPackets();
    const { db, servers, rpcRange, flows } = options;
    const start = runStart(options, run.source.engine);
    const rows = await openRows({ db, start, servers, rpcRange, flows });
    try {
      const path = new PacketPath(options, rows);
      await run.readAll(path, rows);
      return { runId: rows.runId, exitCode: await run.finish(path, rows) };
    } finally {
      await rows.close();
    }
  } finally {
    await run.close();
  }
}

/** The device, what is made of its packets on the way, and what there is to say of it. */
class LiveRun {
  source!: LiveSource;
  private readonly options: LiveRunOptions;
  private readonly stop = new AbortController();
  private readonly onAbort = () => this.stop.abort();
  private timer: NodeJS.Timeout | undefined;
  private writer: CaptureWriter | null = null;
  private capture: OpenSource | null = null;
  /** What the run's row says of it. */
  private readonly remarks: string[] = [];

  constructor(options: LiveRunOptions) {
    this.options = options;
  }

  open(): void {
    const { options } = this;
    this.source = chooseEngine(options.engine).open({
      device: options.device,
      filter: options.filter,
      snaplen: options.snaplen,
      bufferMiB: options.bufferMiB,
      promiscuous: options.promiscuous,
      count: options.count,
      signal: this.stop.signal,
      onEvent: (event) => this.tell(event),
    });
    for (const warning of this.source.warnings) options.say(warning);
    const merging = mergingOffloads(options.device);
    if (merging.length > 0) options.say(mergingWarning(options.device, merging));
    if (options.filter !== null && missesTags(options.filter)) options.say(tagWarning(options.filter));
    options.signal.addEventListener('abort', this.onAbort, { once: true });
    if (options.signal.aborted) this.stop.abort();
  }

  async keepPackets(): Promise<void> {
    if (this.options.write !== null) this.writer = await CaptureWriter.create(this.options.write);
  }

  /** Reads until the device is stopped, with a checkpoint now and then whether or not packets come. */
  async readAll(path: PacketPath, rows: RunRows): Promise<void> {
    const { device, durationS, checkpointS, onProgress } = this.options;
    const bytes = this.writer?.over(this.source) ?? this.source;
    const capture = await Capture.open(device, bytes, readPcap);
    const source = new OpenSource(capture);
    this.capture = source;
    if (durationS !== null) this.timer = setTimeout(this.onAbort, durationS * 1000);
    let checkpointMs = performance.now();
    let progressMs = 0;
    let advancing: Promise<void> | null = null;
    for (;;) {
      if (advancing === null && source.refill()) path.run(source, Infinity);
      else if (advancing === null && capture.done) return;
      else {
        advancing ??= capture.advance();
        if (await finishedWithin(advancing, PROGRESS_MS)) advancing = null;
      }
      const now = performance.now();
      if (now - progressMs > PROGRESS_MS) {
        progressMs = now;
        onProgress({ packets: path.packets, bytes: path.bytes, flows: path.meter.size, ...this.drops() });
      }
      await rows.room();
      if (now - checkpointMs < checkpointS * 1000) continue;
      await path.checkpoint([this.row(source)], this.drops(), false);
      checkpointMs = performance.now();
    }
  }

  /** Stores the rest and answers the exit code. */
  async finish(path: PacketPath, rows: RunRows): Promise<number> {
    const source = this.capture!;
    await path.checkpoint([this.row(source)], this.drops(), true);
    const { engineDropped } = this.source.stats();
    if (engineDropped > 0) this.remark(`the engine had no room for ${engineDropped} packets`);
    if (this.writer !== null && this.writer.failure !== null) this.remark(this.writer.failure);
    const { damage } = source.capture;
    if (damage !== null)
      this.remark(`${this.options.device}: ${damage.reason}. Everything before it is stored.`);
    const bad = damage !== null || (this.writer?.failure ?? null) !== null;
    await rows.finish(
      bad ? 'damaged' : 'complete',
      this.remarks.length === 0 ? null : this.remarks.join('\n'),
    );
    return bad ? EXIT.damaged : EXIT.done;
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.options.signal.removeEventListener('abort', this.onAbort);
    this.stop.abort();
    await this.capture?.capture.close();
    await this.source?.close();
    await this.writer?.close();
  }

  private drops(): Drops {
    const { kernelDropped, interfaceDropped } = this.source.stats();
    return { kernelDropped, interfaceDropped };
  }

  private row(source: OpenSource): SourceRow {
    const { capture } = source;
    const empty = source.packets === 0;
    return {
      path: capture.path,
      format: capture.reader.format,
      linkTypes: capture.reader.linkTypes.map(linkTypeName).join(','),
      snaplen: capture.reader.snaplen,
      packets: source.packets,
      bytes: source.bytes,
      firstPacketUs: empty ? null : source.firstPacketUs,
      lastPacketUs: empty ? null : source.lastPacketUs,
      damageOffset: capture.damage?.offset ?? null,
      damage: capture.damage?.reason ?? null,
    };
  }

  private tell(event: LiveEvent): void {
    const { device } = this.options;
    if (event.kind === 'down') {
      this.options.say(`${device}: ${event.reason} at ${timeText(event.atUs)}; waiting for it`);
    } else {
      this.remark(
        `${device} was not there from ${timeText(event.fromUs)} to ${timeText(event.toUs)} (${event.reason}); ` +
          'what passed meanwhile is not in the counts',
      );
    }
  }

  private remark(sentence: string): void {
    this.remarks.push(sentence);
    this.options.say(sentence);
  }
}

/** The reader of what engines deliver. It does not wait for a packet, as detectReader would. */
async function readPcap(window: ByteWindow): Promise<PcapReader> {
  while (!window.ended && window.end - window.start < FILE_HEADER_BYTES) await window.more();
  return new PcapReader(window);
}

/** Whether the work ends within so many milliseconds. */
async function finishedWithin(work: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function runStart(options: LiveRunOptions, engine: EngineName): RunStart {
  const { device, filter, snaplen, bufferMiB, promiscuous, durationS, count, checkpointS } = options;
  const { servers, rpcRange, flows, payload, tcpTimeoutS, otherTimeoutS, activeTimeoutS, retainDays } =
    options;
  return {
    runUid: randomUUID(),
    sensor: options.sensor,
    source: device,
    sourceKind: 'interface',
    profile: options.profile,
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
      retainDays,
    }),
    version: options.version,
    startedAtUs: Date.now() * 1000,
  };
}

function timeText(timeUs: number): string {
  return new Date(timeUs / 1000).toISOString();
}

function mergingWarning(device: string, offloads: readonly string[]): string {
  const names = offloads.map((name) => name.toUpperCase()).join(' and ');
  const off = offloads.map((name) => `${name} off`).join(' ');
  return `${device} merges packets before they are seen (${names}), so fewer and longer ones are counted: sudo ethtool -K ${device} ${off}`;
}

/** A filter that looks into IP and never behind a VLAN tag. */
function missesTags(filter: string): boolean {
  return filter.trim() !== '' && !/\bvlan\b/.test(filter);
}

function tagWarning(filter: string): string {
  return `--filter ${JSON.stringify(filter)} may miss frames with a VLAN tag; to have them too: --filter ${JSON.stringify(`(${filter}) or (vlan and (${filter}))`)}`;
}
