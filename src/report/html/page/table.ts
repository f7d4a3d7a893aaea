// A table that sorts by any column, searches, and shows a page of its rows at a time, so that thousands cost nothing.

import { grouped } from '../../format.ts';
import { append, button, type Child, el, fill, scrollable, searchField } from './dom.ts';

const PAGE_ROWS = 10;

export interface Column<T> {
  readonly name: string;
  /** What is searched and, without `cell`, shown. */
  readonly text: (row: T) => string;
  /** What it sorts by; the text unless given. */
  readonly order?: (row: T) => number | string;
  readonly cell?: (row: T) => Child;
  readonly kind?: 'number' | 'mono' | 'words';
}

export interface TableOptions<T> {
  readonly caption: string;
  /** What a row is called, and several of them. */
  readonly nouns: readonly [one: string, many: string];
  readonly columns: readonly Column<T>[];
  /** The column that it is sorted by at first; as given unless named. */
  readonly sortBy?: string;
  readonly rowClass?: (row: T) => string;
  readonly searchable?: boolean;
  /** How many rows are shown at a time. */
  readonly pageRows?: number;
  /** Stands before the search field. */
  readonly tools?: Node;
}

export class DataTable<T> {
  readonly element: HTMLElement;
  private readonly options: TableOptions<T>;
  private readonly body = el('tbody');
  private readonly heads: HTMLElement[] = [];
  private readonly status = el('p', { class: 'status', role: 'status' });
  private readonly pager = el('div', { class: 'pager' });
  private rows: readonly T[] = [];
  private texts: readonly string[] = [];
  private found: readonly number[] = [];
  private more = '';
  private wanted = '';
  private page = 0;
  private sorted: { column: number; down: boolean } | null;

  constructor(options: TableOptions<T>) {
    this.options = options;
    const { columns, sortBy } = options;
    const first = columns.findIndex((column) => column.name === sortBy);
    this.sorted = first < 0 ? null : { column: first, down: columns[first].kind === 'number' };
    const table = el(
      'table',
      {},
      el('caption', { class: 'unseen' }, options.caption),
      el('thead', {}, el('tr', {}, ...columns.map((column, i) => this.head(column, i)))),
      this.body,
    );
    const search = searchField(`Search ${options.nouns[1]}`, (text) => {
      this.wanted = text;
      this.page = 0;
      this.find();
    });
    const tools = el('div', { class: 'tools' });
    append(tools, [options.tools ?? null, options.searchable === false ? null : search, this.status]);
    this.element = el('div', { class: 'data' }, tools, scrollable(options.caption, table), this.pager);
  }

  /** Other rows; search, order and page stay. `more` says what is not among them. */
  update(rows: readonly T[], more = ''): void {
    this.rows = rows;
    this.more = more;
    this.texts = [];
    this.find();
  }

  private head(column: Column<T>, at: number): HTMLElement {
    const sort = button(column.name, {}, () => {
      const down = this.sorted?.column === at ? !this.sorted.down : column.kind === 'number';
      this.sorted = { column: at, down };
      this.page = 0;
      this.find();
    });
    const head = el('th', { scope: 'col', class: column.kind === 'number' ? 'number' : '' }, sort);
    this.heads.push(head);
    return head;
  }

  private find(): void {
    const { columns } = this.options;
    const { rows, wanted, sorted } = this;
    if (wanted !== '' && this.texts.length !== rows.length) {
      this.texts = rows.map((row) =>
        columns
          .map((column) => column.text(row))
          .join('\n')
          .toLowerCase(),
      );
    }
    const words = wanted.split(/\s+/).filter((word) => word !== '');
    const found: number[] = [];
    for (let i = 0; i < rows.length; i++) {
      if (words.length === 0 || words.every((word) => this.texts[i].includes(word))) found.push(i);
    }
    if (sorted !== null) {
      const column = columns[sorted.column];
      const order = column.order ?? column.text;
      const keys = rows.map(order);
      const sign = sorted.down ? -1 : 1;
      found.sort((a, b) => sign * compare(keys[a], keys[b]) || a - b);
    }
    this.found = found;
    this.show();
  }

  private show(): void {
    const { columns, rowClass, nouns } = this.options;
    const { found, rows } = this;
    const { pageRows = PAGE_ROWS } = this.options;
    const pages = Math.max(1, Math.ceil(found.length / pageRows));
    this.page = Math.min(this.page, pages - 1);
    const from = this.page * pageRows;
    const shown = found.slice(from, from + pageRows);
    fill(
      this.body,
      ...shown.map((i) =>
        el(
          'tr',
          { class: rowClass?.(rows[i]) ?? '' },
          ...columns.map((column) =>
            el('td', { class: column.kind ?? '' }, column.cell?.(rows[i]) ?? column.text(rows[i])),
          ),
        ),
      ),
    );
    if (shown.length === 0) {
      fill(this.body, el('tr', {}, el('td', { colspan: columns.length, class: 'none' }, 'Nothing matches.')));
    }
    for (const [i, head] of this.heads.entries()) {
      const direction = this.sorted?.down ? 'descending' : 'ascending';
      if (this.sorted?.column === i) head.setAttribute('aria-sort', direction);
      else head.removeAttribute('aria-sort');
    }
    const amount = `${grouped(found.length)} ${nouns[found.length === 1 ? 0 : 1]}`;
    const of = found.length === rows.length ? '' : ` of ${grouped(rows.length)}`;
    fill(this.status, `${amount}${of}${this.more === '' ? '' : `; ${this.more}`}`);
    showPager(this.pager, this.page, pages, (page) => {
      this.page = page;
      this.show();
    });
  }
}

/** Links to other pages of a list; nothing where there is one page. */
export function showPager(
  pager: HTMLElement,
  page: number,
  pages: number,
  onPage: (page: number) => void,
): void {
  // Whoever turns pages by keyboard goes on where they were.
  const focused = pager.contains(document.activeElement)
    ? (document.activeElement as HTMLElement).dataset.to
    : undefined;
  pager.hidden = pages < 2;
  const turn = (label: string, to: string, target: number) => {
    const off = target < 0 || target >= pages || target === page;
    return button(label, { 'data-to': to, 'aria-disabled': String(off) }, () => {
      if (!off) onPage(target);
    });
  };
  fill(
    pager,
    turn('First', 'first', 0),
    turn('Previous', 'previous', page - 1),
    el('span', {}, `Page ${grouped(page + 1)} of ${grouped(pages)}`),
    turn('Next', 'next', page + 1),
    turn('Last', 'last', pages - 1),
  );
  pager.querySelector<HTMLElement>(`[data-to="${focused ?? ''}"]`)?.focus();
}

function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return a < b ? -1 : a > b ? 1 : 0;
}
