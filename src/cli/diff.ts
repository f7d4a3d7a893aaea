// xports diff: what is new, gone and changed between two runs, of one database or of two.

import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT } from '../base/errors.ts';
import { contentOf, differenceJson, differenceOf, newSeverities } from '../report/diff/index.ts';
import { differenceText } from '../report/diff/text.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import type { Context } from './context.ts';
import {
  type Anonymize,
  anonymizeOption,
  anonymizerOf,
  atLeast,
  dbOption,
  parseRun,
  severityOption,
  wholeNumber,
} from './options.ts';

interface Flags {
  anonymize?: Anonymize;
  db: string;
  limit: number;
  json?: boolean;
  failOn?: string;
}

/** A run by its number in a database; null for that of --db. */
interface RunName {
  readonly db: string | null;
  readonly run: number | 'latest';
}

const ROWS_SHOWN = 20;

const HELP = `
A run is named by its number, by latest, or as
DATABASE#RUN (the latest run where RUN is left out).

Examples:
  xports diff 1 2
  xports diff before.db after.db
  xports diff archive.db#1 latest --fail-on high`;

export function diffCommand(context: Context): Command {
  return new Command('diff')
    .description('compare two runs: new, gone and changed services, hosts and findings')
    .argument('<before>', 'a run', parseRunName)
    .argument('<after>', 'another run', parseRunName)
    .addOption(dbOption())
    .addOption(
      new Option('--limit <n>', 'at most so many rows of each kind, 0 for all')
        .default(ROWS_SHOWN)
        .argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    )
    .option('--json', 'print one JSON document with everything')
    .addOption(anonymizeOption())
    .addOption(
      severityOption('--fail-on <severity>', 'exit with 1 where a finding this severe is new or became so'),
    )
    .addHelpText('after', HELP)
    .action((before: RunName, after: RunName, flags: Flags) => run(before, after, flags, context));
}

async function run(before: RunName, after: RunName, flags: Flags, context: Context): Promise<void> {
  const shown = anonymizerOf(flags.anonymize);
  const content = (name: RunName) => contentOfRun(new StoreReader(name.db ?? flags.db, shown), name);
  const difference = differenceOf(content(before), content(after));
  const limit = flags.limit === 0 ? -1 : flags.limit;
  await context.out.write(
    flags.json ? differenceJson(difference) : differenceText(difference, limit, context.look),
  );
  const { failOn } = flags;
  if (failOn === undefined) return;
  const severities = newSeverities(difference, (a, b) => a !== b && atLeast(a, b));
  if (severities.some((severity) => atLeast(severity, failOn))) context.exitCode = EXIT.failOn;
}

function contentOfRun(store: StoreReader, name: RunName): ReturnType<typeof contentOf> {
  try {
    return contentOf(store, name.run === 'latest' ? store.latestRunId() : name.run);
  } finally {
    store.close();
  }
}

function parseRunName(text: string): RunName {
  const [, db, run] = /^(.+)#([^#/\\]*)$/.exec(text) ?? [];
  if (db !== undefined) return { db, run: oneRun(run === '' ? 'latest' : run) };
  if (text === 'latest' || /^\d+$/.test(text)) return { db: null, run: oneRun(text) };
  if (text === '' || text === 'all') throw new InvalidArgumentError(ACCEPTED);
  return { db: text, run: 'latest' };
}

const ACCEPTED = 'Give the number of a run, latest, DATABASE, or DATABASE#RUN.';

function oneRun(text: string): number | 'latest' {
  const run = parseRun(text);
  if (run === 'all') throw new InvalidArgumentError(ACCEPTED);
  return run;
}
