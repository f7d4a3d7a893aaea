// xports export: a table or view, whole, as a file for other programs; or all of them into a directory.

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, Option } from 'commander';
import { EXIT, reasonOf, XportsError } from '../base/errors.ts';
import {
  EXPORT_FORMATS,
  type ExportFormat,
  type ExportRequest,
  exportChunks,
  ZEEK_TABLE,
} from '../report/export/index.ts';
import { TABLE_NAMES } from '../store/tables.ts';
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
import { packageVersion } from './version.ts';

interface Flags {
  db: string;
  run: RunArgument;
  format: ExportFormat;
  output?: string;
  anonymize?: Anonymize;
}

const HELP = `
Without a table, --output is a directory that gets a file for each. zeek is the conn.log of flow_records.

Examples:
  xports export findings > findings.csv
  xports export --run all --format parquet --output tables/
  xports export --format zeek > conn.log`;

export function exportCommand(context: Context): Command {
  return new Command('export')
    .description('write a whole table of the database for other programs: CSV, JSON lines, Parquet, Zeek')
    .addArgument(new Argument('[table]', 'a table or view').choices(TABLE_NAMES))
    .addOption(dbOption())
    .addOption(runOption())
    .addOption(new Option('--format <format>', 'in what form').choices(EXPORT_FORMATS).default('csv'))
    .option('-o, --output <path>', 'write there, over what is there, and not to standard output')
    .addOption(anonymizeOption())
    .addHelpText('after', HELP)
    .action((table: string | undefined, flags: Flags) => run(table, flags, context));
}

async function run(asked: string | undefined, flags: Flags, context: Context): Promise<void> {
  const { format, output } = flags;
  const table = asked ?? (format === 'zeek' ? ZEEK_TABLE : undefined);
  checkRequest(table, flags, context);
  const store = readerOf(flags);
  try {
    const choice = chosenRun(store, flags.run);
    const request = (name: string): ExportRequest => ({
      table: name,
      format,
      run: choice,
      version: packageVersion(),
    });
    if (output === undefined) {
      if (table !== undefined) await context.out.writeChunks(exportChunks(store, request(table)));
    } else if (table !== undefined) {
      writeFile(output, exportChunks(store, request(table)));
    } else {
      makeDirectory(output);
      // Of one moment, so that what is in one file is in the others too.
      store.snapshot(() => {
        for (const name of TABLE_NAMES) {
          writeFile(join(output, `${name}.${format}`), exportChunks(store, request(name)));
        }
      });
    }
  } finally {
    store.close();
  }
}

function checkRequest(table: string | undefined, { format, output }: Flags, context: Context): void {
  if (format === 'zeek' && table !== ZEEK_TABLE) {
    throw new XportsError(
      'usage',
      EXIT.usage,
      `zeek has no log for ${table}`,
      `leave it out: ${ZEEK_TABLE} is meant`,
    );
  }
  if (table === undefined && output === undefined) {
    const hint = `name one of ${TABLE_NAMES.join(', ')}, or a directory with --output`;
    throw new XportsError('usage', EXIT.usage, 'which table is to be written?', hint);
  }
  if (format === 'parquet' && output === undefined && context.out.isTerminal) {
    throw new XportsError('usage', EXIT.usage, 'Parquet is not for a terminal', 'name a file with --output');
  }
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

const BUFFER_CHARACTERS = 256 * 1024;

function writeFile(path: string, chunks: Iterable<string | Uint8Array>): void {
  const guarded = <T>(call: () => T): T => {
    try {
      return call();
    } catch (error) {
      throw cannotWrite(path, error);
    }
  };
  const file = guarded(() => openSync(path, 'w'));
  const write = (part: string | Uint8Array) => {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    for (let at = 0; at < bytes.length; ) at += guarded(() => writeSync(file, bytes, at));
  };
  try {
    let text = '';
    for (const chunk of chunks) {
      if (typeof chunk !== 'string') {
        write(chunk);
        continue;
      }
      text += chunk;
      if (text.length < BUFFER_CHARACTERS) continue;
      write(text);
      text = '';
    }
    write(text);
  } finally {
    closeSync(file);
  }
}

function cannotWrite(path: string, error: unknown): XportsError {
  return new XportsError('output', EXIT.output, `${path} cannot be written: ${reasonOf(error)}`);
}
