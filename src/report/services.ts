// The table of services, by verdict: what is allowed first, then what is not, then what is only counted.

import Table from 'cli-table3';
import type { RunRow, ServiceCountRow } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { byteSize, counted, endpoint, grouped } from './format.ts';
import type { Paint, Style } from './style.ts';
import { paragraph } from './text.ts';

interface Group {
  readonly verdict: string;
  readonly meaning: string;
  readonly mark: string;
  readonly paint: (look: Style) => Paint;
  /** How many rows are shown before the rest is summed up. */
  readonly rows: number;
}

const GROUPS: readonly Group[] = [
  { verdict: 'expected', meaning: 'on the allow-list', mark: '✓', paint: (look) => look.good, rows: 40 },
  {
    verdict: 'unexpected',
    meaning: '',
    mark: '✗',
    paint: (look) => look.bad,
    rows: 20,
  },
  {
    verdict: 'infrastructure',
    meaning: 'what any network needs, not judged',
    mark: '·',
    paint: (look) => look.faint,
    rows: 8,
  },
  {
    verdict: 'undetermined',
    meaning: 'no ports could be read',
    mark: '?',
    paint: (look) => look.warn,
    rows: 8,
  },
  {
    verdict: 'out-of-scope',
    meaning: 'none of the servers of --servers takes part',
    mark: '·',
    paint: (look) => look.faint,
    rows: 8,
  },
];

/** Unlisted and expected is what an exception of the policy lets through. */
const UNLISTED_NAMES: Readonly<Record<string, string>> = {
  expected: 'excepted',
  unexpected: 'not on the list',
  infrastructure: 'network',
};

/** Rows stand under the word of their group, behind its mark. */
const INDENT = '    ';
const NUMBERS = ['Flows', 'Packets', 'Bytes', 'Clients', 'Servers'] as const;
/** What a narrow terminal does without, the first to go first. */
const DROP_FIRST: readonly (typeof NUMBERS)[number][] = ['Packets', 'Servers', 'Clients'];
/** The longest short name of a service. */
const LEAST_NAME = 16;
/** Room for the longest endpoint, `icmp6` or `tcp/65535`. */
const ENDPOINT_WIDTH = 9;

/** Columns are told apart by space alone. */
const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

const LEGEND =
  'A flow is one connection, or one exchange where there are none. Clients began them, and servers were asked on that port.';

/** Where there is nothing to count: why, and what to look at. */
function nothing({ packets }: RunRow): string {
  return packets === 0
    ? 'no flows: there is no packet. Was it the right interface, and did a capture filter let anything pass?'
    : 'no flows: no packet could be read as IP traffic. Skipped, below, says what they are.';
}

interface Shown {
  readonly group: Group;
  readonly rows: readonly ServiceCountRow[];
  readonly rest: readonly ServiceCountRow[];
}

export function servicesSection(store: StoreReader, runId: number, look: Style): string {
  const counts = store.serviceCounts(runId);
  if (counts.length === 0)
    return `${look.heading('Services')}\n${paragraph(nothing(store.run(runId)), look.width, '  ')}`;
  const shown = GROUPS.map((group): Shown => {
    const rows = counts.filter((row) => row.verdict === group.verdict);
    return { group, rows: rows.slice(0, group.rows), rest: rows.slice(group.rows) };
  }).filter(({ rows }) => rows.length > 0);

  const rows = shown.flatMap((part) => part.rows);
  const widthOf = (name: (typeof NUMBERS)[number]) =>
    Math.max(name.length, ...rows.map((row) => numberCells(row)[NUMBERS.indexOf(name)].length));
  let numbers: readonly (typeof NUMBERS)[number][] = NUMBERS;
  const takenBy = () =>
    INDENT.length + ENDPOINT_WIDTH + numbers.reduce((sum, name) => sum + 2 + widthOf(name), 2);
  for (const name of DROP_FIRST) {
    if (takenBy() + LEAST_NAME <= look.width) break;
    numbers = numbers.filter((other) => other !== name);
  }
  const widths = numbers.map(widthOf);
  const taken = takenBy();
  const names = namesThatFit(store, rows, look.width - taken);
  const nameWidth = Math.max('Service'.length, ...[...names.values()].map((name) => name.length));

  const lines = (cells: readonly string[][]) => {
    const table = new Table({
      chars: NO_BORDERS,
      style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
      colAligns: ['left', 'left', ...numbers.map(() => 'right' as const)],
      colWidths: [nameWidth + INDENT.length, ENDPOINT_WIDTH, ...widths],
    });
    table.push(...cells);
    return table.toString();
  };
  const rule = `  ${'─'.repeat(taken + nameWidth - 2)}`;
  const head = lines([[`${INDENT}Service`, 'Port', ...numbers].map(look.faint)]);
  const groups = shown.map(({ group, rows: members, rest }) => {
    const heading = `  ${group.mark} ${group.verdict}`;
    const meaning = meaningOf(group, store.run(runId));
    const cells = members.map((row) => [
      `${INDENT}${names.get(row) ?? ''}`,
      endpoint(row.transport, row.port),
      ...numbers.map((name) => numberCells(row)[NUMBERS.indexOf(name)]),
    ]);
    const block = [group.paint(look)(heading) + look.faint(`, ${meaning}`), lines(cells)];
    if (rest.length > 0) block.push(look.faint(paragraph(restText(rest), look.width, INDENT)));
    return block.join('\n');
  });
  const table = [head, look.faint(rule), groups.join('\n\n')].join('\n');
  const legend = look.faint(paragraph(LEGEND, look.width, '  '));
  return `${look.heading('Services')}\n${table.replace(/ +$/gm, '')}\n\n${legend}`;
}

function meaningOf({ verdict, meaning }: Group, run: RunRow): string {
  if (verdict === 'expected') return allowedBy(run);
  if (verdict !== 'unexpected') return meaning;
  return run.policy === null ? 'not on the allow-list' : 'not allowed by the list or the policy';
}

function allowedBy({ profile, policy }: RunRow): string {
  const by = profile === 'allow-list' ? "on Exchange's allow-list" : `in the profile ${profile}`;
  return policy === null ? by : `${by} or allowed by the policy`;
}

/** The catalog's labels where there is room for all of them, else the short names: never a mixture. */
function namesThatFit(
  store: StoreReader,
  rows: readonly ServiceCountRow[],
  room: number,
): ReadonlyMap<ServiceCountRow, string> {
  const named = (long: boolean) => new Map(rows.map((row) => [row, nameOf(store, row, long)]));
  const labels = named(true);
  return [...labels.values()].every((name) => name.length <= room) ? labels : named(false);
}

function nameOf(store: StoreReader, row: ServiceCountRow, long: boolean): string {
  if (row.service === 'unlisted') return UNLISTED_NAMES[row.verdict] ?? '-';
  return long ? store.label(row.service, row.transport) : row.service;
}

function numberCells(row: ServiceCountRow): string[] {
  return [
    grouped(row.flows),
    grouped(row.packets),
    byteSize(row.bytes),
    grouped(row.initiators),
    grouped(row.responders),
  ];
}

function restText(rest: readonly ServiceCountRow[]): string {
  const flows = rest.reduce((sum, row) => sum + row.flows, 0);
  const packets = rest.reduce((sum, row) => sum + row.packets, 0);
  return `and ${grouped(rest.length)} more with ${counted(flows, 'flow')}, ${counted(packets, 'packet')}: xports services --run ${rest[0].run_id}`;
}
