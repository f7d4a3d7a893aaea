// Since when: what was seen first and last, and when between.

import { timeText } from '../../format.ts';
import type { PageModel, ServiceModel } from '../model.ts';
import { el } from './dom.ts';
import { moreServices, serviceCell, verdictCell } from './services.ts';
import { DataTable } from './table.ts';
import { portText, shortTime, VERDICTS, verdictClass } from './words.ts';

export class When {
  private fromUs = 0;
  private spanUs = 1;
  private readonly table = new DataTable<ServiceModel>({
    caption: 'When each service was seen first and last',
    nouns: ['service', 'services'],
    sortBy: 'First seen (UTC)',
    columns: [
      { name: 'Service', text: (row) => `${row.label} ${row.service}`, cell: serviceCell, kind: 'words' },
      { name: 'Port', text: (row) => portText(row.transport, row.port), kind: 'mono' },
      {
        name: 'Verdict',
        text: (row) => VERDICTS[row.verdict] ?? row.verdict,
        cell: (row) => verdictCell(row.verdict),
      },
      {
        name: 'First seen (UTC)',
        text: (row) => shortTime(row.firstUs),
        order: (row) => row.firstUs,
        kind: 'mono',
      },
      {
        name: 'Last seen (UTC)',
        text: (row) => shortTime(row.lastUs),
        order: (row) => row.lastUs,
        kind: 'mono',
      },
      {
        name: 'Within the capture',
        text: (row) => timeText(row.firstUs),
        order: (row) => row.lastUs - row.firstUs,
        cell: (row) => this.span(row),
        kind: 'words',
      },
    ],
  });
  readonly element = this.table.element;

  update(model: PageModel): void {
    const { run, services } = model;
    this.fromUs = run.firstUs ?? 0;
    this.spanUs = Math.max((run.lastUs ?? 0) - this.fromUs, 1);
    this.table.update(services, moreServices(model));
  }

  private span(row: ServiceModel): HTMLElement {
    const inner = el('span', { class: `span-in ${verdictClass(row.verdict)}` });
    const left = (row.firstUs - this.fromUs) / this.spanUs;
    const width = Math.max((row.lastUs - row.firstUs) / this.spanUs, 0.008);
    inner.style.setProperty('left', `${Math.min(left, 0.992) * 100}%`);
    inner.style.setProperty('width', `${Math.min(width, 1) * 100}%`);
    return el('span', { class: 'span', 'aria-hidden': 'true' }, inner);
  }
}
