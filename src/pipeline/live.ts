// One call of `xports live`: an interface through the path of a packet, into a run of the store or one a day, until it
// is stopped.

import { EXIT, XportsError } from '../base/errors.ts';
import type { ByteWindow } from '../source/bytes.ts';
import { Capture } from '../source/capture.ts';
import { chooseEngine, type LiveEvent, type LiveSource } from '../source/live/engine.ts';
import { mergingOffloads } from '../source/live/net-device.ts';
import { accountToBe, dropPrivileges } from '../source/live/privileges.ts';
import { CaptureWriter } from '../source/live/writer.ts';
import { PcapReader } from '../source/pcap.ts';
import {
  type LiveResult,
  type LiveRunOptions,
  mergingWarning,
  missesTags,
  nextMidnightMs,
  runStart,
  tagWarning,
  timeText,
} from './live-options.ts';
import { LiveRun, withKept } from './live-run.ts';
import { LiveTotals } from './live-totals.ts';
import { OpenSource } from './merge.ts';
import type { Drops } from './path.ts';
import { Pending } from './pending.ts';
import { checkServers, type OpenRows, type RunRows } from './run-rows.ts';

const FILE_HEADER_BYTES = 24;
/** The wire is silent when nothing came for so long. */
const PROGRESS_MS = 1_000;
const ROTATE_RETRY_MS = 1_000;
const NO_DROPS: Drops = { kernelDropped: 0, interfaceDropped: 0 };

/**
 * Captures until `signal`, the duration or the count ends it. Throws XportsError where the capture cannot start (exit
 * code 5), an option makes no sense (2) or the database cannot be written (6).
 */
export async function live(options: LiveRunOptions, openRows: OpenRows): Promise<LiveResult> {
  // What makes no sense is said before anything is opened.
  checkServers(options.servers);
  const account = accountToBe(options.user);
  const capture = new LiveCapture(options, openRows);
  try {
    capture.open();
    if (account !== null) dropPrivileges(account);
    else if (process.geteuid?.() === 0) {
      options.say('running as root, with no user to become: name one with --user');
    }
    await capture.begin();
    await capture.readAll();
    return await capture.finish();
  } catch (error) {
    throw withKept(error, options.write?.path ?? null);
  } finally {
    await capture.close();
  }
}

/** The device, the run that its packets go to, and what there is to say of both. */
class LiveCapture {
  private source!: LiveSource;
  private readonly options: LiveRunOptions;
  private readonly openRows: OpenRows;
  private readonly stop = new AbortController();
  private readonly onAbort = () => this.stop.abort();
  private timer: NodeJS.Timeout | undefined;
  private writer: CaptureWriter | null = null;
  private capture: Capture | null = null;
  private run: LiveRun | null = null;
  /** Every run that was begun and is not closed. */
  private readonly runs = new Set<LiveRun>();
  /** Runs of days that are over, while they are stored. */
  private readonly ending: Promise<boolean>[] = [];
  private isWell = true;
  private failure: { readonly error: unknown } | null = null;
  private nextRows: Promise<void> | null = null;
  private rotateAtMs = Infinity;
  /** When the first try to begin the next run failed. */
  private rotateFailedMs: number | null = null;
  private readonly totals = new LiveTotals();

  constructor(options: LiveRunOptions, openRows: OpenRows) {
    this.options = options;
    this.openRows = openRows;
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

  /** Begins the first run, and waits for the device's first bytes, which are the header that the engine makes. */
  async begin(): Promise<void> {
    const { options } = this;
    if (options.write !== null) this.writer = await CaptureWriter.create(options.write);
    const bytes = this.writer?.over(this.source) ?? this.source;
    this.capture = await Capture.open(options.device, bytes, readPcap);
    this.use(await this.rowsOfNewRun(), NO_DROPS);
    if (options.durationS !== null) this.timer = setTimeout(this.onAbort, options.durationS * 1000);
    if (options.rotateDaily) this.rotateAtMs = nextMidnightMs();
  }

  /** Reads until the device is stopped, with a checkpoint now and then whether or not packets come. */
  async readAll(): Promise<void> {
    const capture = this.capture!;
    const checkpointMs = this.options.checkpointS * 1000;
    let checkpointAtMs = performance.now();
    let progressAtMs = 0;
    let advancing: Pending | null = null;
    for (;;) {
      const run = this.current;
      const { source, path } = run;
      let silent = false;
      if (advancing === null && source.refill()) path.run(source, Infinity);
      else if (advancing === null && capture.done) return;
      else {
        advancing ??= new Pending(capture.advance());
        silent = !(await advancing.within(PROGRESS_MS));
        if (!silent) advancing = null;
        // Everything that was read is counted, so nothing older than this is still to come.
        else path.meter.passTime(this.source.deliveredUs);
      }
      this.rethrow();
      const nowMs = performance.now();
      if (nowMs - progressAtMs >= PROGRESS_MS) {
        progressAtMs = nowMs;
        this.progress(silent);
        run.watchRows();
      }
      if (nowMs - checkpointAtMs >= checkpointMs) {
        checkpointAtMs = nowMs;
        run.checkpoint(this.drops());
      }
      if (Date.now() >= this.rotateAtMs || this.options.rules.changed) this.rotate();
    }
  }

  /** Stores the rest. */
  async finish(): Promise<LiveResult> {
    await this.nextRows;
    const run = this.current;
    const failures: string[] = [];
    const { engineDropped } = this.source.stats();
    if (engineDropped > 0) run.remark(`the engine had no room for ${engineDropped} packets`);
    if (this.writer !== null && this.writer.failure !== null) failures.push(this.writer.failure);
    const last = run.finish(this.drops(), failures);
    this.ending.push(last);
    const { damage } = this.capture!;
    for (const ended of await Promise.all(this.ending)) this.isWell &&= ended;
    this.progress(true);
    const isWell = this.isWell && damage === null;
    return { runId: run.runId, exitCode: isWell ? EXIT.done : EXIT.damaged };
  }

  async close(): Promise<void> {
    clearTimeout(this.timer);
    this.options.signal.removeEventListener('abort', this.onAbort);
    this.stop.abort();
    await this.capture?.close();
    await this.source?.close();
    await this.writer?.close();
    await this.nextRows?.catch(() => {});
    for (const run of this.runs) await run.close();
  }

  private async rowsOfNewRun(): Promise<RunRows> {
    const { options } = this;
    const { db, servers, rpcRange, flows, patienceS, retainDays, rememberDays } = options;
    const rules = options.rules.take();
    const start = runStart(options, this.source.engine, rules);
    return await this.openRows({
      db,
      start,
      servers,
      rpcRange,
      flows,
      policy: rules.policy,
      patienceS,
      retainDays,
      rememberDays: rememberDays ?? null,
      news: true,
    });
  }

  private use(rows: RunRows, drops: Drops): void {
    const run = new LiveRun(this.options, rows, new OpenSource(this.capture!), drops);
    this.runs.add(run);
    this.run = run;
  }

  /** Begins a new run for the packets from now on, once its rows can be taken; the old one is stored meanwhile. */
  private rotate(): void {
    if (this.nextRows !== null) return;
    this.nextRows = this.rowsOfNewRun()
      .then(
        (rows) => this.replaceRun(rows),
        (error: unknown) => this.rotateLater(error),
      )
      .finally(() => {
        this.nextRows = null;
      });
  }

  private replaceRun(rows: RunRows): void {
    const old = this.current;
    this.totals.end(old);
    const drops = this.drops();
    const ended = old.finish(drops, []);
    this.use(rows, drops);
    this.options.say(`run ${old.runId} ends here; run ${rows.runId} begins`);
    this.ending.push(ended);
    this.rotateAtMs = this.options.rotateDaily ? nextMidnightMs() : Infinity;
    this.rotateFailedMs = null;
    ended
      .then(async (isWell) => {
        this.isWell &&= isWell;
        this.ending.splice(this.ending.indexOf(ended), 1);
        this.runs.delete(old);
        await old.close();
      })
      .catch((error: unknown) => this.fail(error));
  }

  /** The run goes on while the database cannot take another one. */
  private rotateLater(error: unknown): void {
    const nowMs = Date.now();
    const mayPass = error instanceof XportsError && error.exitCode === EXIT.database;
    const sinceMs = this.rotateFailedMs ?? nowMs;
    if (!mayPass || nowMs - sinceMs > this.options.patienceS * 1000) {
      this.fail(error);
      return;
    }
    if (this.rotateFailedMs === null) {
      this.options.say(`a new run cannot begin yet: ${error.message}; run ${this.current.runId} goes on`);
    }
    this.rotateFailedMs = sinceMs;
    this.rotateAtMs = nowMs + ROTATE_RETRY_MS;
  }

  private progress(silent: boolean): void {
    const run = this.current;
    const { path } = run;
    const { deliveredUs } = this.source;
    const { engineDropped } = this.source.stats();
    this.options.onProgress({
      runId: run.runId,
      ...this.totals.with(run),
      flows: path.meter.size,
      lagS:
        silent || path.packets === 0
          ? 0
          : Math.max(0, Date.now() / 1000 - Math.max(path.meter.clockUs, deliveredUs) / 1e6),
      engineDropped,
      waitingBytes: run.waitingBytes,
      checkpointAgeS: run.checkpointAgeS,
      ...this.drops(),
    });
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
  }

  private rethrow(): void {
    if (this.failure !== null) throw this.failure.error;
    this.current.rethrow();
  }

  private get current(): LiveRun {
    if (this.run === null) throw new Error('no run was begun');
    return this.run;
  }

  private drops(): Drops {
    const { kernelDropped, interfaceDropped } = this.source.stats();
    return { kernelDropped, interfaceDropped };
  }

  private tell(event: LiveEvent): void {
    const { device } = this.options;
    if (event.kind === 'down') {
      this.options.say(`${device}: ${event.reason} at ${timeText(event.atUs)}; waiting for it`);
    } else {
      const remark = (sentence: string) => this.run?.remark(sentence) ?? this.options.say(sentence);
      remark(
        `${device} was not there from ${timeText(event.fromUs)} to ${timeText(event.toUs)} (${event.reason}); ` +
          'what passed meanwhile is not in the counts',
      );
    }
  }
}

/** The reader of what engines deliver. It does not wait for a packet, as detectReader would. */
async function readPcap(window: ByteWindow): Promise<PcapReader> {
  while (!window.ended && window.end - window.start < FILE_HEADER_BYTES) await window.more();
  return new PcapReader(window);
}
