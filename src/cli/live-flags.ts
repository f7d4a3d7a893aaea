// The options of xports live, and what they ask of the capture.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { LiveRunOptions } from '../pipeline/live-options.ts';
import type { Rules } from '../pipeline/live-rules.ts';
import type { Policy } from '../policy/policy.ts';
import { parseCommand } from './finding-command.ts';
import { type MetricsAddress, parseMetricsAddress } from './metrics.ts';
import { seconds, wholeNumber } from './options.ts';
import {
  addFlowOptions,
  addJudgingOptions,
  addReportOptions,
  type RunFlags,
  type RunOptionWords,
  runOptions,
} from './run-options.ts';

export interface LiveFlags extends RunFlags {
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
  maxFlows: number;
  patience: number;
  maxWaiting: number;
  rotateRun?: 'daily';
  metrics?: MetricsAddress;
  onFinding?: readonly string[];
}

/** Headers through two tunnels, then enough for a banner, a TLS hello and an endpoint mapper's answer. */
const DEFAULT_SNAPLEN = 1024;
const MAX_SNAPLEN = 262_144;
const MAX_BUFFER_MIB = 2047;
const MIB = 1 << 20;
const DEFAULT_WAITING_MIB = 1024;
const MOST_WAITING_MIB = 1 << 20;
const DEFAULT_MAX_FLOWS = 1_000_000;
/** A table cannot number more. */
const MOST_FLOWS = 50_000_000;

const WORDS: RunOptionWords = {
  activeTimeoutS: 1800,
  json: 'print the report as JSON, and new findings as JSON lines on standard error',
};

export function addLiveOptions(command: Command): Command {
  const whole = (least: number, most = Number.MAX_SAFE_INTEGER) => wholeNumber(least, most);
  command
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
      new Option('--buffer <mib>', 'ring that the kernel fills (256)').argParser(whole(1, MAX_BUFFER_MIB)),
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
    );
  addFlowOptions(addJudgingOptions(command), WORDS)
    .addOption(
      new Option('--max-flows <number>', 'flows kept in memory; then the longest quiet are stored early')
        .default(DEFAULT_MAX_FLOWS)
        .argParser(whole(1, MOST_FLOWS)),
    )
    .addOption(
      new Option('--patience <seconds>', 'how long a database that cannot be written is tried again')
        .default(300)
        .argParser(seconds(0)),
    )
    .addOption(
      new Option('--max-waiting <mib>', 'memory for rows that the database cannot take yet')
        .default(DEFAULT_WAITING_MIB)
        .argParser(whole(1, MOST_WAITING_MIB)),
    )
    .addOption(new Option('--rotate-run <when>', 'begin a new run at midnight').choices(['daily']))
    .addOption(
      new Option('--metrics <address>', 'serve Prometheus metrics there, such as 127.0.0.1:9464').argParser(
        parseMetricsAddress,
      ),
    )
    .addOption(
      new Option(
        '--on-finding <command>',
        'start this for each new finding, with JSON on its input',
      ).argParser(parseCommand),
    );
  return addReportOptions(command, WORDS);
}

function parseDevice(text: string): string {
  if (text !== '' && !text.includes('\0')) return text;
  throw new InvalidArgumentError('Give the name of an interface: xports interfaces lists them.');
}

/** The rules of a policy, which the profile named on the command line goes before. */
export function rulesOf({ profile }: LiveFlags, policy: Policy | undefined): Rules {
  return { profile: profile ?? policy?.profile ?? 'allow-list', policy: policy ?? null };
}

export function liveOptions(
  flags: LiveFlags,
): Omit<LiveRunOptions, 'rules' | 'say' | 'onProgress' | 'onNews' | 'signal'> {
  return {
    ...runOptions(flags),
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
    maxFlows: flags.maxFlows,
    patienceS: flags.patience,
    mostWaitingBytes: flags.maxWaiting * MIB,
    rotateDaily: flags.rotateRun === 'daily',
  };
}
