// Loss against packets a second, on a cable between two network namespaces: node --import tsx bench/live/sweep.ts
// [SECONDS [ENGINE]]. Needs root, gcc, ip and, for its row, tcpdump. What the sender says it sent is the truth.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, '../../bin/xports.js');
const RATES = [20_000, 50_000, 100_000, 200_000, 300_000, 500_000, 0];
const FRAME_BYTES = 100;
const FLOWS = 20_000;
const TICKS_PER_SECOND = 100;
const seconds = Number(process.argv[2] ?? 10);
const directory = mkdtempSync(join(tmpdir(), 'xports-sweep-'));
const sender = join(directory, 'sender');
const from = `xports-bench-from-${process.pid}`;
const to = `xports-bench-to-${process.pid}`;

interface Seen {
  readonly packets: number;
  readonly dropped: number | null;
  readonly cpuSeconds: number;
}

const ip = (...args: readonly string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Processor time of a process and what it waited for, in seconds (proc_pid_stat(5)). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function start(command: string, args: readonly string[]): { child: ChildProcess; out: Promise<string> } {
  const child = spawn('ip', ['netns', 'exec', to, command, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  return { child, out: new Promise((resolve) => child.on('close', () => resolve(text))) };
}

/** Sends and answers how many packets were sent, in how many seconds. */
function send(rate: number): Promise<[sent: number, took: number]> {
  const count = (rate === 0 ? 600_000 : rate) * seconds;
  const args = ['netns', 'exec', from, sender, 'send0', count, rate, FRAME_BYTES, FLOWS].map(String);
  return new Promise((resolve) => {
    const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout?.on('data', (text) => {
      const [sent, took] = String(text).split(' ').map(Number);
      resolve([sent, took]);
    });
  });
}

async function withEngine(engine: string, during: () => Promise<unknown>): Promise<Seen> {
  const database = join(directory, `${engine}.db`);
  const { child, out } = start(process.execPath, [
    ...[PROGRAM, 'live', '--iface', 'listen0', '--engine', engine],
    ...['--db', database, '--json', '--quiet'],
  ]);
  await pause(2000);
  await during();
  await pause(1000);
  const cpu = cpuSeconds(child.pid ?? 0);
  child.kill('SIGINT');
  const { run } = JSON.parse(await out);
  rmSync(database);
  const dropped = run.kernel_dropped === null ? null : run.kernel_dropped + run.interface_dropped;
  return { packets: run.packets, dropped, cpuSeconds: cpu };
}

/** tcpdump with a ring and a snaplen as large as ours, piped in. */
async function withTcpdump(_engine: string, during: () => Promise<unknown>): Promise<Seen> {
  const database = join(directory, 'tcpdump.db');
  const pipe = `tcpdump -i listen0 -B 131072 -s 1024 -U -w - 2>${directory}/said | ${process.execPath} ${PROGRAM} analyze - --db ${database} --json --quiet`;
  const { child, out } = start('sh', ['-c', pipe]);
  await pause(2000);
  await during();
  await pause(1000);
  const pids = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1')
    .trim()
    .split(' ')
    .map(Number);
  const cpu = pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  process.kill(pids[0], 'SIGINT');
  const { run } = JSON.parse(await out);
  rmSync(database);
  const said = /(\d+) packets? dropped by kernel/.exec(readFileSync(join(directory, 'said'), 'latin1'));
  return { packets: run.packets, dropped: said === null ? null : Number(said[1]), cpuSeconds: cpu };
}

async function main(): Promise<void> {
  execFileSync('gcc', ['-O2', '-o', sender, join(import.meta.dirname, 'sender.c')]);
  for (const name of [from, to]) {
    ip('netns', 'add', name);
    ip('netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
  }
  ip('-n', from, 'link', 'add', 'send0', 'type', 'veth', 'peer', 'name', 'listen0', 'netns', to);
  ip('-n', to, 'link', 'set', 'listen0', 'up');
  ip('-n', from, 'link', 'set', 'send0', 'up');
  console.log('| engine | packets/s | sent | seen | lost | drops said | µs CPU/packet |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const [engine, run] of [
    ['libpcap', withEngine],
    ['cap', withEngine],
    ['tcpdump', withTcpdump],
  ] as const) {
    if (process.argv[3] !== undefined && process.argv[3] !== engine) continue;
    for (const rate of RATES) {
      let sent = 0;
      let took = 1;
      const seen = await run(engine, async () => {
        [sent, took] = await send(rate);
      });
      const cpu = (seen.cpuSeconds * 1e6) / Math.max(seen.packets, 1);
      const lost = ((1 - seen.packets / sent) * 100).toFixed(2);
      const cells = [
        engine,
        Math.round(sent / took),
        sent,
        seen.packets,
        `${lost} %`,
        seen.dropped ?? 'unknown',
      ];
      console.log(`| ${cells.join(' | ')} | ${cpu.toFixed(2)} |`);
    }
  }
}

try {
  await main();
} finally {
  for (const name of [from, to]) ip('netns', 'del', name);
  rmSync(directory, { recursive: true });
}
