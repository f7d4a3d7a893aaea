// xports report: the report of a run again, from the database.

import { Command } from 'commander';
import { jsonReport } from '../report/json.ts';
import { terminalReport } from '../report/terminal.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import type { Context } from './context.ts';
import { chosenRun, dbOption, type RunArgument, runOption } from './options.ts';

interface Flags {
  db: string;
  run: RunArgument;
  json?: boolean;
}

const HELP = `
Examples:
  xports report
  xports report --run 1 --json > run1.json`;

export function reportCommand(context: Context): Command {
  return new Command('report')
    .description('print the report of a run')
    .addOption(dbOption())
    .addOption(runOption())
    .option('--json', 'print it as JSON: one document a run')
    .addHelpText('after', HELP)
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  const store = new StoreReader(flags.db);
  try {
    const choice = chosenRun(store, flags.run);
    const ids = choice === 'all' ? store.runs().map((row) => row.id) : [choice];
    for (const [i, id] of ids.entries()) {
      if (context.out.closed) return;
      if (flags.json) await context.out.write(jsonReport(store, id));
      else await context.out.write(`${i === 0 ? '' : '\n'}${terminalReport(store, id, context.look)}`);
    }
  } finally {
    store.close();
  }
}
