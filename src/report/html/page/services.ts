// What does Exchange use? The services, RPC endpoints that were learned, and what is allowed and nobody used.

import { byteSize, grouped, timeText } from '../../format.ts';
import type { EndpointModel, ExceptionModel, PageModel, ServiceModel, UnusedModel } from '../model.ts';
import { bar, choice, el, fill } from './dom.ts';
import { DataTable } from './table.ts';
import { addressOrder, portText, VERDICTS, verdictClass } from './words.ts';

const portOrder = (row: { readonly port: number | null; readonly transport: string }) =>
  `${String(row.port ?? -1).padStart(6, '0')} ${row.transport}`;

export class Services {
  readonly element = el('div');
  private model: PageModel | null = null;
  private verdict = 'all';
  private readonly filter = el('div');
  private readonly table = new DataTable<ServiceModel>({
    caption: 'Services by port, with their verdict and amounts',
    nouns: ['service', 'services'],
    tools: this.filter,
    pageRows: 20,
    rowClass: (row) => verdictClass(row.verdict),
    columns: [
      {
        name: 'Service',
        text: (row) => `${row.label} ${row.service === 'unlisted' ? '' : row.service}`,
        order: (row) => row.label.toLowerCase(),
        cell: (row) => serviceCell(row),
        kind: 'words',
      },
      {
        name: 'Port',
        text: (row) => portText(row.transport, row.port),
        order: portOrder,
        kind: 'mono',
      },
      {
        name: 'Verdict',
        text: (row) => VERDICTS[row.verdict] ?? row.verdict,
        cell: (row) => verdictCell(row.verdict),
      },
      { name: 'Flows', text: (row) => grouped(row.flows), order: (row) => row.flows, kind: 'number' },
      { name: 'Packets', text: (row) => grouped(row.packets), order: (row) => row.packets, kind: 'number' },
      {
        name: 'Bytes',
        text: (row) => byteSize(row.bytes),
        order: (row) => row.bytes,
        cell: (row) => this.bytesCell(row),
        kind: 'number',
      },
      {
        name: 'Clients',
        text: (row) => grouped(row.initiators),
        order: (row) => row.initiators,
        kind: 'number',
      },
      {
        name: 'Servers',
        text: (row) => grouped(row.responders),
        order: (row) => row.responders,
        kind: 'number',
      },
    ],
  });
  private most = 1;

  constructor() {
    this.element.append(this.table.element);
  }

  update(model: PageModel): void {
    const first = this.model === null;
    this.model = model;
    this.most = Math.max(1, ...model.services.map((row) => row.bytes));
    if (first) {
      const names = ['all', ...model.verdicts.map((row) => row.name)];
      const options = names.map((id) => ({ id, label: id === 'all' ? 'all' : (VERDICTS[id] ?? id) }));
      fill(
        this.filter,
        choice('Verdict', options, 'all', (id) => {
          this.verdict = id;
          this.show();
        }),
      );
    }
    this.show();
  }

  private show(): void {
    const { model } = this;
    if (model === null) return;
    const rows = model.services.filter((row) => this.verdict === 'all' || row.verdict === this.verdict);
    this.table.update(rows, moreServices(model));
  }

  private bytesCell(row: ServiceModel): HTMLElement {
    const share = Math.sqrt(row.bytes / this.most);
    return el('span', { class: 'with-bar' }, bar(share, verdictClass(row.verdict)), byteSize(row.bytes));
  }
}

/** What the page has no room for. */
export function moreServices({ services, servicesTotal, run }: PageModel): string {
  return servicesTotal > services.length
    ? `those with most bytes of ${grouped(servicesTotal)}, the rest by: xports services --run ${run.id}`
    : '';
}

export function serviceCell(row: { readonly label: string; readonly service: string }): HTMLElement {
  const short = row.service === 'unlisted' ? '' : row.service;
  return el('span', {}, row.label === '' ? '–' : row.label, short === '' ? null : el('small', {}, short));
}

export function verdictCell(verdict: string): HTMLElement {
  const mark = verdict === 'expected' ? '✓ ' : verdict === 'unexpected' ? '✗ ' : '';
  return el('span', { class: `verdict ${verdictClass(verdict)}` }, `${mark}${VERDICTS[verdict] ?? verdict}`);
}

export function endpointTable(): DataTable<EndpointModel> {
  return new DataTable<EndpointModel>({
    caption: 'RPC endpoints that were learned',
    nouns: ['endpoint', 'endpoints'],
    columns: [
      { name: 'Server', text: (row) => row.server, order: (row) => addressOrder(row.server), kind: 'mono' },
      { name: 'Port', text: (row) => row.port, kind: 'mono' },
      { name: 'Interfaces', text: (row) => row.names.join(', '), kind: 'words' },
      { name: 'How it is known', text: (row) => row.how, kind: 'words' },
      { name: 'First seen', text: (row) => timeText(row.firstUs), kind: 'number' },
    ],
  });
}

export function unusedTable(): DataTable<UnusedModel> {
  return new DataTable<UnusedModel>({
    caption: 'Allowed, and not used in this capture',
    nouns: ['service', 'services'],
    columns: [
      {
        name: 'Service',
        text: (row) => `${row.label} ${row.service}`,
        order: (row) => row.label.toLowerCase(),
        cell: serviceCell,
        kind: 'words',
      },
      { name: 'Port', text: (row) => row.ports, kind: 'mono' },
      { name: 'Allowed by', text: (row) => row.by },
    ],
  });
}

export function exceptionTable(): DataTable<ExceptionModel> {
  return new DataTable<ExceptionModel>({
    caption: 'Exceptions of the policy, and what became of them',
    nouns: ['exception', 'exceptions'],
    columns: [
      { name: 'State', text: (row) => row.status },
      { name: 'Exception', text: (row) => row.matches, kind: 'words' },
      { name: 'Reason', text: (row) => row.reason, kind: 'words' },
      { name: 'Until', text: (row) => row.expires ?? '' },
      { name: 'Flows', text: (row) => grouped(row.flows), order: (row) => row.flows, kind: 'number' },
    ],
  });
}
