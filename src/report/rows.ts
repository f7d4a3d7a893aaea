// Any list of rows as CSV (RFC 4180), JSON lines, or aligned columns, a line at a time however many there are.

import { jsonText, printable, printableField } from '../base/text.ts';
import type { AnyRow, Cell } from '../store/rows.ts';
import { shortened } from './text.ts';

export const ROW_FORMATS = ['table', 'csv', 'jsonl'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

type Row = readonly Cell[];

/** Rows as the cells of `columns`. */
export function cellsOf(columns: readonly string[], rows: readonly AnyRow[]): Row[] {
  return rows.map((row) => columns.map((column) => row[column] ?? null));
}

/** Lines without their ends; `columns` names the cells of each row. */
export function formatRows(
  format: RowFormat,
  columns: readonly string[],
  rows: Iterable<Row>,
): IterableIterator<string> {
  switch (format) {
    case 'csv':
      return csvLines(columns, rows);
    case 'jsonl':
      return jsonLines(columns, rows);
    default:
      return tableLines(columns, rows);
  }
}

/** What ends a line: CSV wants both characters. */
export function lineEnd(format: RowFormat): string {
  return format === 'csv' ? '\r\n' : '\n';
}

function* csvLines(columns: readonly string[], rows: Iterable<Row>): IterableIterator<string> {
  yield columns.map(csvField).join(',');
  for (const row of rows) yield row.map(csvField).join(',');
}

function csvField(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = printableField(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function* jsonLines(columns: readonly string[], rows: Iterable<Row>): IterableIterator<string> {
  for (const row of rows) {
    yield jsonText(Object.fromEntries(columns.map((column, i) => [column, row[i]])));
  }
}

/** Rows that are looked at to choose the widths. */
const LOOK_AHEAD = 200;
const WIDEST_COLUMN = 80;

function* tableLines(columns: readonly string[], rows: Iterable<Row>): IterableIterator<string> {
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
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const text = shortened(cell, Math.max(widths[i], WIDEST_COLUMN));
        return numeric[i] ? text.padStart(widths[i]) : text.padEnd(widths[i]);
      })
      .join('  ')
      .trimEnd();
  const body = (row: Row) => line(row.map(cellText));
  yield line(columns);
  yield widths.map((width) => '─'.repeat(width)).join('  ');
  for (const row of first) yield body(row);
  for (; !next.done; next = rest.next()) yield body(next.value);
}

function cellText(value: Cell): string {
  return value === null ? '-' : printable(String(value));
}
