// xports runs: what is in the database, and how to make it smaller.

import { Command, Option } from 'commander';
import { cellsOf, formatRows, lineEnd, ROW_FORMATS, type RowFormat } from '../report/rows.ts';
import type { AnyRow } from '../store/rows.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import { deleteRun, vacuum } from '../store/sqlite/runs.ts';
import { type Context, fitOf } from './context.ts';
import { dbOption, wholeNumber } from './options.ts';

interface Flags {
  db: string;
  format: RowFormat;
}

const TABLE_COLUMNS = ['id', 'status', 'started', 'packets', 'bytes', 'source'];
const ALL_COLUMNS = [
  'id',
  'run_uid',
  'sensor',
  'source',
  'source_kind',
  'status',
  'started_at_us',
  'finished_at_us',
  'heartbeat_us',
  'first_packet_us',
  'last_packet_us',
  'packets',
  'bytes',
  'packets_out_of_order',
  'kernel_dropped',
  'interface_dropped',
  'profile',
  'policy',
  'options',
  'version',
  'message',
];

const DROP_FIRST = ['bytes', 'status', 'packets', 'started'];

const HELP = `
Examples:
  xports runs
  xports runs delete 1 && xports runs vacuum`;

const LIST_HELP = `
Examples:
  xports runs list --format csv > runs.csv`;

const DELETE_HELP = `
Examples:
  xports runs delete 1`;

const VACUUM_HELP = `
Examples:
  xports runs vacuum --db xports.db`;

export function runsCommand(context: Context): Command {
  const list = new Command('list')
    .description('list the runs of a database')
    .addOption(dbOption())
    .addOption(new Option('--format <format>', 'how to print them').choices(ROW_FORMATS).default('table'))
    .addHelpText('after', LIST_HELP)
    .action((flags: Flags) => listRuns(flags, context));
  const remove = new Command('delete')
    .description('delete a run and everything that belongs to it')
    .argument('<id>', 'the number of the run', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .addOption(dbOption())
    .addHelpText('after', DELETE_HELP)
    .action((id: number, flags: Flags) => deleteRun(flags.db, id));
  const shrink = new Command('vacuum')
    .description('give the space of what was deleted back to the system')
    .addOption(dbOption())
    .addHelpText('after', VACUUM_HELP)
    .action((flags: Flags) => vacuum(flags.db));
  return new Command('runs')
    .description('list runs, delete one, or shrink the database')
    .addCommand(list, { isDefault: true })
    .addCommand(remove)
    .addCommand(shrink)
    .addHelpText('after', HELP);
}

async function listRuns(flags: Flags, context: Context): Promise<void> {
  const store = new StoreReader(flags.db);
  try {
    const rows = store.runs().map((row): AnyRow => {
      const started = new Date(row.started_at_us / 1000).toISOString().slice(0, 19).replace('T', ' ');
      return { ...row, started };
    });
    const columns = flags.format === 'table' ? TABLE_COLUMNS : ALL_COLUMNS;
    await context.out.writeLines(
      formatRows(flags.format, columns, cellsOf(columns, rows), fitOf(context, DROP_FIRST)),
      lineEnd(flags.format),
    );
  } finally {
    store.close();
  }
}
