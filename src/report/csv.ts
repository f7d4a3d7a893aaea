// One row as CSV (RFC 4180) that a spreadsheet takes for text and a terminal for harmless.

import type { Cell } from '../store/rows.ts';

/**
 * Control characters, and backslashes that would be taken for the beginning of one that was written out: both become
 * `\xNN`, so that reading `\xNN` as a character again brings the text back.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to catch
const WRITTEN_OUT = /[\u0000-\u001f\u007f-\u009f]|\\(?=x[0-9a-f]{2})/g;

/**
 * Where a spreadsheet may see a formula begin: = + - @ and their wide forms, at the start or, for those who open the
 * file with semicolons between cells, behind one; quotes and spaces in front help nobody. An apostrophe there says text.
 * (OWASP, "CSV Injection"; tab, CR and LF are written out already.)
 */
const FORMULA = /(^|;)(?=["' ]*[=+\-@\uff1d\uff0b\uff0d\uff20])/g;

export function csvLine(cells: readonly Cell[]): string {
  return cells.map(csvField).join(',');
}

function csvField(value: Cell): string {
  if (value === null) return '';
  // Whole numbers, which no spreadsheet computes.
  if (typeof value === 'number') return String(value);
  const text = value
    .replace(WRITTEN_OUT, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .replace(FORMULA, "$1'");
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
