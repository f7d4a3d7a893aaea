// Runs one program once and measures the child alone: wall clock, processor time, peak memory.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Call } from './programs.ts';

export interface Sample {
  readonly wallSeconds: number;
  /** User and system time together; undefined where GNU time is not there. */
  readonly cpuSeconds?: number;
  readonly peakMebibytes?: number;
}

export type Outcome =
  | { readonly sample: Sample; readonly output: string }
  | { readonly failure: string; readonly output: string };

const gnuTime = '/usr/bin/time';
const outputKept = 64 * 1024;
const secondsAllowed = 900;

let running: ChildProcess | undefined;

/** Ends the program that runs now, with everything it started. */
export function stopRunning(): void {
  const pid = running?.pid;
  running = undefined;
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // already gone
  }
}

/** GNU time knows -f and -o; the one of BSD and macOS does not. */
export function hasGnuTime(): boolean {
  const probe = spawnSync(gnuTime, ['-q', '-f', '%M', '-o', '/dev/null', 'true']);
  return probe.error === undefined && probe.status === 0;
}

/** Runs `call` to its end. `figuresFolder` takes the file GNU time writes; undefined measures wall time only. */
export async function runOnce(call: Call, figuresFolder: string | undefined): Promise<Outcome> {
  const figures = figuresFolder === undefined ? undefined : join(figuresFolder, 'figures');
  const file = figures === undefined ? call.file : gnuTime;
  const args =
    figures === undefined ? [...call.args] : ['-q', '-f', '%U %S %M', '-o', figures, call.file, ...call.args];

  let output = '';
  const keep = (chunk: string): void => {
    output = (output + chunk).slice(-outputKept);
  };
  const startedAt = process.hrtime.bigint();
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', call.discardStandardOutput === true ? 'ignore' : 'pipe', 'pipe'],
  });
  running = child;
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);

  let late = false;
  const timer = setTimeout(() => {
    late = true;
    stopRunning();
  }, secondsAllowed * 1000);
  let wallSeconds = 0;
  child.on('exit', () => {
    wallSeconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
  });
  const ending = await new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code === 0 ? '' : `exit ${code ?? signal}`));
  });
  clearTimeout(timer);
  running = undefined;
  if (late) return { failure: `no end after ${secondsAllowed} s`, output };
  if (ending !== '') return { failure: ending, output };
  if (figures === undefined) return { sample: { wallSeconds }, output };
  const [user = 0, system = 0, kibibytes = 0] = readFileSync(figures, 'utf8').trim().split(' ').map(Number);
  return { sample: { wallSeconds, cpuSeconds: user + system, peakMebibytes: kibibytes / 1024 }, output };
}

/** Reads the whole file once, so that every program finds it in the page cache. */
export function warm(path: string): void {
  const buffer = Buffer.allocUnsafe(8 << 20);
  const descriptor = openSync(path, 'r');
  try {
    while (readSync(descriptor, buffer, 0, buffer.length, null) > 0);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether the page cache can hold the file beside what the programs need. */
export function fitsPageCache(path: string): boolean {
  return statSync(path).size < process.availableMemory() * 0.8;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
