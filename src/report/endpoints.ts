// RPC endpoints that were learned, and those that are remembered of earlier runs: one line for each server and port.

import { printable } from '../base/text.ts';
import type { EndpointRow, RememberedRow } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { counted, timeText } from './format.ts';
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
  return [learnedText(store, runId, look), rememberedText(store.remembered(runId), look)]
    .filter((text) => text !== '')
    .join('\n');
}

function learnedText(store: StoreReader, runId: number, look: Style): string {
  const rows = store.endpoints(runId);
  if (rows.length === 0) return '';
  const byPort = byPlace(rows);
  const lines = [...byPort].slice(0, SHOWN).map(([place, found]) => {
    const how = [...new Set(found.map((row) => HOW[row.basis] ?? row.basis))].join(', ');
    return paragraph(`${place}: ${namesOf(found)} (${how})`, look.width, '    ', '  ');
  });
  if (byPort.size > SHOWN) lines.push(look.faint(`  and ${byPort.size - SHOWN} more`));
  return [
    `${look.heading('RPC')}  ${counted(byPort.size, 'dynamic port')}, allowed since traffic showed RPC there`,
    ...lines,
  ].join('\n');
}

/** What earlier runs learned and this one did not: gone by, or denied by the server itself. */
function rememberedText(rows: readonly RememberedRow[], look: Style): string {
  const byPort = byPlace(rows.filter((row) => row.status !== 'seen'));
  if (byPort.size === 0) return '';
  const lines = [...byPort].slice(0, SHOWN).map(([place, found]) => {
    const newest = found.reduce((a, b) => (b.last_learned_us > a.last_learned_us ? b : a));
    const when = `learned last in run ${newest.learned_run_id}, ${timeText(newest.last_learned_us)}`;
    const what =
      newest.status === 'voided'
        ? look.warn('void: its endpoint mapper names another port now')
        : 'remembered, not seen in this run';
    return `  ${place}  ${namesOf(found)}  ${what}  ${look.faint(when)}`;
  });
  if (byPort.size > SHOWN) lines.push(look.faint(`  and ${byPort.size - SHOWN} more`));
  return [`${look.heading('RPC')}  ${counted(byPort.size, 'port')} of earlier runs`, ...lines].join('\n');
}

type Place = Pick<EndpointRow, 'server' | 'transport' | 'port'>;

function byPlace<T extends Place>(rows: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const places = new Map<string, T[]>();
  for (const row of rows) {
    const place = `${printable(row.server)} ${row.transport}/${row.port}`;
    places.set(place, [...(places.get(place) ?? []), row]);
  }
  return places;
}

function namesOf(rows: readonly Pick<EndpointRow, 'interface_name' | 'interface_uuid'>[]): string {
  const names = [...new Set(rows.map((row) => row.interface_name ?? row.interface_uuid ?? 'unknown'))];
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : '';
  return `${names.slice(0, NAMES_SHOWN).map(printable).join(', ')}${more}`;
}
