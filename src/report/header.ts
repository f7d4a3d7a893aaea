// What was read: the run, its files, the time they span, and how much there was.

import { printable } from '../base/text.ts';
import type { RunRow } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { byteSize, counted, spanText, timeText } from './format.ts';
import type { Style } from './style.ts';
import { paragraph, shortenedPath } from './text.ts';

const FILES_SHOWN = 3;

export function headerSection(store: StoreReader, runId: number, look: Style): string {
  const run = store.run(runId);
  const sources = store.sources(runId);
  const names = sources.length === 0 ? [run.source] : sources.map((row) => row.path);
  const lines = names.slice(0, FILES_SHOWN).map((name, i) => {
    const format = sources[i]?.format ?? null;
    const kinds = format === null ? '' : ` (${format}, ${sources[i].link_types ?? 'no packets'})`;
    const shown = name === '-' ? 'standard input' : name;
    return `  ${shortenedPath(printable(shown), look.width - 2 - kinds.length)}${look.faint(kinds)}`;
  });
  if (names.length > FILES_SHOWN) lines.push(look.faint(`  and ${names.length - FILES_SHOWN} more`));
  const head = [look.heading(`Run ${run.id}`), statusText(run, look)]
    .filter((part) => part !== '')
    .join('  ');
  const amount =
    run.packets === 0 ? '' : `${counted(run.packets, 'packet')}, ${byteSize(run.bytes)} on the wire`;
  const words = [timeSpan(run), amount, ...interruption(run)].filter((part) => part !== '');
  return [head, ...lines, ...words.map((part) => paragraph(part, look.width, '  '))].join('\n');
}

function timeSpan(run: RunRow): string {
  if (run.first_packet_us === null || run.last_packet_us === null) return 'no packets';
  const span = spanText(run.last_packet_us - run.first_packet_us);
  const from = timeText(run.first_packet_us).slice(0, 19);
  const to = timeText(run.last_packet_us);
  const sameDay = from.slice(0, 10) === to.slice(0, 10);
  return `${from} to ${sameDay ? to.slice(11) : to} (${span})`;
}

/** Why a run stopped early; damage is named with its source, under confidence. */
function interruption(run: RunRow): string[] {
  return run.status === 'interrupted' && run.message !== null ? run.message.split('\n') : [];
}

function statusText(run: RunRow, look: Style): string {
  switch (run.status) {
    case 'damaged':
      return look.warn('damaged: everything before the damage is here');
    case 'interrupted':
      return look.warn('interrupted: what was stored until then');
    case 'running':
      return look.warn('still running: what is stored so far');
    default:
      return '';
  }
}
