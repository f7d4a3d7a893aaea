// Any list of rows as CSV (RFC 4180), JSON lines, or aligned columns, a line at a time however many there are.

import { jsonText, printable } from '../base/text.ts';
import type { AnyRow, Cell } from '../store/rows.ts';
import { csvLine } from './csv.ts';
import { shortened, wrap } from './text.ts';

export const ROW_FORMATS = ['table', 'csv', 'jsonl'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

type Row = readonly Cell[];

/** Rows as the cells of `columns`. */
export function cellsOf(columns: readonly string[], rows: readonly AnyRow[]): Row[] {
  return rows.map((row) => columns.map((column) => row[column] ?? null));
}

/** A screen that a table has to fit on. */
export interface Fit {
  readonly columns: number;
  /** Columns to do without, the first to go first; where all of them are not enough, the last column is cut. */
  readonly dropFirst: readonly string[];
  /** The option that shows everything. */
  readonly otherwise: string;
}

/** Lines without their ends; `columns` names the cells of each row. `fit` is for tables on a screen. */
export function formatRows(
  format: RowFormat,
  columns: readonly string[],
  rows: Iterable<Row>,
  fit: Fit | null = null,
): IterableIterator<string> {
  switch (format) {
    case 'csv':
      return csvLines(columns, rows);
    case 'jsonl':
      return jsonLines(columns, rows);
    default:
      return tableLines(columns, rows, fit);
  }
}

/** What ends a line: CSV wants both characters. */
export function lineEnd(format: RowFormat): string {
  return format === 'csv' ? '\r\n' : '\n';
}

function* csvLines(columns: readonly string[], rows: Iterable<Row>): IterableIterator<string> {
  yield csvLine(columns);
  for (const row of rows) yield csvLine(row);
}

function* jsonLines(columns: readonly string[], rows: Iterable<Row>): IterableIterator<string> {
  for (const row of rows) {
    yield jsonText(Object.fromEntries(columns.map((column, i) => [column, row[i]])));
  }
}

/** Rows that are looked at to choose the widths. */
const LOOK_AHEAD = 200;
const WIDEST_COLUMN = 80;
const NARROWEST_COLUMN = 8;

function* tableLines(
  columns: readonly string[],
  rows: Iterable<Row>,
  fit: Fit | null,
): IterableIterator<string> {
  const rest = rows[Symbol.iterator]();
  const first: Row[] = [];
  let next = rest.next();
  while (!next.done && first.length < LOOK_AHEAD) {
    first.push(next.value);
    next = rest.next();
  }
  const numeric = columns.map((_, i) => first.some((row) => typeof row[i] === 'number'));
  const widths = columns.map((column, i) =>
    Math.min(WIDEST_COLUMN, Math.max(column.length, ...first.map((row) => cellText(row[i]).length))),
  );
  const shown = fit === null ? columns.map((_, i) => i) : shownIndexes(columns, widths, fit);
  const line = (cells: readonly string[]) =>
    shown
      .map((i) => {
        const text = shortened(cells[i], fit === null ? Math.max(widths[i], WIDEST_COLUMN) : widths[i]);
        return numeric[i] ? text.padStart(widths[i]) : text.padEnd(widths[i]);
      })
      .join('  ')
      .trimEnd();
  const body = (row: Row) => line(row.map(cellText));
  yield line(columns);
  yield shown.map((i) => '─'.repeat(widths[i])).join('  ');
  for (const row of first) yield body(row);
  for (; !next.done; next = rest.next()) yield body(next.value);
  if (shown.length === columns.length) return;
  const left = columns.filter((_, i) => !shown.includes(i)).join(', ');
  yield* wrap(`no room on this screen for ${left}: ${fit?.otherwise} has all`, fit?.columns ?? WIDEST_COLUMN);
}

/** Which columns are shown; the width of the last of them is made to fit. */
function shownIndexes(columns: readonly string[], widths: number[], fit: Fit): number[] {
  let shown = columns.map((_, i) => i);
  const taken = () => shown.reduce((sum, i) => sum + widths[i] + 2, -2);
  for (const name of fit.dropFirst) {
    if (taken() <= fit.columns) break;
    shown = shown.filter((i) => columns[i] !== name);
  }
  const last = shown[shown.length - 1];
  widths[last] = Math.max(NARROWEST_COLUMN, widths[last] - Math.max(0, taken() - fit.columns));
  return shown;
}

function cellText(value: Cell): string {
  return value === null ? '-' : printable(String(value));
}
