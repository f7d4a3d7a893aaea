// Compares rows of a table with what is expected of some of their columns, and says what differs.
import type { Expected, ExpectedRow } from '../../fixtures/model.ts';
import type { Row } from './analyze.ts';

/** What is wrong, a line for each; nothing if all is well. */
export function compareOrdered(
  table: string,
  expected: readonly ExpectedRow[],
  actual: readonly Row[],
): string[] {
  const problems = countProblems(table, expected, actual);
  for (let i = 0; i < Math.min(expected.length, actual.length); i++) {
    for (const difference of differences(expected[i]!, actual[i]!))
      problems.push(`${table} ${i + 1}: ${difference}`);
  }
  return withRows(problems, table, expected, actual);
}

/** Each expected row takes the row that fits it best, whatever the order. */
export function compareAnyOrder(
  table: string,
  expected: readonly ExpectedRow[],
  actual: readonly Row[],
): string[] {
  const problems = countProblems(table, expected, actual);
  const left = [...actual];
  const inexact: ExpectedRow[] = [];
  for (const row of expected) {
    const at = left.findIndex((candidate) => differences(row, candidate).length === 0);
    if (at < 0) inexact.push(row);
    else left.splice(at, 1);
  }
  for (const row of inexact) {
    const [nearest] = [...left].sort((a, b) => differences(row, a).length - differences(row, b).length);
    if (!nearest) {
      problems.push(`${table}: no row for ${JSON.stringify(row)}`);
      continue;
    }
    left.splice(left.indexOf(nearest), 1);
    problems.push(`${table}, nearest to ${JSON.stringify(row)}: ${differences(row, nearest).join('; ')}`);
  }
  return withRows(problems, table, expected, actual);
}

function countProblems(table: string, expected: readonly ExpectedRow[], actual: readonly Row[]): string[] {
  return expected.length === actual.length
    ? []
    : [`${table}: expected ${expected.length} rows, found ${actual.length}`];
}

function differences(expected: ExpectedRow, actual: Row): string[] {
  return Object.entries(expected)
    .filter(([column, value]) => !fits(value, actual[column]))
    .map(([column, value]) => `${column} should be ${show(value)}, is ${JSON.stringify(actual[column])}`);
}

function fits(expected: Expected, actual: string | number | null | undefined): boolean {
  if (expected === null || typeof expected !== 'object') return actual === expected;
  if ('present' in expected) return actual !== null && actual !== undefined && actual !== '';
  return typeof actual === 'string' && actual.includes(expected.contains);
}

function show(expected: Expected): string {
  if (expected === null || typeof expected !== 'object') return JSON.stringify(expected);
  return 'present' in expected ? 'present' : `a text with ${JSON.stringify(expected.contains)}`;
}

/** The rows themselves, in the columns that were asked for, once something is wrong. */
function withRows(
  problems: string[],
  table: string,
  expected: readonly ExpectedRow[],
  actual: readonly Row[],
): string[] {
  if (problems.length === 0 || actual.length === 0) return problems;
  const columns = [
    ...new Set(['kind', 'severity', 'port', 'responder', ...expected.flatMap((row) => Object.keys(row))]),
  ];
  const lines = actual
    .slice(0, 30)
    .map((row) =>
      JSON.stringify(Object.fromEntries(columns.filter((c) => c in row).map((c) => [c, row[c]]))),
    );
  return [...problems, `found in ${table}:`, ...lines.map((line) => `  ${line}`)];
}
