// Sums by row (a host, or who does what with whom) and service, and the part of them that a page has room for.

import { entryOf } from './addresses.ts';
import type { MatrixModel } from './model.ts';

const MOST_ROWS = 40;
const MOST_COLUMNS = 16;
const OTHERS = 'other services';

interface Cell {
  flows: number;
  bytes: number;
  unexpected: boolean;
}

interface Row {
  flows: number;
  bytes: number;
  readonly cells: Map<string, Cell>;
}

export interface MatrixWords {
  readonly id: string;
  readonly label: string;
  readonly caption: string;
  readonly nameOf: (row: number | string) => { readonly name: string; readonly note: string };
}

export class MatrixBuilder {
  private readonly rows = new Map<number | string, Row>();
  private readonly columns = new Map<string, number>();

  add(row: number | string, column: string, unexpected: boolean, flows: number, bytes: number): void {
    const sums = entryOf(this.rows, row, () => ({ flows: 0, bytes: 0, cells: new Map() }));
    sums.flows += flows;
    sums.bytes += bytes;
    const cell = entryOf(sums.cells, column, () => ({ flows: 0, bytes: 0, unexpected: false }));
    cell.flows += flows;
    cell.bytes += bytes;
    cell.unexpected ||= unexpected;
    this.columns.set(column, (this.columns.get(column) ?? 0) + flows);
  }

  /** The rows with most bytes, by the services with most flows; the services beyond them are summed up. */
  topRows(): (number | string)[] {
    return [...this.rows]
      .sort(([, a], [, b]) => b.bytes - a.bytes)
      .slice(0, MOST_ROWS)
      .map(([name]) => name);
  }

  model(words: MatrixWords): MatrixModel {
    const ranked = [...this.columns].sort(([, a], [, b]) => b - a).map(([name]) => name);
    // What is not allowed is what one looks for.
    ranked.sort((a, b) => Number(b === 'not on the list') - Number(a === 'not on the list'));
    const shown = ranked.length <= MOST_COLUMNS ? ranked : ranked.slice(0, MOST_COLUMNS - 1);
    const columns = shown.length === ranked.length ? shown : [...shown, OTHERS];
    const rows = this.topRows();
    const cells = rows.flatMap((name, i) => this.cellsOf(name, columns).map((cell) => [i, ...cell] as const));
    return {
      id: words.id,
      label: words.label,
      caption: words.caption,
      columns,
      rows: rows.map(words.nameOf),
      cells,
      rowsTotal: this.rows.size,
      columnsTotal: ranked.length,
    };
  }

  private cellsOf(row: number | string, columns: readonly string[]): [number, number, number, number][] {
    const sums = new Map<number, Cell>();
    for (const [name, cell] of this.rows.get(row)?.cells ?? []) {
      const at = columns.indexOf(name);
      const into = entryOf(sums, at < 0 ? columns.length - 1 : at, () => ({
        flows: 0,
        bytes: 0,
        unexpected: false,
      }));
      into.flows += cell.flows;
      into.bytes += cell.bytes;
      into.unexpected ||= cell.unexpected;
    }
    return [...sums].map(([at, cell]) => [at, cell.unexpected ? 1 : 0, cell.flows, cell.bytes]);
  }
}
