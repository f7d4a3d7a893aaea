// What payload makes of ports in the corpus: every contradicted port and every service that is known elsewhere, beside
// the golden file in which each has been judged by hand.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseTsv } from './corpus.ts';
import type { Outcome, Stored } from './run.ts';

export const goldenPath = join(import.meta.dirname, 'payload-findings.tsv');
/** What a line has in place of a judgement until somebody looked. */
export const UNJUDGED = '?';

const KINDS = ['contradicted-port', 'known-service-elsewhere'];
const COLUMNS = [
  'capture',
  'kind',
  'responder',
  'port',
  'payload',
  'severity',
  'flows',
  'initiator',
  'judgement',
] as const;
type Column = (typeof COLUMNS)[number];
export type Line = Readonly<Record<Column, string>>;

/** The findings of one capture, each with the numbers of its flows. */
export function linesOf(capture: string, rows: Outcome['rows']): Line[] {
  return rows.findings
    .filter(({ kind, status }) => KINDS.includes(String(kind)) && status === 'open')
    .map((finding): Line => {
      const flows = rows.flow_records.filter((flow) => isAbout(flow, finding));
      return {
        capture,
        kind: String(finding.kind),
        responder: String(finding.responder),
        port: `${finding.port}/${finding.transport}`,
        payload: [...new Set(flows.map((flow) => String(flow.payload_protocol)))].sort().join(' '),
        severity: String(finding.severity),
        flows: numbers(flows.map((flow) => Number(flow.flow_id))),
        initiator: String(finding.initiator),
        judgement: UNJUDGED,
      };
    });
}

function isAbout(flow: Stored, finding: Stored): boolean {
  return (
    flow.responder === finding.responder &&
    flow.responder_port === finding.port &&
    flow.transport === finding.transport &&
    flow.payload_protocol !== null &&
    flow.verdict === (finding.kind === 'contradicted-port' ? 'expected' : 'unexpected')
  );
}

/** The first few, and how many there are. */
function numbers(all: readonly number[]): string {
  const shown = all.slice(0, 6).join(',');
  return all.length > 6 ? `${shown},… (${all.length})` : shown;
}

export function readGolden(): Line[] {
  return parseTsv(readFileSync(goldenPath, 'utf8')) as unknown as Line[];
}

/** What a line is about, whatever was found of it and thought of it. */
export function nameOf({ capture, kind, responder, port }: Line): string {
  return `${capture}: ${kind} ${port} of ${responder}`;
}

function textOf(line: Line): string {
  return `${line.payload}, ${line.severity}, flows ${line.flows} of ${line.initiator}`;
}

/** What is new, gone or different, in words; nothing where both are the same. */
export function differencesOf(golden: readonly Line[], found: readonly Line[]): string[] {
  const before = new Map(golden.map((line) => [nameOf(line), line]));
  const now = new Map(found.map((line) => [nameOf(line), line]));
  const differences: string[] = [];
  for (const [name, line] of now) {
    const old = before.get(name);
    if (old === undefined) differences.push(`+ ${name}: ${textOf(line)}`);
    else if (textOf(old) !== textOf(line)) differences.push(`~ ${name}: ${textOf(line)}; was ${textOf(old)}`);
  }
  for (const [name, line] of before) if (!now.has(name)) differences.push(`- ${name}: ${textOf(line)}`);
  return differences.sort();
}

/** The golden file for what was found, with the judgements that there are. */
export function goldenText(golden: readonly Line[], found: readonly Line[]): string {
  const judgements = new Map(golden.map((line) => [nameOf(line), line.judgement]));
  const lines = found
    .map((line) => ({ ...line, judgement: judgements.get(nameOf(line)) ?? UNJUDGED }))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
    .map((line) => COLUMNS.map((column) => line[column]).join('\t'));
  return [
    '# Every contradicted-port and known-service-elsewhere finding in the corpus, each looked at by hand.',
    '# npm run judged writes this file again; it keeps the judgements and marks with ? what nobody has looked at.',
    COLUMNS.join('\t'),
    ...lines,
    '',
  ].join('\n');
}
