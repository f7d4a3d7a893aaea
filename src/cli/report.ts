// xports report: the report of a run again, from the database, for the screen, for programs, or as a page.

import { writeFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { EXIT, reasonOf, XportsError } from '../base/errors.ts';
import { pageDocument } from '../report/html/document.ts';
import { pageModel } from '../report/html/gather.ts';
import { jsonReport } from '../report/json.ts';
import { markdownReport } from '../report/markdown.ts';
import { terminalReport } from '../report/terminal.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import type { Context } from './context.ts';
import {
  type Anonymize,
  anonymizeOption,
  chosenRun,
  dbOption,
  type RunArgument,
  readerOf,
  runOption,
} from './options.ts';
import { pageRequest } from './page-request.ts';

interface Flags {
  db: string;
  run: RunArgument;
  json?: boolean;
  markdown?: boolean;
  html?: string;
  anonymize?: Anonymize;
}

const HELP = `
Examples:
  xports report --run 1 --json > run1.json
  xports report --markdown
      short, to paste into a ticket
  xports report --html shared.html --anonymize
      a page that others may see`;

export function reportCommand(context: Context): Command {
  return new Command('report')
    .description('print the report of a run, or write it as a page')
    .addOption(dbOption())
    .addOption(runOption())
    .option('--json', 'print it as JSON: one document a run')
    .addOption(
      new Option('--markdown', 'print a short summary in Markdown, for a ticket').conflicts(['json', 'html']),
    )
    .addOption(
      new Option(
        '--html <file>',
        'write it as one HTML file that needs nothing else, - for the output',
      ).conflicts('json'),
    )
    .addOption(anonymizeOption())
    .addHelpText('after', HELP)
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  const store = readerOf(flags);
  try {
    const choice = chosenRun(store, flags.run);
    if (flags.html !== undefined) {
      if (choice === 'all') {
        throw new XportsError(
          'usage',
          EXIT.usage,
          'a page is about one run',
          'name it: --run 3, or leave it out',
        );
      }
      return await writePage(store, choice, flags, flags.html, context);
    }
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

async function writePage(
  store: StoreReader,
  runId: number,
  flags: Flags,
  file: string,
  context: Context,
): Promise<void> {
  const model = pageModel(store, runId, pageRequest(store, runId, flags.anonymize !== undefined));
  const { html } = pageDocument(model);
  if (file === '-') return await context.out.write(html);
  try {
    writeFileSync(file, html);
  } catch (error) {
    throw new XportsError('output', EXIT.output, `cannot write ${file}: ${reasonOf(error)}`);
  }
}
