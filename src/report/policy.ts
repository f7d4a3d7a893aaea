// What became of the policy's exceptions: in use, never used, expired.

import { printable } from '../base/text.ts';
import type { ExceptionRow } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { byteSize, counted } from './format.ts';
import type { Style } from './style.ts';
import { paragraph } from './text.ts';

const INDENT = '    ';

export function policySection(store: StoreReader, runId: number, look: Style): string {
  const exceptions = store.exceptions(runId);
  if (exceptions.length === 0) return '';
  const of = (status: string) => exceptions.filter((row) => row.status === status);
  const groups: readonly (readonly [string, readonly ExceptionRow[]])[] = [
    [look.good('in use'), of('used')],
    [look.warn('never used: take them out if nothing needs them'), of('unused')],
    [look.bad('expired, and not applied from that day on'), of('expired')],
  ];
  const blocks = groups
    .filter(([, rows]) => rows.length > 0)
    .map(([heading, rows]) => [`  ${heading}`, ...rows.map((row) => exceptionLine(row, look))].join('\n'));
  return [look.heading('Exceptions of the policy'), ...blocks].join('\n');
}

function exceptionLine(row: ExceptionRow, look: Style): string {
  const until = row.expires === null ? '' : `, until ${row.expires}`;
  const amount =
    row.flows === 0
      ? ''
      : `: ${counted(row.flows, 'flow')}, ${counted(row.packets, 'packet')}, ${byteSize(row.bytes)}`;
  const text = `line ${row.line}, ${row.matches}${until}${amount} (${printable(row.reason)})`;
  return paragraph(text, look.width, INDENT);
}
