// Two network namespaces with a cable between them, and xports listening at one end. Nothing leaves them.

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pcapLibrary } from '../../src/source/live/pcap-library.ts';
import { query } from '../support/analyze.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/xports.js');
const SENDER = join(import.meta.dirname, 'send.js');
/** Nothing here takes longer, however busy the machine is. */
const LIMIT_MS = 60_000;
export const NOBODY = 65_534;

/** Why live capture cannot be tried here; false where it can. */
export function cannotTry(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  try {
    pcapLibrary();
  } catch {
    return 'needs libpcap';
  }
  try {
    const name = `xports-probe-${process.pid}`;
    execFileSync('ip', ['netns', 'add', name], { stdio: 'ignore' });
    execFileSync('ip', ['netns', 'del', name], { stdio: 'ignore' });
    return false;
  } catch {
    return 'needs network namespaces (ip netns)';
  }
}

/** Asserts of every run that each packet and byte is in one place; answers the packets of all runs. */
export function conserves(database: string): number {
  const rows = query(
    database,
    `SELECT id, packets, bytes,
       (SELECT coalesce(sum(packets), 0) FROM service_counts WHERE run_id = runs.id) +
       (SELECT coalesce(sum(packets), 0) FROM skipped WHERE run_id = runs.id) AS packets_placed,
       (SELECT coalesce(sum(bytes), 0) FROM service_counts WHERE run_id = runs.id) +
       (SELECT coalesce(sum(bytes), 0) FROM skipped WHERE run_id = runs.id) AS bytes_placed
     FROM runs ORDER BY id`,
  );
  for (const row of rows) {
    assert.deepEqual([row.packets_placed, row.bytes_placed], [row.packets, row.bytes], `run ${row.id}`);
  }
  return rows.reduce((sum, { packets }) => sum + Number(packets), 0);
}

export interface Ended {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/** xports at the listening end. */
export class Listener {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  private out = '';
  private err = '';
  private heard: (() => void)[] = [];
  private closed = false;

  constructor(child: ChildProcess) {
    this.child = child;
    const hear = () => {
      for (const listener of this.heard) listener();
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text;
      hear();
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text;
      hear();
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    this.ended = new Promise((resolve) => {
      child.on('close', (exit) => {
        clearTimeout(limit);
        this.closed = true;
        hear();
        resolve({ exit, out: this.out, err: this.err });
      });
    });
  }

  get said(): string {
    return this.err;
  }

  /** Resolves when standard error has said it; fails where the process ended without. */
  async says(words: RegExp): Promise<void> {
    while (!words.test(this.err) && !this.closed) {
      await new Promise<void>((resolve) => this.heard.push(resolve));
    }
    assert.match(this.err, words);
  }

  async stop(): Promise<Ended> {
    this.child.kill('SIGINT');
    return this.ended;
  }
}

export class Cable {
  /** The device at the listening end. */
  readonly device = 'listen0';
  /** Where a test's files go; anybody may write there. */
  readonly directory = mkdtempSync(join(tmpdir(), 'xports-live-'));
  /** More of the environment that xports is started with. */
  env: Readonly<Record<string, string>> = {};
  private readonly from = `xports-from-${process.pid}`;
  private readonly to = `xports-to-${process.pid}`;

  constructor() {
    chmodSync(this.directory, 0o777);
    for (const name of [this.from, this.to]) {
      this.ip('netns', 'add', name);
      // No neighbour discovery of the system's own among the packets.
      this.ip('netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
    }
    this.plugIn();
  }

  /** Makes the pair of devices, up at both ends. */
  plugIn(): void {
    const peer = ['peer', 'name', this.device, 'netns', this.to];
    this.ip('-n', this.from, 'link', 'add', 'send0', 'type', 'veth', ...peer);
    this.ip('-n', this.to, 'link', 'set', this.device, 'up');
    this.ip('-n', this.from, 'link', 'set', 'send0', 'up');
  }

  /** `ip` with arguments that apply to the listening end. */
  atListener(...args: readonly string[]): string {
    return this.ip('-n', this.to, ...args);
  }

  /** xports in the listening namespace, as root or as another user. */
  xports(args: readonly string[], uid = 0): Listener {
    const child =
      uid === 0
        ? ['netns', 'exec', this.to, process.execPath, PROGRAM, ...args]
        : [
            'netns',
            'exec',
            this.to,
            'setpriv',
            `--reuid=${uid}`,
            '--clear-groups',
            process.execPath,
            PROGRAM,
            ...args,
          ];
    return new Listener(
      spawn('ip', child, { stdio: 'pipe', env: { ...process.env, SUDO_UID: '', ...this.env } }),
    );
  }

  /** Listens on the device; resolves when it does. */
  async listen(...args: readonly string[]): Promise<Listener> {
    const listener = this.xports(['live', '--iface', this.device, '--db', this.path('live.db'), ...args]);
    await listener.says(/capturing on/);
    return listener;
  }

  /** Sends the packets of a capture, once or more often, and answers how many there were. */
  send(file: string, times = 1): number {
    return Number(
      this.ip('netns', 'exec', this.from, process.execPath, SENDER, 'send0', file, String(times)),
    );
  }

  /** Sends a capture over and over until `stop`. */
  load(file: string): { stop: () => Promise<void> } {
    const args = ['netns', 'exec', this.from, process.execPath, SENDER, 'send0', file, '1000000000'];
    const child = spawn('ip', args, { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    return {
      stop: () => {
        child.kill('SIGKILL');
        return ended;
      },
    };
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  remove(): void {
    for (const name of [this.from, this.to]) this.ip('netns', 'del', name);
    rmSync(this.directory, { recursive: true });
  }

  private ip(...args: readonly string[]): string {
    return execFileSync('ip', args, { encoding: 'utf8' });
  }
}
