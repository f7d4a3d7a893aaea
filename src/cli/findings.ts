// xports findings: every finding of a run, in words or as rows.

import { Command, Option } from 'commander';
import { explained } from '../report/findings.ts';
import { cellsOf, formatRows, lineEnd, ROW_FORMATS, type RowFormat } from '../report/rows.ts';
import type { AnyRow, FindingViewRow } from '../store/rows.ts';
import { type Context, fitOf } from './context.ts';
import {
  type Anonymize,
  anonymizeOption,
  atLeast,
  chosenRun,
  dbOption,
  type RunArgument,
  readerOf,
  runOption,
  severityOption,
  wholeNumber,
} from './options.ts';

interface Flags {
  anonymize?: Anonymize;
  db: string;
  run: RunArgument;
  severity?: string;
  format: 'text' | RowFormat;
  limit: number;
}

const TABLE_COLUMNS = [
  'severity',
  'kind',
  'transport',
  'port',
  'responder',
  'initiator',
  'initiators',
  'flows',
  'outcome',
  'status',
];
const ALL_COLUMNS = [
  'run_id',
  'finding_id',
  'kind',
  'severity',
  'status',
  'transport',
  'port',
  'responder',
  'initiator',
  'initiators',
  'flows',
  'packets',
  'bytes',
  'outcome',
  'first_seen_us',
  'last_seen_us',
  'title',
  'explanation',
  'suggestion',
];

const DROP_FIRST = ['status', 'initiators', 'flows', 'kind', 'outcome', 'transport'];

const HELP = `
Examples:
  xports findings --severity medium
      the high and the medium ones
  xports findings --run all --format csv > findings.csv`;

export function findingsCommand(context: Context): Command {
  return new Command('findings')
    .description('list findings, the worst first')
    .addOption(dbOption())
    .addOption(runOption())
    .addOption(anonymizeOption())
    .addOption(severityOption('--severity <severity>', 'only this severe or worse'))
    .addOption(
      new Option('--format <format>', 'in words, or as rows')
        .choices(['text', ...ROW_FORMATS])
        .default('text'),
    )
    .addOption(
      new Option('--limit <n>', 'at most so many, 0 for all')
        .default(0)
        .argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    )
    .addHelpText('after', HELP)
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  const store = readerOf(flags);
  try {
    const { severity } = flags;
    const found = store
      .findings(chosenRun(store, flags.run))
      .filter((row) => severity === undefined || atLeast(row.severity, severity));
    const rows = flags.limit === 0 ? found : found.slice(0, flags.limit);
    if (flags.format === 'text') {
      const text = rows.length === 0 ? ['no findings'] : explained(rows, context.look);
      await context.out.writeLines([text.join('\n\n')]);
    } else {
      const columns = flags.format === 'table' ? TABLE_COLUMNS : ALL_COLUMNS;
      await context.out.writeLines(
        formatRows(flags.format, columns, cellsOf(columns, rows.map(anyRow)), fitOf(context, DROP_FIRST)),
        lineEnd(flags.format),
      );
    }
  } finally {
    store.close();
  }
}

function anyRow(row: FindingViewRow): AnyRow {
  return { ...row };
}
