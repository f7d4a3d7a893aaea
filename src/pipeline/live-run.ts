// One run of a live capture: its path, and its checkpoints, which are written while packets are read on.

import { EXIT, XportsError } from '../base/errors.ts';
import { linkTypeName } from '../decode/link/index.ts';
import { SERVICE_IDS } from '../service/catalog.ts';
import type { SourceRow } from '../store/sink.ts';
import type { LiveRunOptions, ServiceTotal } from './live-options.ts';
import type { OpenSource } from './merge.ts';
import { type Drops, PacketPath } from './path.ts';
import type { RunRows } from './run-rows.ts';

const MIB = 1 << 20;
/** Between signs of life where checkpoints are far apart. */
const HEARTBEAT_MS = 10_000;
/** What waits is said again when it has become so many times more. */
const MORE = 2;
const WORTH_SAYING_BYTES = 64 * MIB;
/** A part of what may wait is worth saying in any case. */
const WORTH_SAYING_SHARE = 1 / 2;

/** A run that packets go to. */
export class LiveRun {
  readonly path: PacketPath;
  readonly source: OpenSource;
  private readonly rows: RunRows;
  private readonly options: LiveRunOptions;
  /** The device's counts when the run began. */
  private readonly before: Drops;
  /** What the run's row says of it. */
  private readonly remarks: string[] = [];
  private writing: Promise<void> | null = null;
  private failure: { readonly error: unknown } | null = null;
  private storedAtMs = performance.now();
  private beatAtMs = 0;
  private evictedSaid = 0;
  private droppedSaid = 0;
  private readonly worthSayingBytes: number;
  private waitingSaid: number;
  private gaveUp = false;

  constructor(options: LiveRunOptions, rows: RunRows, source: OpenSource, before: Drops) {
    this.options = options;
    this.rows = rows;
    this.source = source;
    this.before = before;
    this.path = new PacketPath(options, rows);
    this.worthSayingBytes = Math.min(WORTH_SAYING_BYTES, options.mostWaitingBytes * WORTH_SAYING_SHARE);
    this.waitingSaid = this.worthSayingBytes;
    this.droppedSaid = (before.kernelDropped ?? 0) + (before.interfaceDropped ?? 0);
    rows.onTrouble = (reason) => this.tellTrouble(reason);
  }

  get runId(): number {
    return this.rows.runId;
  }

  get waitingBytes(): number {
    return this.rows.waitingBytes;
  }

  get checkpointAgeS(): number {
    return (performance.now() - this.storedAtMs) / 1000;
  }

  /** A sentence for the screen and for the run's row. */
  remark(sentence: string): void {
    this.remarks.push(sentence);
    this.options.say(sentence);
  }

  /** Throws what went wrong with a checkpoint. */
  rethrow(): void {
    if (this.failure !== null) throw this.failure.error;
  }

  /** Begins to write all that is known, unless that is still being done; packets go on meanwhile. */
  checkpoint(drops: Drops): void {
    this.sayEvicted();
    this.sayDropped(drops);
    if (this.writing !== null) return;
    this.writing = this.write(drops, false)
      .catch((error: unknown) => {
        this.failure = { error };
      })
      .finally(() => {
        this.writing = null;
      });
  }

  /** Stores the rest and closes the run. Answers whether all went well; throws where it cannot be stored. */
  async finish(drops: Drops, failures: readonly string[]): Promise<boolean> {
    // What is handed over here is as it is now, whatever comes to the device next.
    const last = this.write(drops, true);
    last.catch(() => {});
    await this.writing;
    this.rethrow();
    await last;
    this.sayEvicted();
    const { evicted } = this.path.meter;
    if (evicted > 0) this.remarks.push(`${evicted} flows were stored before their end, for want of room`);
    for (const failure of failures) this.remark(failure);
    const { damage } = this.source.capture;
    if (damage !== null)
      this.remark(`${this.options.device}: ${damage.reason}. Everything before it is stored.`);
    const isWell = damage === null && failures.length === 0;
    const message = this.remarks.length === 0 ? null : this.remarks.join('\n');
    await this.rows.finish(isWell ? 'complete' : 'damaged', message);
    return isWell;
  }

  /** A run that was not finished is left as interrupted. */
  async close(): Promise<void> {
    await this.rows.close();
  }

  /** Packets and bytes by service, of those that had any. */
  services(): ServiceTotal[] {
    const { packets, bytes } = this.path.meter.minutes.totals();
    return SERVICE_IDS.map((service, i) => ({ service, packets: packets[i], bytes: bytes[i] })).filter(
      (total) => total.packets > 0,
    );
  }

  private async write(drops: Drops, final: boolean): Promise<void> {
    const news = await this.path.checkpoint([this.row()], since(this.before, drops), final);
    this.storedAtMs = performance.now();
    if (news !== null) this.options.onNews(news);
  }

  private sayEvicted(): void {
    const { evicted } = this.path.meter;
    if (evicted === this.evictedSaid) return;
    this.options.say(
      `more than ${this.options.maxFlows} flows at once: ${evicted - this.evictedSaid} that were quiet longest ` +
        'are stored as evicted (--max-flows allows more)',
    );
    this.evictedSaid = evicted;
  }

  /** Loss is said when there is more of it, not only in the report. */
  private sayDropped(drops: Drops): void {
    const kernel = drops.kernelDropped ?? 0;
    const device = drops.interfaceDropped ?? 0;
    if (kernel + device <= this.droppedSaid) return;
    this.droppedSaid = kernel + device;
    this.options.say(
      `packets were lost: ${kernel} dropped by the kernel and ${device} by the interface since the start ` +
        '(a larger --buffer, a smaller --snaplen or a --filter may help)',
    );
  }

  /** Shows that the run is alive, says when many rows wait, and ends the waiting when they are too many. */
  watchRows(): void {
    const nowMs = performance.now();
    if (this.writing === null && nowMs - Math.max(this.storedAtMs, this.beatAtMs) > HEARTBEAT_MS) {
      this.beatAtMs = nowMs;
      this.rows.heartbeat();
    }
    const { waitingBytes } = this.rows;
    const { mostWaitingBytes } = this.options;
    if (waitingBytes > mostWaitingBytes) this.giveUp();
    if (waitingBytes < this.worthSayingBytes / MORE) this.waitingSaid = this.worthSayingBytes;
    if (waitingBytes < this.waitingSaid) return;
    this.waitingSaid = waitingBytes * MORE;
    this.options.say(
      `the database is behind: up to ${Math.ceil(waitingBytes / MIB)} MiB of rows wait in memory ` +
        `(at ${mostWaitingBytes / MIB} MiB the capture ends)`,
    );
  }

  private giveUp(): void {
    if (this.gaveUp) return;
    this.gaveUp = true;
    this.options.say(
      `more than ${this.options.mostWaitingBytes / MIB} MiB of rows wait for the database (--max-waiting): the capture ends`,
    );
    this.rows.giveUp();
  }

  private tellTrouble(reason: string | null): void {
    if (reason === null) {
      this.remark('the database can be written again; nothing was lost');
    } else {
      this.remark(`${reason}; rows wait in memory, and it is tried again for ${this.options.patienceS} s`);
    }
  }

  private row(): SourceRow {
    const { source } = this;
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
}

/** Why a database that failed ends the capture, with where the packets are if they were kept. */
export function withKept(error: unknown, kept: string | null): unknown {
  if (!(error instanceof XportsError) || error.exitCode !== EXIT.database || kept === null) return error;
  return new XportsError(
    error.code,
    error.exitCode,
    `${error.message}; the packets are in ${kept}`,
    error.hint,
  );
}

function since(before: Drops, now: Drops): Drops {
  const less = (a: number | null, b: number | null) => (a === null || b === null ? null : a - b);
  return {
    kernelDropped: less(now.kernelDropped, before.kernelDropped),
    interfaceDropped: less(now.interfaceDropped, before.interfaceDropped),
  };
}
