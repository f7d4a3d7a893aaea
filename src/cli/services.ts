// xports services: the catalog, or with --run what a run saw of each service.

import { Command, Option } from 'commander';
import { jsonText } from '../base/text.ts';
import { cellsOf, formatRows, lineEnd, ROW_FORMATS, type RowFormat } from '../report/rows.ts';
import { ALLOW_LIST } from '../service/allow-list.ts';
import type { AnyRow } from '../store/rows.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import { type Context, fitOf } from './context.ts';
import { chosenRun, dbOption, parseRun, type RunArgument } from './options.ts';

interface Flags {
  db: string;
  run?: RunArgument;
  format: RowFormat;
  json?: boolean;
}

const CATALOG_COLUMNS = ['id', 'transport', 'port', 'lists', 'label'];
const COUNT_COLUMNS = [
  'run_id',
  'service',
  'transport',
  'port',
  'verdict',
  'flows',
  'packets',
  'bytes',
  'initiators',
  'responders',
];
const TIME_COLUMNS = ['first_seen_us', 'last_seen_us'];

const DROP_FIRST = ['run_id', 'responders', 'initiators', 'packets', 'flows', 'lists'];

const HELP = `
Examples:
  xports services
      the allow-list
  xports services --run latest --format csv
      what the last run saw of each service`;

export function servicesCommand(context: Context): Command {
  return new Command('services')
    .description('list the services that are known, or with --run what a run saw of them')
    .addOption(dbOption())
    .addOption(new Option('--run <id>', 'a run by its number, latest, or all').argParser(parseRun))
    .addOption(new Option('--format <format>', 'how to print them').choices(ROW_FORMATS).default('table'))
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  const { rows, columns } = flags.run === undefined ? catalog(flags) : counts(flags, flags.run);
  if (flags.json) {
    const chosen = rows.map((row) => Object.fromEntries(columns.map((column) => [column, row[column]])));
    await context.out.write(`${jsonText(chosen, 2)}\n`);
    return;
  }
  await context.out.writeLines(
    formatRows(flags.format, columns, cellsOf(columns, rows), fitOf(context, DROP_FIRST)),
    lineEnd(flags.format),
  );
}

interface Listing {
  readonly rows: readonly AnyRow[];
  readonly columns: readonly string[];
}

function catalog(flags: Flags): Listing {
  const rows = ALLOW_LIST.map((row) => ({
    id: row.id,
    label: row.label,
    transport: row.transport,
    port: row.lastPort === undefined ? String(row.port) : `${row.port}-${row.lastPort}`,
    lists: row.lists,
    note: row.note,
  }));
  // Notes are sentences: too long for a table.
  const whole = flags.json === true || flags.format !== 'table';
  return { rows, columns: whole ? [...CATALOG_COLUMNS, 'note'] : CATALOG_COLUMNS };
}

function counts(flags: Flags, run: RunArgument): Listing {
  const store = new StoreReader(flags.db);
  try {
    const rows = store.serviceCounts(chosenRun(store, run)).map((row) => ({ ...row }));
    const whole = flags.json === true || flags.format !== 'table';
    return { rows, columns: whole ? [...COUNT_COLUMNS, ...TIME_COLUMNS] : COUNT_COLUMNS };
  } finally {
    store.close();
  }
}
