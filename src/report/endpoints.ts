// RPC endpoints that were learned: one line for each server and port.

import { printable } from '../base/text.ts';
import type { EndpointRow } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { counted } from './format.ts';
import type { Style } from './style.ts';
import { paragraph } from './text.ts';

const SHOWN = 12;
const NAMES_SHOWN = 3;
const HOW: Readonly<Record<string, string>> = {
  map: 'the endpoint mapper on 135 named it',
  lookup: 'the endpoint mapper on 135 listed it',
  bind: 'the server accepted RPC there',
};

export function endpointsSection(store: StoreReader, runId: number, look: Style): string {
  const rows = store.endpoints(runId);
  if (rows.length === 0) return '';
  const byPort = new Map<string, EndpointRow[]>();
  for (const row of rows) byPort.set(placeOf(row), [...(byPort.get(placeOf(row)) ?? []), row]);
  const lines = [...byPort].slice(0, SHOWN).map(([place, found]) => {
    const names = [...new Set(found.map((row) => row.interface_name ?? row.interface_uuid ?? 'unknown'))];
    const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
    const how = [...new Set(found.map((row) => HOW[row.basis] ?? row.basis))].join(', ');
    const text = `${place}: ${names.slice(0, NAMES_SHOWN).join(', ')}${more} (${how})`;
    return paragraph(text, look.width, '    ', '  ');
  });
  if (byPort.size > SHOWN) lines.push(look.faint(`  and ${byPort.size - SHOWN} more`));
  return [
    `${look.heading('RPC')}  ${counted(byPort.size, 'dynamic port')}, allowed since traffic showed RPC there`,
    ...lines,
  ].join('\n');
}

function placeOf(row: EndpointRow): string {
  return `${printable(row.server)} ${row.transport}/${row.port}`;
}
