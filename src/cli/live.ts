// xports live: an interface in, a run in the database, and its report when the capture is stopped.

import { hostname } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type LiveProgress, type LiveResult, type LiveRunOptions, live } from '../pipeline/live.ts';
import { ThreadRows } from '../pipeline/thread-rows.ts';
import { grouped } from '../report/format.ts';
import { jsonReport } from '../report/json.ts';
import { terminalReport } from '../report/terminal.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import { deleteOldFlows } from '../store/sqlite/runs.ts';
import type { Context } from './context.ts';
import { dbOption, parsePortRange, seconds, wholeNumber } from './options.ts';
import { packageVersion } from './version.ts';

interface Flags {
  iface: string;
  engine?: 'libpcap' | 'cap';
  filter?: string;
  snaplen: number;
  buffer?: number;
  promiscuous: boolean;
  duration?: number;
  count?: number;
  user?: string;
  write?: string;
  writeSize?: number;
  writeSeconds?: number;
  writeFiles?: number;
  checkpoint: number;
  db: string;
  profile: 'allow-list';
  servers?: string;
  rpcRange?: readonly [number, number];
  flows: LiveRunOptions['flows'];
  payload: boolean;
  tcpTimeout: number;
  idleTimeout: number;
  activeTimeout: number;
  retainDays?: number;
  sensor: string;
  json?: boolean;
  quiet?: boolean;
}

/** Headers through two tunnels, then enough for a banner, a TLS hello and an endpoint mapper's answer. */
const DEFAULT_SNAPLEN = 1024;
const MAX_SNAPLEN = 262_144;
const MAX_BUFFER_MIB = 2047;
const MIB = 1 << 20;
const CLEAR_LINE = '\r\u001b[K';

const HELP = `
Examples:
  sudo xports live --iface eth1                          until Ctrl-C; the database is yours, not root's
  xports live --iface eth1 --servers 10.0.0.5 --duration 3600 --json
  xports live --iface eth1 --write span.pcap --write-size 1000 --write-files 10
  tcpdump -i eth1 -U -w - | xports analyze -             where Node may not open an interface`;

export function liveCommand(context: Context): Command {
  const whole = (least: number, most = Number.MAX_SAFE_INTEGER) => wholeNumber(least, most);
  return new Command('live')
    .description('capture from an interface, store flows while they pass, and report unexpected ports')
    .addOption(
      new Option('-i, --iface <name>', 'the interface: xports interfaces lists them')
        .argParser(parseDevice)
        .makeOptionMandatory(),
    )
    .addOption(new Option('--filter <expression>', 'packets to take, in the language of pcap-filter'))
    .addOption(
      new Option('--snaplen <bytes>', 'bytes taken of each packet')
        .default(DEFAULT_SNAPLEN)
        .argParser(whole(64, MAX_SNAPLEN)),
    )
    .addOption(
      new Option('--buffer <mib>', 'ring that the kernel fills (128, or 256 with cap)').argParser(
        whole(1, MAX_BUFFER_MIB),
      ),
    )
    .addOption(new Option('--promiscuous', 'take packets for other machines too').default(true))
    .addOption(new Option('--no-promiscuous', 'only packets to and from this machine'))
    .addOption(new Option('--engine <name>', 'how packets are captured').choices(['libpcap', 'cap']))
    .addOption(new Option('--duration <seconds>', 'stop after this time').argParser(seconds(0.1)))
    .addOption(new Option('--count <packets>', 'stop after so many packets').argParser(whole(1)))
    .addOption(new Option('--user <name>', 'become this user once the interface is open (who called sudo)'))
    .addOption(new Option('--write <file>', 'keep the packets in a capture file too'))
    .addOption(
      new Option('--write-size <mib>', 'begin another file at this size').argParser(whole(2, 1 << 22)),
    )
    .addOption(
      new Option('--write-seconds <seconds>', 'begin another file at this age').argParser(seconds(1)),
    )
    .addOption(new Option('--write-files <number>', 'keep only so many files').argParser(whole(1)))
    .addOption(
      new Option('--checkpoint <seconds>', 'time between writes to the database')
        .default(5)
        .argParser(seconds(0.1)),
    )
    .addOption(dbOption())
    .addOption(
      new Option('--profile <name>', 'what is allowed').choices(['allow-list']).default('allow-list'),
    )
    .option('--servers <list>', 'the Exchange servers: addresses and blocks, separated by commas')
    .addOption(
      new Option('--rpc-range <first-last>', 'TCP ports the servers use for RPC').argParser(parsePortRange),
    )
    .addOption(
      new Option('--flows <which>', 'flows to store').choices(['all', 'unexpected', 'none']).default('all'),
    )
    .option('--no-payload', 'look at headers only: no RPC ports are learned, and nothing is said of content')
    .addOption(
      new Option('--tcp-timeout <seconds>', 'silence that ends a TCP flow')
        .default(300)
        .argParser(seconds(1)),
    )
    .addOption(
      new Option('--idle-timeout <seconds>', 'silence that ends any other flow')
        .default(60)
        .argParser(seconds(1)),
    )
    .addOption(
      new Option('--active-timeout <seconds>', 'age at which a flow is stored in parts, 0 for never')
        .default(1800)
        .argParser(seconds(0)),
    )
    .addOption(
      new Option('--retain-days <days>', 'then delete the flows of runs older than this').argParser(
        wholeNumber(0, 36_500),
      ),
    )
    .option('--sensor <name>', 'where the capture is made', hostname())
    .option('--json', 'print the report as JSON')
    .option('-q, --quiet', 'print nothing but errors (and what --json asks for)')
    .addHelpText('after', HELP)
    .action((flags: Flags) => run(flags, context));
}

function parseDevice(text: string): string {
  if (text !== '' && !text.includes('\0')) return text;
  throw new InvalidArgumentError('Give the name of an interface: xports interfaces lists them.');
}

async function run(flags: Flags, context: Context): Promise<void> {
  const result = await captured(flags, context);
  context.exitCode = result.exitCode;
  if (flags.retainDays !== undefined) deleteOldFlows(flags.db, flags.retainDays);
  const store = new StoreReader(flags.db);
  try {
    if (flags.json) await context.out.write(jsonReport(store, result.runId));
    else if (!flags.quiet) await context.out.write(terminalReport(store, result.runId, context.look));
  } finally {
    store.close();
  }
}

/** The first Ctrl-C stops the device and stores what it holds; a second one leaves at once. */
async function captured(flags: Flags, context: Context): Promise<LiveResult> {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (!stop.signal.aborted) return stop.abort();
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    process.kill(process.pid, signal);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const line = statusLine(flags, context);
  try {
    const options: LiveRunOptions = {
      ...liveOptions(flags),
      say: (sentence) => {
        if (!flags.quiet) context.say(`${line.clear()}xports: ${sentence}`);
      },
      onProgress: (progress) => line.show(progress),
      signal: stop.signal,
    };
    return await live(options, async (settings) => {
      const rows = await ThreadRows.open(settings);
      line.begin();
      return rows;
    });
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    context.stderr.write(line.clear());
  }
}

/** A line on a terminal that says how the capture goes; elsewhere only that it began. */
function statusLine(flags: Flags, context: Context) {
  const onTerminal = context.stderr.isTTY === true && !flags.quiet;
  let shown = false;
  return {
    begin: () => {
      if (!flags.quiet) context.say(`xports: capturing on ${flags.iface}; Ctrl-C stops and stores`);
    },
    show: (progress: LiveProgress) => {
      if (!onTerminal) return;
      shown = true;
      const text = statusText(progress).slice(0, (context.stderr.columns ?? 80) - 1);
      context.stderr.write(CLEAR_LINE + text);
    },
    clear: (): string => {
      const code = shown ? CLEAR_LINE : '';
      shown = false;
      return code;
    },
  };
}

function statusText({ packets, flows, kernelDropped, interfaceDropped }: LiveProgress): string {
  const drops =
    kernelDropped === null
      ? 'drops unknown'
      : `${grouped(kernelDropped)} dropped by the kernel, ${grouped(interfaceDropped ?? 0)} by the interface`;
  return `${grouped(packets)} packets  ${grouped(flows)} flows open  ${drops}`;
}

function liveOptions(flags: Flags): Omit<LiveRunOptions, 'say' | 'onProgress' | 'signal'> {
  return {
    device: flags.iface,
    engine: flags.engine ?? null,
    filter: flags.filter ?? null,
    snaplen: flags.snaplen,
    bufferMiB: flags.buffer ?? null,
    promiscuous: flags.promiscuous,
    durationS: flags.duration ?? null,
    count: flags.count ?? null,
    user: flags.user ?? null,
    write:
      flags.write === undefined
        ? null
        : {
            path: flags.write,
            maxBytes: flags.writeSize === undefined ? null : flags.writeSize * MIB,
            maxSeconds: flags.writeSeconds ?? null,
            maxFiles: flags.writeFiles ?? null,
          },
    checkpointS: flags.checkpoint,
    db: flags.db,
    profile: flags.profile,
    servers: flags.servers ?? null,
    rpcRange: flags.rpcRange ?? null,
    flows: flags.flows,
    payload: flags.payload,
    tcpTimeoutS: flags.tcpTimeout,
    otherTimeoutS: flags.idleTimeout,
    activeTimeoutS: flags.activeTimeout,
    retainDays: flags.retainDays ?? null,
    sensor: flags.sensor,
    version: packageVersion(),
  };
}
