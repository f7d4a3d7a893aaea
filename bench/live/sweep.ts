// Loss against packets a second, on a cable between two network namespaces: node --import tsx bench/live/sweep.ts
// [--engine libpcap|cap|tcpdump] [--seconds 10] [--rates 20000,500000,0] [--bytes 100] [--pin] [--rps] [-- LIVE OPTIONS]. Needs
// root, gcc, ip, taskset and, for its rows, tcpdump. What the sender says it sent is the truth. With --pin the sender has
// the first processor and the capture all others; with --rps what the kernel does to receive is done on the others too. A rate
// of 0 is as fast as the sender can.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const PROGRAM = join(import.meta.dirname, '../../bin/xports.js');
const FLOWS = 20_000;
const FASTEST = 1_000_000;
const TICKS_PER_SECOND = 100;
const { values: asked, positionals: liveOptions } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    rates: { type: 'string', default: '20000,50000,100000,200000,300000,500000,0' },
    bytes: { type: 'string', default: '100' },
    pin: { type: 'boolean', default: false },
    rps: { type: 'boolean', default: false },
  },
});
const seconds = Number(asked.seconds);
const directory = mkdtempSync(join(tmpdir(), 'xports-sweep-'));
const sender = join(directory, 'sender');
const from = `xports-bench-from-${process.pid}`;
const to = `xports-bench-to-${process.pid}`;

interface Seen {
  readonly packets: number;
  /** Null where the engine cannot know. */
  readonly dropped: number | null;
  readonly cpuSeconds: number;
}

const ip = (...args: readonly string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const onProcessors = (which: string) => (asked.pin ? ['taskset', '-c', which] : []);

/** Processor time of a process and its threads, in seconds (proc_pid_stat(5)). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function start(command: string, args: readonly string[]): { child: ChildProcess; out: Promise<string> } {
  const all = ['netns', 'exec', to, ...onProcessors(`1-${cpus().length - 1}`), command, ...args];
  const child = spawn('ip', all, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  return { child, out: new Promise((resolve) => child.on('close', () => resolve(text))) };
}

/** Sends and answers how many packets were sent, in how many seconds. */
function send(rate: number): Promise<[sent: number, took: number]> {
  const count = (rate === 0 ? FASTEST : rate) * seconds;
  const args = ['send0', count, rate, asked.bytes, FLOWS].map(String);
  return new Promise((resolve) => {
    const child = spawn('ip', ['netns', 'exec', from, ...onProcessors('0'), sender, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
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
    ...['--db', database, '--json', '--quiet', ...liveOptions],
  ]);
  await pause(2000);
  // What it takes to start is no packet's.
  const startCpu = cpuSeconds(child.pid ?? 0);
  await during();
  await pause(1000);
  const cpu = cpuSeconds(child.pid ?? 0) - startCpu;
  child.kill('SIGINT');
  const { run } = JSON.parse(await out);
  rmSync(database);
  const dropped = run.kernel_dropped === null ? null : run.kernel_dropped + run.interface_dropped;
  return { packets: run.packets, dropped, cpuSeconds: cpu };
}

/** tcpdump with a ring and a snaplen as large as ours, piped in. */
async function withTcpdump(_engine: string, during: () => Promise<unknown>): Promise<Seen> {
  const database = join(directory, 'tcpdump.db');
  const pipe = `tcpdump -i listen0 -B 262144 -s 1024 -U -w - 2>${directory}/said | ${process.execPath} ${PROGRAM} analyze - --db ${database} --json --quiet`;
  const { child, out } = start('sh', ['-c', pipe]);
  await pause(2000);
  const pids = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1')
    .trim()
    .split(' ')
    .map(Number);
  const allCpu = () => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const startCpu = allCpu();
  await during();
  await pause(1000);
  const cpu = allCpu() - startCpu;
  process.kill(pids[0], 'SIGINT');
  const { run } = JSON.parse(await out);
  rmSync(database);
  const said = /(\d+) packets? dropped by kernel/.exec(readFileSync(join(directory, 'said'), 'latin1'));
  return { packets: run.packets, dropped: said === null ? null : Number(said[1]), cpuSeconds: cpu };
}

/** What the cable itself lost on the way, by the counters of both its ends. */
function lostOnCable(): number {
  const statistics = (name: string, device: string) =>
    JSON.parse(ip('-n', name, '-s', '-j', 'link', 'show', device))[0].stats64;
  return statistics(from, 'send0').tx.dropped + statistics(to, 'listen0').rx.dropped;
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
  if (asked.rps) {
    // A mask of processors in hexadecimal: all but the first.
    const others = ((1n << BigInt(cpus().length)) - 2n).toString(16);
    const file = '/sys/class/net/listen0/queues/rx-0/rps_cpus';
    ip('netns', 'exec', to, 'sh', '-c', `echo ${others} > ${file}`);
  }
  console.log('| engine | packets/s | sent | seen | lost | drops said | lost unsaid | µs CPU/packet |');
  console.log('| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const [engine, run] of [
    ['libpcap', withEngine],
    ['cap', withEngine],
    ['tcpdump', withTcpdump],
  ] as const) {
    if (asked.engine !== undefined && asked.engine !== engine) continue;
    for (const rate of asked.rates.split(',').map(Number)) {
      let sent = 0;
      let took = 1;
      const lostBefore = lostOnCable();
      const seen = await run(engine, async () => {
        [sent, took] = await send(rate);
      });
      const arrived = sent - (lostOnCable() - lostBefore);
      const cpu = (seen.cpuSeconds * 1e6) / Math.max(seen.packets, 1);
      const lost = ((1 - seen.packets / arrived) * 100).toFixed(2);
      const unsaid = seen.dropped === null ? 'unknown' : arrived - seen.packets - seen.dropped;
      const cells = [engine, Math.round(sent / took), arrived, seen.packets, `${lost} %`];
      const rest = [seen.dropped ?? 'unknown', unsaid, cpu.toFixed(2)];
      console.log(`| ${[...cells, ...rest].join(' | ')} |`);
    }
  }
}

try {
  await main();
} finally {
  for (const name of [from, to]) ip('netns', 'del', name);
  rmSync(directory, { recursive: true });
}
