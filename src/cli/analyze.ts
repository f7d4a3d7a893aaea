// xports analyze: captures in, a run in the database and its report out.

import { hostname } from 'node:os';
import { Command, Option } from 'commander';
import { EXIT } from '../base/errors.ts';
import { type AnalyzeOptions, type AnalyzeResult, analyze } from '../pipeline/analyze.ts';
import { ThreadRows } from '../pipeline/thread-rows.ts';
import type { Policy } from '../policy/policy.ts';
import type { ProfileName } from '../policy/terms.ts';
import { jsonReport } from '../report/json.ts';
import { terminalReport } from '../report/terminal.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import { deleteOldFlows } from '../store/sqlite/runs.ts';
import type { Context } from './context.ts';
import {
  atLeast,
  dbOption,
  parsePortRange,
  rememberOption,
  seconds,
  severityOption,
  wholeNumber,
} from './options.ts';
import { policyOption, profileOption } from './policy-option.ts';
import { ProgressBar } from './progress.ts';
import { packageVersion } from './version.ts';

interface Flags {
  db: string;
  profile?: ProfileName;
  policy?: Policy;
  servers?: string;
  rpcRange?: readonly [number, number];
  flows: AnalyzeOptions['flows'];
  reader: AnalyzeOptions['reader'];
  payload: boolean;
  tcpTimeout: number;
  idleTimeout: number;
  activeTimeout: number;
  retainDays?: number;
  rememberEndpoints?: number;
  sensor: string;
  json?: boolean;
  quiet?: boolean;
  failOn?: string;
  progress: boolean;
}

const HELP = `
Examples:
  xports analyze capture.pcap
  xports analyze --servers 10.0.0.5,10.1.0.0/28 --rpc-range 59531-60554 monday/ tuesday.pcapng
  xports analyze --policy exchange.yaml --servers auto monday.pcap
  xports analyze --fail-on high --quiet nightly.pcap || echo "look at this"
  ssh gateway tcpdump -i eth1 -U -w - | xports analyze -`;

export function analyzeCommand(context: Context): Command {
  return new Command('analyze')
    .description('read captures (pcap, pcapng), store their flows, and report unexpected ports')
    .argument('<capture...>', 'files, directories, or - for standard input; several are one capture')
    .addOption(dbOption())
    .addOption(profileOption())
    .addOption(policyOption())
    .option(
      '--servers <list>',
      'the Exchange servers: addresses and blocks, separated by commas, or auto for those that turn out to be',
    )
    .addOption(
      new Option('--rpc-range <first-last>', 'TCP ports the servers use for RPC').argParser(parsePortRange),
    )
    .addOption(
      new Option('--flows <which>', 'flows to store').choices(['all', 'unexpected', 'none']).default('all'),
    )
    .addOption(
      new Option('--reader <name>', 'how files are read: pcap-parser is a second opinion on plain pcap')
        .choices(['default', 'pcap-parser'])
        .default('default'),
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
        .default(0)
        .argParser(seconds(0)),
    )
    .addOption(
      new Option('--retain-days <days>', 'then delete the flows of runs older than this').argParser(
        wholeNumber(0, 36_500),
      ),
    )
    .addOption(rememberOption())
    .option('--sensor <name>', 'where the capture was made', hostname())
    .option('--json', 'print the report as JSON')
    .option('-q, --quiet', 'print nothing but errors (and what --json asks for)')
    .addOption(severityOption('--fail-on <severity>', 'exit with 1 where a finding is at least this severe'))
    .option('--no-progress', 'no progress bar')
    .addHelpText('after', HELP)
    .action((captures: string[], flags: Flags) => run(captures, flags, context));
}

async function run(captures: readonly string[], flags: Flags, context: Context): Promise<void> {
  const result = await analyzed(captures, flags, context);
  for (const notice of result.notices) {
    if (!flags.quiet || result.exitCode !== EXIT.done) context.say(`xports: ${notice}`);
  }
  // Counted from this run's own end, so that it never loses its own flows.
  if (flags.retainDays !== undefined)
    deleteOldFlows(flags.db, flags.retainDays, endUs(flags.db, result.runId));
  context.exitCode = result.exitCode;
  const store = new StoreReader(flags.db);
  try {
    if (flags.json) await context.out.write(jsonReport(store, result.runId));
    else if (!flags.quiet) await context.out.write(terminalReport(store, result.runId, context.look));
    const limit = flags.failOn;
    if (context.exitCode === EXIT.done && limit !== undefined) {
      const severities = [...store.openFindings(result.runId).keys()];
      if (severities.some((severity) => atLeast(severity, limit))) context.exitCode = EXIT.failOn;
    }
  } finally {
    store.close();
  }
}

/** When a run ended, in microseconds since the epoch. */
function endUs(db: string, runId: number): number {
  const store = new StoreReader(db);
  try {
    return store.run(runId).finished_at_us ?? 0;
  } finally {
    store.close();
  }
}

/** Analyzes with a progress bar, and with Ctrl-C as a way to stop that keeps what was read. */
async function analyzed(captures: readonly string[], flags: Flags, context: Context): Promise<AnalyzeResult> {
  const bar = ProgressBar.for(context.stderr, flags.progress && !flags.quiet);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.once('SIGINT', onSignal);
  process.once('SIGTERM', onSignal);
  try {
    return await analyze(
      { ...analyzeOptions(captures, flags), onProgress: (p) => bar.show(p), signal: stop.signal },
      ThreadRows.open,
    );
  } finally {
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    bar.clear();
  }
}

function analyzeOptions(captures: readonly string[], flags: Flags): AnalyzeOptions {
  return {
    sources: captures,
    db: flags.db,
    profile: flags.profile ?? flags.policy?.profile ?? 'allow-list',
    policy: flags.policy ?? null,
    servers: flags.servers ?? null,
    rpcRange: flags.rpcRange ?? null,
    flows: flags.flows,
    payload: flags.payload,
    reader: flags.reader,
    tcpTimeoutS: flags.tcpTimeout,
    otherTimeoutS: flags.idleTimeout,
    activeTimeoutS: flags.activeTimeout,
    retainDays: flags.retainDays ?? null,
    rememberDays: flags.rememberEndpoints ?? null,
    sensor: flags.sensor,
    version: packageVersion(),
  };
}
