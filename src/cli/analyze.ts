// xports analyze: captures in, a run in the database and its report out.

import { Command, Option } from 'commander';
import { EXIT } from '../base/errors.ts';
import { type AnalyzeOptions, type AnalyzeResult, analyze } from '../pipeline/analyze.ts';
import { ThreadRows } from '../pipeline/thread-rows.ts';
import { jsonReport } from '../report/json.ts';
import { terminalReport } from '../report/terminal.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import { deleteOldFlows } from '../store/sqlite/runs.ts';
import type { Context } from './context.ts';
import { atLeast, severityOption } from './options.ts';
import { ProgressBar } from './progress.ts';
import {
  addFlowOptions,
  addJudgingOptions,
  addReportOptions,
  type RunFlags,
  type RunOptionWords,
  runOptions,
} from './run-options.ts';

interface Flags extends RunFlags {
  reader: AnalyzeOptions['reader'];
  failOn?: string;
  progress: boolean;
}

const WORDS: RunOptionWords = { activeTimeoutS: 0, json: 'print the report as JSON' };

const HELP = `
Examples:
  xports analyze capture.pcap
  xports analyze --servers 10.10.0.11,10.10.0.12 monday/ tuesday.pcapng
      several captures are one; two servers are judged
  tcpdump -i eth1 -U -w - | xports analyze -`;

export function analyzeCommand(context: Context): Command {
  const command = new Command('analyze')
    .description('read captures (pcap, pcapng, ...), store their flows, and report unexpected ports')
    .argument('<capture...>', 'files, directories, or - for standard input; several are one capture');
  addJudgingOptions(command).addOption(
    new Option('--reader <name>', 'how files are read: pcap-parser is a second opinion on plain pcap')
      .choices(['default', 'pcap-parser'])
      .default('default'),
  );
  addReportOptions(addFlowOptions(command, WORDS), WORDS);
  return command
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
  return { ...runOptions(flags), sources: captures, reader: flags.reader };
}
