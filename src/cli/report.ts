// xports report: the report of a run again, from the database.

import { Command, Option } from 'commander';
import { jsonReport } from '../report/json.ts';
import { markdownReport } from '../report/markdown.ts';
import { terminalReport } from '../report/terminal.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import type { Context } from './context.ts';
import { chosenRun, dbOption, type RunArgument, runOption } from './options.ts';

interface Flags {
  db: string;
  run: RunArgument;
  json?: boolean;
  markdown?: boolean;
}

const HELP = `
Examples:
  xports report
  xports report --run 3 --json > run3.json
  xports report --markdown                 short, to paste into a ticket`;

export function reportCommand(context: Context): Command {
  return new Command('report')
    .description('print the report of a run')
    .addOption(dbOption())
    .addOption(runOption())
    .option('--json', 'print it as JSON: one document a run')
    .addOption(new Option('--markdown', 'print a short summary in Markdown, for a ticket').conflicts('json'))
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
      else {
        const text = flags.markdown ? markdownReport(store, id) : terminalReport(store, id, context.look);
        await context.out.write(`${i === 0 ? '' : '\n'}${text}`);
      }
    }
  } finally {
    store.close();
  }
}
