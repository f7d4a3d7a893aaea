// Who talks to whom: the matrix, the hosts and their roles, and the pairs of hosts.

import { byteSize, grouped } from '../../format.ts';
import type { HostModel, MatrixModel, PageModel } from '../model.ts';
import { choice, el, fill, scrollable } from './dom.ts';
import { verdictCell } from './services.ts';
import { DataTable } from './table.ts';
import { addressOrder, brief, portText, shortTime, VERDICTS, verdictClass } from './words.ts';

export class Matrix {
  readonly element = el('div', { class: 'matrix' });
  private readonly tools = el('div', { class: 'tools' });
  private readonly body = el('div');
  private matrices: readonly MatrixModel[] = [];
  private chosen = 'roles';

  constructor() {
    this.element.append(this.tools, this.body);
  }

  update({ matrices }: PageModel): void {
    if (this.matrices.length === 0) {
      const pick = choice('Rows of the matrix', matrices, this.chosen, (id) => {
        this.chosen = id;
        this.show();
      });
      fill(this.tools, pick);
    }
    this.matrices = matrices;
    this.show();
  }

  private show(): void {
    const matrix = this.matrices.find(({ id }) => id === this.chosen);
    if (matrix === undefined || matrix.rows.length === 0) {
      fill(this.body, el('p', { class: 'none' }, 'No traffic was judged.'));
      return;
    }
    const most = Math.max(...matrix.cells.map(([, , , , bytes]) => bytes), 2);
    const byPlace = new Map(matrix.cells.map((cell) => [`${cell[0]} ${cell[1]}`, cell]));
    const rows = matrix.rows.map((row, i) =>
      el(
        'tr',
        {},
        el('th', { scope: 'row' }, row.name, row.note === '' ? null : el('small', {}, row.note)),
        ...matrix.columns.map((column, j) => {
          const cell = byPlace.get(`${i} ${j}`);
          if (cell === undefined) return el('td', { class: 'off' });
          const [, , verdict, flows, bytes] = cell;
          const words = `${row.name}, ${column}: ${grouped(flows)} flows, ${byteSize(bytes)}`;
          const td = el('td', { class: verdict === 1 ? 'bad' : 'ok', title: words }, brief(flows));
          if (verdict === 1)
            td.append(el('span', { class: 'mark' }, '✗', el('span', { class: 'unseen' }, ' unexpected')));
          td.style.setProperty('--heat', `${Math.round(8 + 32 * (Math.log(bytes + 1) / Math.log(most)))}%`);
          return td;
        }),
      ),
    );
    const table = el(
      'table',
      {},
      el('caption', { class: 'unseen' }, matrix.caption),
      el(
        'thead',
        {},
        el(
          'tr',
          {},
          el('td', {}, ''),
          ...matrix.columns.map((name) => el('th', { scope: 'col' }, el('span', {}, name))),
        ),
      ),
      el('tbody', {}, ...rows),
    );
    const left = matrix.rowsTotal - matrix.rows.length;
    const note =
      left > 0
        ? ` The ${grouped(matrix.rows.length)} rows of ${grouped(matrix.rowsTotal)} with most bytes.`
        : '';
    const caption = `${matrix.caption}. Numbers are flows, colour is bytes, ✗ is unexpected.${note}`;
    fill(this.body, el('p', { class: 'note' }, caption), scrollable(matrix.caption, table));
  }
}

/** A host with its address as text. */
type NamedHost = HostModel & { readonly name: string };

export class Hosts {
  private readonly table = new DataTable<NamedHost>({
    caption: 'Hosts and their roles',
    nouns: ['host', 'hosts'],
    columns: [
      { name: 'Address', text: (row) => row.name, order: (row) => addressOrder(row.name), kind: 'mono' },
      {
        name: 'Role',
        text: (row) => (row.roles.length === 0 ? '–' : row.roles.join(', ')),
        kind: 'words',
      },
      { name: 'What shows it', text: (row) => row.evidence, kind: 'words' },
      {
        name: 'Flows begun',
        text: (row) => grouped(row.flowsBegun),
        order: (row) => row.flowsBegun,
        kind: 'number',
      },
      {
        name: 'Flows answered',
        text: (row) => grouped(row.flowsReceived),
        order: (row) => row.flowsReceived,
        kind: 'number',
      },
      { name: 'Bytes', text: (row) => byteSize(row.bytes), order: (row) => row.bytes, kind: 'number' },
    ],
  });
  readonly element = this.table.element;

  update({ hosts, addresses }: PageModel): void {
    const rows = hosts.rows.map((row) => ({ ...row, name: addresses[row.address] ?? '' }));
    const more =
      hosts.total > rows.length ? `${grouped(hosts.total)} in all, servers and the busiest are here` : '';
    this.table.update(rows, more);
  }
}

interface Pair {
  readonly initiator: string;
  readonly responder: string;
  readonly service: string;
  readonly port: string;
  readonly verdict: string;
  readonly cells: readonly number[];
}

export class Pairs {
  private readonly table = new DataTable<Pair>({
    caption: 'Pairs of hosts and what they use',
    nouns: ['pair', 'pairs'],
    rowClass: (row) => verdictClass(row.verdict),
    columns: [
      {
        name: 'Who',
        text: (row) => row.initiator,
        order: (row) => addressOrder(row.initiator),
        kind: 'mono',
      },
      {
        name: 'To whom',
        text: (row) => row.responder,
        order: (row) => addressOrder(row.responder),
        kind: 'mono',
      },
      { name: 'Service', text: (row) => row.service },
      { name: 'Port', text: (row) => row.port, order: (row) => row.cells[3], kind: 'mono' },
      {
        name: 'Verdict',
        text: (row) => VERDICTS[row.verdict] ?? row.verdict,
        cell: (row) => verdictCell(row.verdict),
      },
      { name: 'Flows', text: (row) => grouped(row.cells[4]), order: (row) => row.cells[4], kind: 'number' },
      { name: 'Bytes', text: (row) => byteSize(row.cells[6]), order: (row) => row.cells[6], kind: 'number' },
      {
        name: 'First seen',
        text: (row) => shortTime(row.cells[7]),
        order: (row) => row.cells[7],
        kind: 'number',
      },
      {
        name: 'Last seen',
        text: (row) => shortTime(row.cells[8]),
        order: (row) => row.cells[8],
        kind: 'number',
      },
    ],
  });
  readonly element = this.table.element;

  update({ pairs, addresses, run }: PageModel): void {
    const rows = pairs.rows.map((cells): Pair => {
      const kind = pairs.kinds[cells[2]];
      return {
        initiator: addresses[cells[0]] ?? '',
        responder: addresses[cells[1]] ?? '',
        service: kind.service === 'unlisted' ? '–' : kind.service,
        port: portText(kind.transport, cells[3]),
        verdict: kind.verdict,
        cells,
      };
    });
    const more =
      pairs.total > rows.length
        ? `those with most bytes of ${grouped(pairs.total)}; all are in service_pairs of the database, run ${run.id}`
        : '';
    this.table.update(rows, more);
  }
}
