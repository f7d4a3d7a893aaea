// A run in a few lines of Markdown, to be pasted into a ticket (CommonMark, with the tables of GitHub's dialect, which
// trackers share). What comes from a capture cannot become markup, a link, a mention or a reference.

import { printable } from '../base/text.ts';
import type { FindingViewRow, ServiceCountRow } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { confidenceRemarks } from './confidence.ts';
import { OUTCOME_WORDS } from './findings.ts';
import { byteSize, counted, endpoint, grouped, spanText, timeText } from './format.ts';
import { shortenedPath } from './text.ts';

const SEVERITIES = ['high', 'medium', 'low', 'info'];
const FINDINGS_SHOWN = 10;
const SERVICES_NAMED = 12;
const LONGEST_NAME = 60;

export function markdownReport(store: StoreReader, runId: number): string {
  return store.snapshot(() => {
    const open = store.openFindings(runId);
    const total = [...open.values()].reduce((sum, each) => sum + each, 0);
    const rows = store.findings(runId, FINDINGS_SHOWN).filter((row) => row.status === 'open');
    const blocks = [
      `## xports: ${headline(open)}`,
      aboutRun(store, runId),
      findingsTable(rows, total, runId),
      suggestions(rows),
      allowedLine(store.serviceCounts(runId)),
      trust(store, runId),
    ];
    return `${blocks.filter((block) => block !== '').join('\n\n')}\n`;
  });
}

function headline(open: ReadonlyMap<string, number>): string {
  const counts = SEVERITIES.filter((name) => open.has(name)).map(
    (name) => `${grouped(open.get(name) ?? 0)} ${name}`,
  );
  return counts.length === 0 ? 'no findings' : `findings: ${counts.join(', ')}`;
}

function aboutRun(store: StoreReader, runId: number): string {
  const run = store.run(runId);
  const { first_packet_us: first, last_packet_us: last } = run;
  const when =
    first === null || last === null ? 'no packets' : `${timeText(first)}, ${spanText(last - first)} long`;
  const status = run.status === 'complete' ? '' : `**${run.status}**, `;
  const amount = `${counted(run.packets, 'packet')}, ${byteSize(run.bytes)}`;
  const servers = (JSON.parse(run.options) as { servers?: unknown }).servers;
  const judged = typeof servers === 'string' ? `; servers ${code(servers)}` : '';
  const policy = run.policy === null ? '' : ' and a policy';
  return `Run ${runId} of ${code(run.source)}: ${status}${when}, ${amount}. Judged by ${plain(run.profile)}${policy}${judged}.`;
}

function findingsTable(rows: readonly FindingViewRow[], total: number, runId: number): string {
  if (total === 0) return '';
  const lines = rows.map((row) => {
    const more = row.initiators > 1 ? ` and ${counted(row.initiators - 1, 'other')}` : '';
    const from = `${plain(row.initiator ?? 'unknown')}${more}`;
    const seen = `${counted(row.flows, 'flow')}, ${OUTCOME_WORDS[row.outcome] ?? plain(row.outcome)}`;
    return `| ${row.severity} | ${plain(row.title)} | ${from} | ${seen} |`;
  });
  const table = ['| Severity | Finding | From | Seen |', '| --- | --- | --- | --- |', ...lines].join('\n');
  const left = total - rows.length;
  return left > 0 ? `${table}\n\nAnd ${grouped(left)} more: \`xports findings --run ${runId}\`` : table;
}

/** What to do, each sentence once, for what is worth doing something about. */
function suggestions(rows: readonly FindingViewRow[]): string {
  const worth = rows.filter(({ severity }) => severity === 'high' || severity === 'medium');
  const said = [...new Set(worth.map((row) => row.suggestion).filter((words) => words !== ''))];
  return said.map((words) => `- ${plain(words)}`).join('\n');
}

function allowedLine(counts: readonly ServiceCountRow[]): string {
  const allowed = counts.filter(({ verdict }) => verdict === 'expected');
  if (allowed.length === 0) return 'Nothing that was seen is allowed.';
  const named = allowed
    .slice(0, SERVICES_NAMED)
    .map((row) => `${plain(row.service)} (${endpoint(row.transport, row.port)})`);
  const left = allowed.length - named.length;
  return `Allowed and seen: ${named.join(', ')}${left > 0 ? ` and ${left} more` : ''}.`;
}

function trust(store: StoreReader, runId: number): string {
  const warnings = confidenceRemarks(store, runId).filter(({ warning }) => warning);
  if (warnings.length === 0) return '';
  return ['How far to trust this:', '', ...warnings.map(({ text }) => `- ${plain(text)}`)].join('\n');
}

/** Words in which nothing is markup: CommonMark's backslash escapes, and entities where a tracker has none of its own. */
function plain(words: string): string {
  return printable(words)
    .replace(/[&@#]|:(?=\/\/)/g, (sign) => `&#${sign.charCodeAt(0)};`)
    .replace(/[\\`*_[\]<>|~]/g, '\\$&');
}

/** A name as code, whatever backquotes it has itself; a table would still be cut at a bar. */
function code(name: string): string {
  const shown = shortenedPath(printable(name), LONGEST_NAME).replaceAll('|', '¦');
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = /^`|`$|^ .* $/.test(shown) ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}
