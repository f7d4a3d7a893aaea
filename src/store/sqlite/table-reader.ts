// Whole tables and views, row by row, by the names others may use: whatever stands before those names is read.

import type { Cell, RunChoice } from '../rows.ts';
import type { PublicTable } from '../tables.ts';
import type { StoreReader } from './reader.ts';

/** The rows of a run, or of all, as the cells of the table's columns; one statement, so of one moment. */
export function tableRows(
  store: StoreReader,
  table: PublicTable,
  run: RunChoice,
): IterableIterator<readonly Cell[]> {
  const columns = table.columns.map(({ name }) => name).join(', ');
  const where = run === 'all' ? '' : `WHERE ${table.runColumn} = @run`;
  const order = table.order === null ? '' : `ORDER BY ${table.order}`;
  return store.cells(`SELECT ${columns} FROM ${table.name} ${where} ${order}`, run === 'all' ? {} : { run });
}
