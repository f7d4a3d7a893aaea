// What changed between two runs, for the screen: + is new, - is gone, ~ is different.

import { printable } from '../../base/text.ts';
import type { Cell, FindingViewRow, ServiceCountRow } from '../../store/rows.ts';
import type { ServicePairRow } from '../../store/sqlite/pair-reader.ts';
import { byteSize, counted, endpoint, grouped, timeText } from '../format.ts';
import { formatRows } from '../rows.ts';
import type { Style } from '../style.ts';
import { paragraph, shortenedPath } from '../text.ts';
import type { Changes } from './compare.ts';
import type { Difference, HostRow, Side } from './index.ts';

/** Ports of a host that are named before the rest is counted. */
const PORTS_NAMED = 6;

type Pair<T> = readonly [before: T | null, after: T | null];

interface Section<T> {
  readonly name: string;
  readonly columns: readonly string[];
  /** The cells of a row; one of the two is null where the row is new or gone. */
  readonly cells: (pair: Pair<T>) => readonly Cell[];
}

/** At most `limit` rows a section (-1 is all). */
export function differenceText(difference: Difference, limit: number, look: Style): string {
  const { before, after, services, hosts, pairs, findings } = difference;
  const sections = [
    `${sideText('Before', before, look)}\n${sideText('After', after, look)}`,
    section(FINDINGS, findings, limit, look),
    section(SERVICES, services, limit, look),
    section(HOSTS, hosts, limit, look),
    section(PAIRS, pairs, limit, look),
  ];
  return `${sections.join('\n\n')}\n`;
}

function sideText(name: string, { database, run }: Side, look: Style): string {
  const when = run.first_packet_us === null ? 'no packets' : timeText(run.first_packet_us);
  const head = `${name.padEnd(6)}  run ${run.id} `;
  const amount = `${when}, ${counted(run.packets, 'packet')}`;
  const what = `of ${database}: ${shortenedPath(printable(run.source), 40)}, ${amount}`;
  return paragraph(what, look.width, ' '.repeat(head.length), look.heading(head));
}

/** What a narrow terminal does without. */
const DROP_FIRST = ['servers', 'clients', 'bytes', 'kind', 'began', 'flows'];

function section<T>(how: Section<T>, changes: Changes<T>, limit: number, look: Style): string {
  const heading = look.heading(how.name);
  const rows = [
    ...changes.new.map((row): Pair<T> => [null, row]),
    ...changes.gone.map((row): Pair<T> => [row, null]),
    ...changes.changed.map(({ before, after }): Pair<T> => [before, after]),
  ];
  if (rows.length === 0) return `${heading}\n  no difference`;
  const counts = (['new', 'gone', 'changed'] as const)
    .filter((kind) => changes[kind].length > 0)
    .map((kind) => `${grouped(changes[kind].length)} ${kind}`);
  const shown = limit < 0 ? rows : rows.slice(0, limit);
  const cells = shown.map((pair) => [markOf(pair), ...how.cells(pair)]);
  const fit = look.isScreen ? { columns: look.width - 2, dropFirst: DROP_FIRST, otherwise: '--json' } : null;
  const table = [...formatRows('table', ['', ...how.columns], cells, fit)].map((line) => `  ${line}`);
  const more = rows.length - shown.length;
  if (more > 0) table.push(look.faint(`  and ${grouped(more)} more (--limit 0 shows all)`));
  return `${heading}  ${counts.join(', ')}\n${table.join('\n')}`;
}

function markOf<T>([before, after]: Pair<T>): string {
  if (before === null) return '+';
  return after === null ? '-' : '~';
}

/** One value, or both where they differ. */
function both<T>([before, after]: Pair<T>, of: (row: T) => string): string {
  if (before === null || after === null) {
    const row = before ?? after;
    return row === null ? '' : of(row);
  }
  return of(before) === of(after) ? of(after) : `${of(before)} → ${of(after)}`;
}

const serviceName = (row: { readonly service: string; readonly verdict: string }) =>
  row.service !== 'unlisted' ? row.service : row.verdict === 'unexpected' ? 'not on the list' : '-';

const SERVICES: Section<ServiceCountRow> = {
  name: 'Services',
  columns: ['service', 'port', 'verdict', 'flows', 'bytes', 'clients', 'servers'],
  cells: (pair) => [
    both(pair, serviceName),
    both(pair, (row) => endpoint(row.transport, row.port)),
    both(pair, (row) => row.verdict),
    both(pair, (row) => grouped(row.flows)),
    both(pair, (row) => byteSize(row.bytes)),
    both(pair, (row) => grouped(row.initiators)),
    both(pair, (row) => grouped(row.responders)),
  ],
};

const HOSTS: Section<HostRow> = {
  name: 'Hosts',
  columns: ['address', 'began', 'was asked', 'ports'],
  cells: (pair) => [
    both(pair, (row) => row.address),
    both(pair, (row) => grouped(row.flows_begun)),
    both(pair, (row) => grouped(row.flows_received)),
    portsText(pair),
  ],
};

/** The ports of a host that is new or gone, and what came and went of any other. */
function portsText([before, after]: Pair<HostRow>): string {
  const signed = (sign: string, ports: readonly string[]) => ports.map((port) => `${sign}${port}`);
  const ports =
    before === null || after === null
      ? ((before ?? after)?.ports ?? [])
      : [
          ...signed(
            '+',
            after.ports.filter((port) => !before.ports.includes(port)),
          ),
          ...signed(
            '-',
            before.ports.filter((port) => !after.ports.includes(port)),
          ),
        ];
  const more = ports.length > PORTS_NAMED ? ` and ${ports.length - PORTS_NAMED} more` : '';
  return ports.slice(0, PORTS_NAMED).join(' ') + more;
}

const PAIRS: Section<ServicePairRow> = {
  name: 'Pairs',
  columns: ['initiator', 'responder', 'service', 'port', 'verdict', 'flows'],
  cells: (pair) => [
    both(pair, (row) => row.initiator),
    both(pair, (row) => row.responder),
    both(pair, serviceName),
    both(pair, (row) => endpoint(row.transport, row.port)),
    both(pair, (row) => row.verdict),
    both(pair, (row) => grouped(row.flows)),
  ],
};

const FINDINGS: Section<FindingViewRow> = {
  name: 'Findings',
  columns: ['severity', 'kind', 'finding', 'outcome'],
  cells: (pair) => [
    both(pair, (row) => row.severity),
    both(pair, (row) => row.kind),
    (pair[1] ?? pair[0])?.title ?? '',
    both(pair, (row) => row.outcome),
  ],
};
