// Whether the process behind a run is still there: by number and start time on this machine, by heartbeat on
// another.

import { readFileSync } from 'node:fs';
import { hostname, uptime } from 'node:os';

const HEARTBEAT_LIMIT_US = 60_000_000;
/** Clocks are adjusted and tick in hundredths of a second. */
const START_TOLERANCE_US = 2_000_000;
const TICKS_PER_SECOND = 100;

export interface RunProcess {
  readonly host: string;
  readonly pid: number;
  readonly process_started_at_us: number;
  readonly heartbeat_us: number;
}

/** Fields of proc_pid_stat(5) from the third on: the state, and 19 further the start time. Throws where there are none. */
function fieldsOf(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name in parentheses may itself hold spaces and parentheses.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** True for a process that has ended and whose parent has not asked how (a zombie). */
function hasEnded(pid: number): boolean {
  try {
    return ['Z', 'X'].includes(fieldsOf(pid)[0]);
  } catch {
    return false;
  }
}

/** When a process began, from Linux's /proc; null elsewhere. */
function startedAtUs(pid: number): number | null {
  try {
    const fields = fieldsOf(pid);
    const boot = /^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'latin1'));
    const ticks = Number(fields[19]);
    if (!boot || !Number.isFinite(ticks)) return null;
    return Math.round((Number(boot[1]) + ticks / TICKS_PER_SECOND) * 1e6);
  } catch {
    return null;
  }
}

export function thisProcess(): { host: string; pid: number; startedAtUs: number } {
  return {
    host: hostname(),
    pid: process.pid,
    startedAtUs: startedAtUs(process.pid) ?? Math.round(performance.timeOrigin * 1000),
  };
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be signalled, but it is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True where it is certain, or on another machine likely, that nobody works on the run any more. */
export function isGone(run: RunProcess, nowUs: number): boolean {
  if (run.host !== hostname()) return nowUs - run.heartbeat_us > HEARTBEAT_LIMIT_US;
  if (!exists(run.pid) || hasEnded(run.pid)) return true;
  const started = run.pid === process.pid ? thisProcess().startedAtUs : startedAtUs(run.pid);
  if (started !== null) return Math.abs(started - run.process_started_at_us) > START_TOLERANCE_US;
  // The number is in use: it is another process at least where the machine was started since.
  return nowUs - uptime() * 1e6 > run.process_started_at_us + START_TOLERANCE_US;
}
