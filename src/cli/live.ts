// xports live: an interface in, a run in the database, and its report when the capture is stopped.

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { reasonOf } from '../base/errors.ts';
import { jsonText, printableLines } from '../base/text.ts';
import { live } from '../pipeline/live.ts';
import type { LiveResult, LiveRunOptions } from '../pipeline/live-options.ts';
import { LiveRules } from '../pipeline/live-rules.ts';
import type { News } from '../pipeline/news.ts';
import { ThreadRows } from '../pipeline/thread-rows.ts';
import { jsonReport } from '../report/json.ts';
import { terminalReport } from '../report/terminal.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import type { Context } from './context.ts';
import { FindingCommand } from './finding-command.ts';
import { addLiveOptions, type LiveFlags, liveOptions, rulesOf } from './live-flags.ts';
import { LiveScreen } from './live-screen.ts';
import { Metrics } from './metrics.ts';
import { policyOfFile } from './policy-option.ts';

const HELP = `
Examples:
  sudo xports live --iface eth1
      until Ctrl-C; the database is yours, not root's
  sudo xports live --iface eth1 --servers 10.10.0.11 --duration 3600 --json
  sudo xports live --iface eth1 --write span.pcap --write-size 1000 --write-files 10
      keep the last 10 GB of packets too`;

export function liveCommand(context: Context): Command {
  const command = new Command('live').description(
    'capture from an interface, store flows while they pass, and report unexpected ports',
  );
  return addLiveOptions(command)
    .addHelpText('after', HELP)
    .action((flags: LiveFlags) => run(flags, context));
}

async function run(flags: LiveFlags, context: Context): Promise<void> {
  const result = await captured(flags, context);
  context.exitCode = result.exitCode;
  const store = new StoreReader(flags.db);
  try {
    if (flags.json) await context.out.write(jsonReport(store, result.runId));
    else if (!flags.quiet) await context.out.write(terminalReport(store, result.runId, context.look));
  } finally {
    store.close();
  }
}

/** The first Ctrl-C stops the device and stores what it holds; a second one leaves at once. */
async function captured(flags: LiveFlags, context: Context): Promise<LiveResult> {
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals) => {
    if (!stop.signal.aborted) return stop.abort();
    screen.end();
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    process.kill(process.pid, signal);
  };
  const rules = new LiveRules(rulesOf(flags, flags.policy));
  const onHangup = () => {
    try {
      say(`SIGHUP: ${reread(flags, rules)}`);
    } catch (error) {
      const kept = 'the policy that was read before stays in force';
      screen.say(printableLines(`xports: SIGHUP: ${reasonOf(error)}\nxports: ${kept}`));
    }
  };
  const screen = new LiveScreen({
    stream: context.stderr,
    keys: process.stdin,
    isForeground: isInForeground(),
    device: flags.iface,
    quiet: flags.quiet === true,
    now: () => performance.now(),
    memoryBytes: () => process.memoryUsage.rss(),
    onQuit: () => onSignal('SIGINT'),
  });
  const say = (sentence: string) => {
    if (!flags.quiet) screen.say(printableLines(`xports: ${sentence}`));
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  process.on('SIGHUP', onHangup);
  const command = flags.onFinding === undefined ? null : new FindingCommand(flags.onFinding, say);
  const metrics = flags.metrics === undefined ? null : new Metrics();
  try {
    if (metrics !== null && flags.metrics !== undefined) {
      say(`metrics are at ${await metrics.listen(flags.metrics)}`);
    }
    const options: LiveRunOptions = {
      ...liveOptions(flags),
      rules,
      say,
      onProgress: (progress) => {
        metrics?.show(progress);
        screen.show(progress);
      },
      onNews: (news) => {
        metrics?.hear(news);
        command?.tell(news.notes);
        announce(news, flags, screen);
      },
      signal: stop.signal,
    };
    let begun = false;
    return await live(options, async (settings) => {
      const rows = await ThreadRows.open(settings);
      if (!begun) screen.begin();
      begun = true;
      return rows;
    });
  } finally {
    await command?.end();
    metrics?.close();
    screen.end();
    process.removeListener('SIGINT', onSignal);
    process.removeListener('SIGTERM', onSignal);
    process.removeListener('SIGHUP', onHangup);
  }
}

/** Reads the policy again, and answers what comes of it. Throws XportsError where it cannot be used. */
function reread(flags: LiveFlags, rules: LiveRules): string {
  if (flags.policy === undefined)
    return 'no --policy was given that could be read again; the capture goes on';
  const { path } = flags.policy;
  const policy = policyOfFile(path);
  if (policy.text === rules.current.policy?.text) return `${path} is what it was; the run goes on`;
  rules.replace(rulesOf(flags, policy));
  return `${path} was read again, and a new run begins with it`;
}

/** Whether the terminal is this process's: one in the background that asks for keys is stopped by the system. */
function isInForeground(): boolean {
  try {
    // proc_pid_stat(5): after the name come state, parent, group, session, terminal, the terminal's group.
    const [, , group, , , foreground] = readFileSync('/proc/self/stat', 'latin1')
      .split(') ')
      .pop()!
      .split(' ');
    return group === foreground;
  } catch {
    return true;
  }
}

/** Findings that are new or resolved, one a line: JSON where that was asked for, else words. */
function announce({ notes }: News, flags: LiveFlags, screen: LiveScreen): void {
  // The worst of those that came together stands first.
  for (const note of [...notes].reverse()) screen.hear(note);
  for (const note of notes) {
    if (flags.json) screen.say(jsonText(note));
    else if (!flags.quiet) {
      const part = note.part_of === null ? '' : ` (part of a ${note.part_of} finding from here on)`;
      const what = note.status === 'open' ? `${note.severity} finding` : 'resolved';
      screen.say(printableLines(`xports: ${what}: ${note.title}${part}`));
    }
  }
}
