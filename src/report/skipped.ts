// Packets that belong to no flow, by the reason.

import { printable } from '../base/text.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { byteSize, counted, grouped } from './format.ts';
import type { Style } from './style.ts';

const SHOWN = 12;

export function skippedSection(store: StoreReader, runId: number, look: Style): string {
  const rows = store.skipped(runId);
  if (rows.length === 0) return '';
  const shown = rows.slice(0, SHOWN);
  const width = Math.max(...shown.map((row) => row.reason.length));
  const digits = Math.max(...shown.map((row) => grouped(row.packets).length));
  const lines = shown.map((row) => {
    const packets = grouped(row.packets).padStart(digits);
    const noun = row.packets === 1 ? 'packet ' : 'packets';
    return `  ${printable(row.reason).padEnd(width)}  ${packets} ${noun}  ${look.faint(byteSize(row.bytes))}`;
  });
  const total = rows.reduce((sum, row) => sum + row.packets, 0);
  if (rows.length > SHOWN)
    lines.push(look.faint(`  and ${rows.length - SHOWN} more reasons (--json names them)`));
  const heading = `${look.heading('Skipped')}  ${counted(total, 'packet')} in no flow: no IP, or not to be read`;
  return [heading, ...lines].join('\n');
}
