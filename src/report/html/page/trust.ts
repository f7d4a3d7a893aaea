// How far to trust all this: what stands against the numbers, and the packets that are in no flow.

import { byteSize, counted, grouped } from '../../format.ts';
import type { PageModel, TrustModel } from '../model.ts';
import { el, fill } from './dom.ts';
import { DataTable } from './table.ts';

export class Trust {
  readonly element = el('div', { class: 'trust' });
  private readonly remarks = el('ul', { class: 'remarks' });
  private readonly skipped = el('div');
  private readonly table = new DataTable<TrustModel['skipped'][number]>({
    caption: 'Packets that belong to no flow, by the reason',
    nouns: ['reason', 'reasons'],
    searchable: false,
    columns: [
      { name: 'Reason', text: (row) => row.reason, kind: 'mono' },
      { name: 'Packets', text: (row) => grouped(row.packets), order: (row) => row.packets, kind: 'number' },
      { name: 'Bytes', text: (row) => byteSize(row.bytes), order: (row) => row.bytes, kind: 'number' },
    ],
  });

  constructor() {
    this.element.append(this.remarks, this.skipped);
  }

  update({ trust, run }: PageModel): void {
    const lines = trust.remarks.map(({ warning, text }) =>
      el(
        'li',
        { class: warning ? 'warning' : '' },
        el('span', { class: `badge ${warning ? 'medium' : 'info'}` }, warning ? 'warning' : 'note'),
        el('span', {}, text),
      ),
    );
    const nothing = el('li', {}, el('span', {}, 'Nothing stands against these numbers.'));
    fill(this.remarks, ...(lines.length === 0 ? [nothing] : lines));
    const packets = trust.skipped.reduce((sum, row) => sum + row.packets, 0);
    if (packets === 0) {
      fill(
        this.skipped,
        el('p', { class: 'note' }, `All ${counted(run.packets, 'packet')} belong to flows.`),
      );
      return;
    }
    const heading = `${counted(packets, 'packet')} of ${grouped(run.packets)} belong to no flow`;
    fill(this.skipped, el('h3', {}, heading), this.table.element);
    this.table.update(trust.skipped);
  }
}
