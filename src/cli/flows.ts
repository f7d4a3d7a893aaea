// xports flows: the flows behind a report, filtered, as a table, CSV or JSON lines.

import { Command, Option } from 'commander';
import { formatRows, lineEnd, ROW_FORMATS, type RowFormat } from '../report/rows.ts';
import type { Cell, FlowFilter } from '../store/rows.ts';
import { type Context, fitOf } from './context.ts';
import {
  type Anonymize,
  anonymizeOption,
  checkService,
  chosenRun,
  dbOption,
  parseAddress,
  parseService,
  parseTransport,
  type RunArgument,
  readerOf,
  runOption,
  verdictOption,
  wholeNumber,
} from './options.ts';

interface Flags extends FlowFilter {
  anonymize?: Anonymize;
  db: string;
  run: RunArgument;
  format: RowFormat;
  limit?: number;
}

/** A table is for looking; the other formats have every flow and every column. */
const TABLE_LIMIT = 100;
const TABLE_COLUMNS = [
  'flow_id',
  'first_seen_us',
  'transport',
  'initiator',
  'initiator_port',
  'responder',
  'responder_port',
  'service',
  'verdict',
  'state',
  'packets_out',
  'packets_back',
  'bytes_out',
  'bytes_back',
];

const DROP_FIRST = [
  'initiator_port',
  'bytes_back',
  'bytes_out',
  'packets_back',
  'packets_out',
  'flow_id',
  'first_seen',
  'state',
  'transport',
  'service',
];

const HELP = `
Examples:
  xports flows --verdict unexpected
  xports flows --address 10.10.0.0/24 --port 445 --limit 0
  xports flows --run all --format jsonl > flows.jsonl`;

export function flowsCommand(context: Context): Command {
  return new Command('flows')
    .description('list flows')
    .addOption(dbOption())
    .addOption(runOption())
    .addOption(anonymizeOption())
    .addOption(new Option('--service <name>', 'only this service, or unlisted').argParser(parseService))
    .addOption(verdictOption())
    .addOption(
      new Option('--address <address>', 'either side is this address or in this block').argParser(
        parseAddress,
      ),
    )
    .addOption(new Option('--port <port>', "the responder's port").argParser(wholeNumber(0, 65_535)))
    .addOption(new Option('--transport <name>', 'tcp, udp, ...').argParser(parseTransport))
    .addOption(new Option('--format <format>', 'how to print them').choices(ROW_FORMATS).default('table'))
    .addOption(
      new Option('--limit <n>', `at most so many, 0 for all (tables: ${TABLE_LIMIT} unless given)`).argParser(
        wholeNumber(0, Number.MAX_SAFE_INTEGER),
      ),
    )
    .addHelpText('after', HELP)
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  checkService(flags.db, flags.service);
  const store = readerOf(flags);
  try {
    const choice = chosenRun(store, flags.run);
    const asked = flags.limit ?? (flags.format === 'table' ? TABLE_LIMIT : 0);
    const limit = asked === 0 ? -1 : asked;
    const { format } = flags;
    if (format !== 'table') {
      const columns = store.flowColumns();
      const rows = store.flows(choice, flags, columns, limit);
      await context.out.writeLines(formatRows(format, columns, rows), lineEnd(format));
      return;
    }
    const columns = choice === 'all' ? ['run_id', ...TABLE_COLUMNS] : TABLE_COLUMNS;
    const rows = withTimes(store.flows(choice, flags, columns, limit), columns.indexOf('first_seen_us'));
    const shown = columns.map((column) => (column === 'first_seen_us' ? 'first_seen' : column));
    await context.out.writeLines(formatRows(format, shown, rows, fitOf(context, DROP_FIRST)));
    if (flags.limit === undefined) {
      const total = store.countFlows(choice, flags);
      if (total > TABLE_LIMIT) {
        await context.out.flush();
        context.say(`xports: ${TABLE_LIMIT} of ${total} flows; --limit 0 prints all`);
      }
    }
  } finally {
    store.close();
  }
}

/** A table shows when a flow began as a date, in UTC. */
function* withTimes(rows: Iterable<Cell[]>, at: number): IterableIterator<Cell[]> {
  for (const row of rows) {
    const date = new Date(Number(row[at]) / 1000).toISOString();
    row[at] = date.replace('T', ' ').replace('Z', '');
    yield row;
  }
}
