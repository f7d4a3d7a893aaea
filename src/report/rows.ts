// Any list of rows as CSV (RFC 4180), JSON lines, or aligned columns, a line at a time however many there are.

import type { AnyRow } from '../store/rows.ts';
import { printable, shortened } from './text.ts';

export const ROW_FORMATS = ['table', 'csv', 'jsonl'] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];

type Cell = string | number | null | undefined;

/** Lines without their ends; `columns` names what is shown and in which order. */
export function formatRows(
  format: RowFormat,
  columns: readonly string[],
  rows: Iterable<AnyRow>,
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

function* csvLines(columns: readonly string[], rows: Iterable<AnyRow>): IterableIterator<string> {
  yield columns.map(csvField).join(',');
  for (const row of rows) yield columns.map((column) => csvField(row[column])).join(',');
}

function csvField(value: Cell): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function* jsonLines(columns: readonly string[], rows: Iterable<AnyRow>): IterableIterator<string> {
  for (const row of rows) {
    yield JSON.stringify(Object.fromEntries(columns.map((column) => [column, row[column] ?? null])));
  }
}

/** Rows that are looked at to choose the widths. */
const LOOK_AHEAD = 200;
const WIDEST_COLUMN = 60;

function* tableLines(columns: readonly string[], rows: Iterable<AnyRow>): IterableIterator<string> {
  const rest = rows[Symbol.iterator]();
  const first: AnyRow[] = [];
  let next = rest.next();
  while (!next.done && first.length < LOOK_AHEAD) {
    first.push(next.value);
    next = rest.next();
  }
  const numeric = columns.map((column) => first.some((row) => typeof row[column] === 'number'));
  const widths = columns.map((column) =>
    Math.min(WIDEST_COLUMN, Math.max(column.length, ...first.map((row) => cellText(row[column]).length))),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => {
        const text = shortened(cell, Math.max(widths[i], WIDEST_COLUMN));
        return numeric[i] ? text.padStart(widths[i]) : text.padEnd(widths[i]);
      })
      .join('  ')
      .trimEnd();
  const body = (row: AnyRow) => line(columns.map((column) => cellText(row[column])));
  yield line(columns);
  yield widths.map((width) => '─'.repeat(width)).join('  ');
  for (const row of first) yield body(row);
  for (; !next.done; next = rest.next()) yield body(next.value);
}

function cellText(value: Cell): string {
  return value === null || value === undefined ? '-' : printable(String(value));
}
