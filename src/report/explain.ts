// What a port, protocol or service is for Exchange, and what the database saw of it, as text and as JSON.

import { jsonText } from '../base/text.ts';
import type { FindingViewRow, RunChoice, ServiceCountRow } from '../store/rows.ts';
import {
  countsOfPort,
  type EndpointRow,
  endpointsOfPort,
  findingsOfPort,
  type PartyRow,
  type PortFilter,
  partiesOfPort,
  partyCountOfPort,
} from '../store/sqlite/port-reader.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { explained } from './findings.ts';
import { byteSize, counted, endpoint, grouped } from './format.ts';
import { cellsOf, formatRows } from './rows.ts';
import type { Style } from './style.ts';
import { paragraph } from './text.ts';

/** One thing that is known of what was asked. */
export interface KnownThing {
  readonly standing: string;
  readonly service: string | null;
  readonly name: string;
  readonly transports: readonly string[];
  readonly first: number;
  readonly last: number;
  readonly who: string;
  readonly note: string;
  readonly source: string;
}

export interface Explanation {
  readonly asked: string;
  /** Whether it is allowed, for each transport that may be meant. */
  readonly standings: readonly { readonly transport: string; readonly standing: string }[];
  readonly known: readonly KnownThing[];
  /** What the list allows over another transport, in words. */
  readonly elsewhere: readonly string[];
  /** Whose rules the standings are by: the run's, a file's, or the allow-list alone. */
  readonly rules: 'run' | 'policy' | 'allow-list';
  readonly run: RunChoice | null;
  /** Why the database says nothing, or null. */
  readonly silent: string | null;
  readonly seen: Seen | null;
}

export interface Seen {
  readonly services: readonly ServiceCountRow[];
  readonly responders: readonly PartyRow[];
  readonly responders_total: number;
  readonly initiators: readonly PartyRow[];
  readonly initiators_total: number;
  readonly rpc_endpoints: readonly EndpointRow[];
  readonly findings: readonly FindingViewRow[];
}

/** What was asked, in the words of the database. */
export interface Search {
  readonly filter: PortFilter;
  /** The ports of findings and endpoints, which have no service; several where a service has several. */
  readonly places: readonly PortFilter[];
}

/** Reads what a run, or all, saw; at most `limit` addresses of each side (-1 is all). */
export function seenOf(store: StoreReader, run: RunChoice, search: Search, limit: number): Seen {
  const { filter, places } = search;
  return store.snapshot(() => ({
    services: countsOfPort(store, run, filter),
    responders: partiesOfPort(store, run, filter, 'responder', limit),
    responders_total: partyCountOfPort(store, run, filter, 'responder'),
    initiators: partiesOfPort(store, run, filter, 'initiator', limit),
    initiators_total: partyCountOfPort(store, run, filter, 'initiator'),
    rpc_endpoints: places.flatMap((place) => endpointsOfPort(store, run, place)),
    findings: places.flatMap((place) => findingsOfPort(store, run, place)),
  }));
}

export function explanationJson(explanation: Explanation): string {
  return `${jsonText(explanation, 2)}\n`;
}

const STANDINGS: Readonly<Record<string, string>> = {
  listed: 'on the allow-list: expected',
  conditional: 'expected only where the traffic is shown to be RPC, or a range is named',
  infrastructure: 'the network itself: counted apart, not judged',
  groups: 'the network itself where it goes to a multicast or broadcast address, otherwise unexpected',
  allowed: 'allowed by the profile or the policy: expected',
  excepted: 'expected only where an exception of the policy covers the flow',
  denied: 'on the allow-list, but not allowed by the profile or the policy: unexpected',
  'not-listed': 'not on the allow-list: unexpected',
  partly: 'partly on the allow-list: expected where it is',
};

export function explanationText(explanation: Explanation, look: Style): string {
  const { asked, standings, known, elsewhere, silent, seen, run } = explanation;
  const heads = standings.map(({ transport, standing }) => {
    const name = standings.length === 1 ? asked : `${asked}/${transport}`;
    return look.heading(paragraph(`${name}: ${STANDINGS[standing]}`, look.width, ''));
  });
  const sections = [heads.join('\n'), ...known.map((thing) => thingText(thing, look))];
  if (known.length === 0) {
    sections.push(paragraph('Nothing that xports knows documents this for Exchange.', look.width, '  '));
  }
  if (elsewhere.length > 0) {
    sections.push(paragraph(`The list has ${elsewhere.join(', ')}.`, look.width, '  '));
  }
  if (silent !== null) sections.push(look.faint(paragraph(silent, look.width, '')));
  if (seen !== null && run !== null) sections.push(...seenText(seen, run, look));
  return `${sections.join('\n\n')}\n`;
}

function thingText(thing: KnownThing, look: Style): string {
  const ports = thing.first === thing.last ? String(thing.first) : `${thing.first}-${thing.last}`;
  const where = thing.transports.map((name) => `${name}/${ports}`).join(', ') || 'any port';
  const what = thing.service === null ? thing.name : `${thing.name} (${thing.service})`;
  const lines = [look.heading(paragraph(`${where}  ${what}`, look.width, '    ', '  '))];
  for (const [name, text] of [
    ['', STANDINGS[thing.standing]],
    ['', thing.who],
    ['', thing.note],
    ['Source: ', thing.source],
  ]) {
    if (text !== '') lines.push(paragraph(sentence(`${name}${text}`), look.width, '    '));
  }
  return lines.join('\n');
}

function sentence(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

/** As the report's table of services says it. */
function serviceName({ service, verdict }: ServiceCountRow): string {
  if (service !== 'unlisted') return service;
  return verdict === 'unexpected' ? 'not on the list' : '-';
}

function seenText(seen: Seen, run: RunChoice, look: Style): string[] {
  const heading = look.heading(run === 'all' ? 'Seen in all runs' : `Seen in run ${run}`);
  const empty = seen.services.length === 0 && seen.findings.length === 0 && seen.rpc_endpoints.length === 0;
  if (empty) return [`${heading}\n  nothing`];
  const columns = ['service', 'port', 'verdict', 'flows', 'packets', 'bytes', 'clients', 'servers'];
  const rows = seen.services.map((row) => ({
    run_id: row.run_id,
    service: serviceName(row),
    port: endpoint(row.transport, row.port),
    verdict: row.verdict,
    flows: row.flows,
    packets: row.packets,
    bytes: byteSize(row.bytes),
    clients: row.initiators,
    servers: row.responders,
  }));
  const shown = run === 'all' ? ['run_id', ...columns] : columns;
  const sections = [
    rows.length === 0 ? `${heading}\n  no flows` : `${heading}\n${indented(shown, rows, look)}`,
    parties('Servers', seen.responders, seen.responders_total, 'client', look),
    parties('Clients', seen.initiators, seen.initiators_total, 'server', look),
  ];
  if (seen.rpc_endpoints.length > 0) {
    const endpoints = seen.rpc_endpoints.map((row) => ({
      server: row.server,
      port: endpoint(row.transport, row.port),
      interface: row.interface_name ?? row.interface_uuid ?? 'unknown',
      basis: row.basis,
    }));
    const table = indented(['server', 'port', 'interface', 'basis'], endpoints, look);
    sections.push(`${look.heading('RPC endpoints learned')}\n${table}`);
  }
  if (seen.findings.length > 0) {
    sections.push(`${look.heading('Findings')}\n\n${explained(seen.findings, look).join('\n\n')}`);
  }
  return sections.filter((section) => section !== '');
}

function parties(name: string, rows: readonly PartyRow[], total: number, other: string, look: Style): string {
  if (rows.length === 0) return '';
  const cells = rows.map((row) => ({
    address: row.address,
    verdict: row.verdict,
    [`${other}s`]: row.others,
    flows: row.flows,
    packets: row.packets,
    bytes: byteSize(row.bytes),
  }));
  const table = indented(['address', 'verdict', `${other}s`, 'flows', 'packets', 'bytes'], cells, look);
  const listed = new Set(rows.map((row) => row.address)).size;
  const more =
    total > listed ? look.faint(`\n  and ${grouped(total - listed)} more (--limit 0 shows all)`) : '';
  return `${look.heading(name)}  ${counted(total, 'address', 'addresses')}\n${table}${more}`;
}

/** What a narrow terminal does without. */
const DROP_FIRST = ['packets', 'servers', 'clients', 'interface', 'flows'];

function indented(
  columns: readonly string[],
  rows: readonly Readonly<Record<string, string | number | null>>[],
  look: Style,
): string {
  const fit = look.isScreen ? { columns: look.width - 2, dropFirst: DROP_FIRST, otherwise: '--json' } : null;
  return [...formatRows('table', columns, cellsOf(columns, rows), fit)].map((line) => `  ${line}`).join('\n');
}
