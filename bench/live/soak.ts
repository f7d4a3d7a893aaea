// Mixed load for a long time, on a cable between two network namespaces: node --import tsx bench/live/soak.ts [MINUTES
// [PACKETS_PER_SECOND]]. An hour of at most 50,000 a second unless told otherwise; needs root, gcc and ip. Prints a line
// a minute (of a short one, every ten seconds), and fails where memory grows, the capture falls behind, or a packet is
// lost without being counted as lost.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sampleCapture } from '../../fixtures/sample.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/xports.js');
const RESEND = join(import.meta.dirname, '../../test/live/send.js');
const MIB = 1 << 20;
const TICKS_PER_SECOND = 100;
/** How much more memory the last third of the time may take than the second. */
const GROWTH = 1.1;
const LONGEST_LAG_S = 2;
const minutes = Number(process.argv[2] ?? 60);
const rate = Number(process.argv[3] ?? 50_000);
const sampleMs = minutes < 10 ? 10_000 : 60_000;
const maxFlows = rate * 2;
const directory = mkdtempSync(join(tmpdir(), 'xports-soak-'));
const sender = join(directory, 'sender');
const sample = join(directory, 'sample.pcap');
const from = `xports-soak-from-${process.pid}`;
const to = `xports-soak-to-${process.pid}`;

const ip = (...args: readonly string[]) => execFileSync('ip', args, { encoding: 'utf8' });
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

interface Sample {
  readonly memoryBytes: number;
  readonly lagS: number;
  readonly waitingBytes: number;
  readonly flows: number;
  readonly packets: number;
  readonly dropped: number;
  readonly cpuSeconds: number;
}

/** What is sent in turn; each answers how many packets it sent. */
const PHASES: readonly (() => Promise<number>)[] = [
  () => sendFrames(rate, 20, rate * 0.4),
  () => sendSample(10),
  // More flows than are kept.
  () => sendFrames(rate, 10, maxFlows * 4),
  async () => {
    await pause(15_000);
    return 0;
  },
  () => sendFrames(rate / 10, 10, 50),
];

function outputOf(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('ip', ['netns', 'exec', from, command, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    child.on('close', () => resolve(text));
  });
}

async function sendFrames(perSecond: number, seconds: number, flows: number): Promise<number> {
  const text = await outputOf(sender, ['send0', perSecond * seconds, perSecond, 200, flows].map(String));
  return Number(text.split(' ')[0]);
}

async function sendSample(seconds: number): Promise<number> {
  const bytes = readFileSync(sample);
  let packets = 0;
  for (let at = 24; at < bytes.length; at += 16 + bytes.readUInt32LE(at + 8)) packets++;
  const times = Math.ceil((rate * seconds) / packets);
  const restMs = Math.ceil((1000 * packets) / rate);
  return Number(await outputOf(process.execPath, [RESEND, 'send0', sample, String(times), String(restMs)]));
}

/** Processor time of a process and its threads, in seconds (proc_pid_stat(5)). */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The metrics as they stand; the namespace has a loopback of its own. */
function metricsAt(url: string, pid: number): Sample {
  const script = `fetch(${JSON.stringify(url)}).then((r) => r.text()).then((t) => console.log(t))`;
  const text = ip('netns', 'exec', to, process.execPath, '-e', script);
  const value = (name: string) =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (.*)$`, 'gm'))].reduce(
      (sum, [, number]) => sum + Number(number),
      0,
    );
  return {
    memoryBytes: value('xports_resident_memory_bytes'),
    lagS: value('xports_lag_seconds'),
    waitingBytes: value('xports_rows_waiting_bytes'),
    flows: value('xports_flows'),
    packets: value('xports_packets_total'),
    dropped: value('xports_dropped_packets_total'),
    cpuSeconds: cpuSeconds(pid),
  };
}

async function listen(): Promise<{ child: ChildProcess; url: string; ended: Promise<string> }> {
  const child = spawn(
    'ip',
    [
      ...['netns', 'exec', to, process.execPath, PROGRAM, 'live', '--iface', 'listen0'],
      ...['--db', join(directory, 'soak.db'), '--json', '--metrics', '127.0.0.1:0'],
      ...['--max-flows', String(maxFlows), '--tcp-timeout', '30', '--flows', 'unexpected'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  const ended = new Promise<string>((resolve) => child.on('close', () => resolve(out)));
  const url = await new Promise<string>((resolve) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const match = /metrics are at (\S+).*capturing on/s.exec(said);
      if (match !== null) resolve(match[1]);
    });
  });
  return { child, url, ended };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}

async function main(): Promise<void> {
  execFileSync('gcc', ['-O2', '-o', sender, join(import.meta.dirname, 'sender.c')]);
  writeFileSync(sample, sampleCapture(1514));
  for (const name of [from, to]) {
    ip('netns', 'add', name);
    ip('netns', 'exec', name, 'sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }
  ip('-n', from, 'link', 'add', 'send0', 'type', 'veth', 'peer', 'name', 'listen0', 'netns', to);
  ip('-n', to, 'link', 'set', 'listen0', 'up');
  ip('-n', from, 'link', 'set', 'send0', 'up');
  const { child, url, ended } = await listen();
  const untilMs = Date.now() + minutes * 60_000;
  const samples: Sample[] = [];
  let sent = 0;
  const sending = (async () => {
    for (let phase = 0; Date.now() < untilMs; phase++) sent += await PHASES[phase % PHASES.length]();
  })();
  console.log('| minute | packets | flows | memory MiB | lag s | rows waiting MiB | lost | processor |');
  console.log('| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  let before = { cpuSeconds: cpuSeconds(child.pid ?? 0), atMs: Date.now() };
  while (Date.now() < untilMs) {
    await pause(sampleMs);
    const one = metricsAt(url, child.pid ?? 0);
    const atMs = Date.now();
    const busy = ((one.cpuSeconds - before.cpuSeconds) / (atMs - before.atMs)) * 1e5;
    before = { cpuSeconds: one.cpuSeconds, atMs };
    samples.push(one);
    const minute = (minutes - (untilMs - Date.now()) / 60_000).toFixed(1);
    const cells = [minute, one.packets, one.flows, Math.round(one.memoryBytes / MIB), one.lagS.toFixed(1)];
    const rest = [Math.round(one.waitingBytes / MIB), one.dropped, `${busy.toFixed(1)} %`];
    console.log(`| ${[...cells, ...rest].join(' | ')} |`);
  }
  await sending;
  await pause(2_000);
  child.kill('SIGINT');
  const { run } = JSON.parse(await ended);
  const third = Math.floor(samples.length / 3);
  const memory = (part: readonly Sample[]) => median(part.map(({ memoryBytes }) => memoryBytes));
  const growth = memory(samples.slice(2 * third)) / memory(samples.slice(third, 2 * third));
  const lag = median(samples.slice(2 * third).map(({ lagS }) => lagS));
  const dropped = run.kernel_dropped + run.interface_dropped;
  const unsaid = sent - run.packets - dropped;
  console.log(
    `\nsent ${sent}, seen ${run.packets}, dropped ${dropped}; memory in the last third ${growth.toFixed(3)} of ` +
      `the second's, median lag ${lag.toFixed(2)} s`,
  );
  const problems = [
    ...(growth > GROWTH ? ['memory grows'] : []),
    ...(lag > LONGEST_LAG_S ? ['the capture falls behind'] : []),
    ...(unsaid !== 0 ? [`${unsaid} packets are lost and not counted`] : []),
  ];
  if (problems.length > 0) throw new Error(problems.join('; '));
}

try {
  await main();
} finally {
  for (const name of [from, to]) ip('netns', 'del', name);
  rmSync(directory, { recursive: true });
}
