// A table or view as a file for other programs. Addresses are what the store says they are: it is the one place where
// they become text.

import type { RunChoice } from '../../store/rows.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import { tableRows } from '../../store/sqlite/table-reader.ts';
import { publicTable } from '../../store/tables.ts';
import { formatRows, lineEnd } from '../rows.ts';
import { parquetChunks } from './parquet.ts';
import { zeekLines } from './zeek.ts';

export const EXPORT_FORMATS = ['csv', 'jsonl', 'parquet', 'zeek'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The table that Zeek's conn.log is made of. */
export const ZEEK_TABLE = 'flow_records';

export interface ExportRequest {
  readonly table: string;
  readonly format: ExportFormat;
  readonly run: RunChoice;
  /** The program's version, for the file to say who wrote it. */
  readonly version: string;
}

/** The file in parts, text or bytes, read from the database as they are taken. */
export function exportChunks(store: StoreReader, request: ExportRequest): Iterable<string | Uint8Array> {
  const { format, run, version } = request;
  const table = publicTable(request.table);
  switch (format) {
    case 'parquet':
      return parquetChunks(table, tableRows(store, table, run), `xports version ${version}`);
    case 'zeek': {
      const runs = run === 'all' ? store.runs() : [store.run(run)];
      const uids = new Map(runs.map((row) => [row.id, row.run_uid]));
      return withEnds(zeekLines(table, tableRows(store, table, run), uids, Date.now()), '\n');
    }
    default: {
      const columns = table.columns.map(({ name }) => name);
      return withEnds(formatRows(format, columns, tableRows(store, table, run)), lineEnd(format));
    }
  }
}

function* withEnds(lines: Iterable<string>, end: string): IterableIterator<string> {
  for (const line of lines) yield line + end;
}
