// Findings in words, the worst first: what it is, who did it to whom, why it matters and what to do.

import type { FindingViewRow } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { byteSize, counted, endpoint, grouped } from './format.ts';
import type { Paint, Style } from './style.ts';
import { paragraph, wrap } from './text.ts';

const SEVERITIES: readonly { readonly name: string; readonly paint: (look: Style) => Paint }[] = [
  { name: 'high', paint: (look) => look.bad },
  { name: 'medium', paint: (look) => look.warn },
  { name: 'low', paint: (look) => look.heading },
  { name: 'info', paint: (look) => look.faint },
];

export const OUTCOME_WORDS: Readonly<Record<string, string>> = {
  answered: 'the server answered',
  refused: 'the server refused',
  unanswered: 'never answered',
  'one-way': 'only one direction seen',
};

/** That a port is unexpected is easily read as: it was blocked. */
const ABOUT =
  'What was seen and should be looked at, the worst first. xports only watches: nothing was blocked.';

/** Severities stand in a margin of their own. */
const INDENT = ' '.repeat(10);
const SHOWN = 30;

export function findingsSection(store: StoreReader, runId: number, look: Style): string {
  const counts = store.openFindings(runId);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const heading = look.heading('Findings');
  if (total === 0)
    return `${heading}\n  ${look.good('none')}${look.faint(': nothing was seen that has to be explained')}`;
  const summary = SEVERITIES.filter(({ name }) => counts.has(name))
    .map(({ name, paint }) => paint(look)(`${grouped(counts.get(name) ?? 0)} ${name}`))
    .join(', ');
  const rows = store.findings(runId, SHOWN).filter((row) => row.status === 'open');
  const blocks = explained(rows, look);
  if (total > rows.length) {
    const more = `and ${grouped(total - rows.length)} more: xports findings --run ${runId}`;
    blocks.push(look.faint(`  ${more}`));
  }
  const about = look.faint(paragraph(ABOUT, look.width, '  '));
  return `${heading}  ${summary}\n${about}\n\n${blocks.join('\n\n')}`;
}

/** Blocks of findings; the words that several share are said at the first of them. */
export function explained(rows: readonly FindingViewRow[], look: Style): string[] {
  const said = new Set<string>();
  return rows.map((row) => {
    const parts = [headline(row, look), look.faint(paragraph(evidence(row), look.width, INDENT))];
    const words = `${row.explanation}\n${row.suggestion}`;
    if (!said.has(words)) {
      said.add(words);
      if (row.explanation !== '') parts.push(paragraph(row.explanation, look.width, INDENT));
      if (row.suggestion !== '') {
        parts.push(paragraph(row.suggestion, look.width, INDENT, `${INDENT.slice(2)}→ `));
      }
    }
    return parts.join('\n');
  });
}

function headline(row: FindingViewRow, look: Style): string {
  const paint = SEVERITIES.find(({ name }) => name === row.severity)?.paint(look) ?? look.heading;
  const state = row.status === 'open' ? '' : ` (${row.status})`;
  const lines = wrap(`${row.title}${state}`, look.width - INDENT.length).map(look.heading);
  const margin = `  ${row.severity.toUpperCase()}`.padEnd(INDENT.length);
  return paint(margin) + lines.join(`\n${INDENT}`);
}

function evidence(row: FindingViewRow): string {
  const more = row.initiators > 1 ? ` and ${counted(row.initiators - 1, 'other')}` : '';
  const what =
    row.port === null && row.kind === 'port-scan'
      ? `${row.transport}, many ports`
      : endpoint(row.transport, row.port);
  const to = row.responder ?? 'many hosts';
  const amount = `${counted(row.flows, 'flow')}, ${counted(row.packets, 'packet')}, ${byteSize(row.bytes)}`;
  return `${row.initiator ?? 'unknown'}${more} → ${to}, ${what}: ${amount}; ${OUTCOME_WORDS[row.outcome] ?? row.outcome}`;
}
