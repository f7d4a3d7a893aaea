// The tables that are told to others, against the database itself and the page that describes it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { PUBLIC_TABLES } from '../../src/store/tables.ts';
import { storeExchangeRun } from './exchange-run.ts';
import { scratch } from './sample.ts';

interface Info {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
}

test('every table and view has just the columns it has in the database, typed alike', (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  const db = new Database(path, { readonly: true });
  t.after(() => db.close());
  for (const { name, columns } of PUBLIC_TABLES) {
    const info = db.pragma(`table_info(${name})`) as Info[];
    assert.deepEqual(
      columns.map((column) => column.name),
      info.map((column) => column.name),
      name,
    );
    // A view's columns have types only where they are a table's as they are.
    const isTable = db.prepare('SELECT type FROM sqlite_schema WHERE name = ?').pluck().get(name) === 'table';
    for (const [i, { name: column, type, nullable }] of columns.entries()) {
      const place = `${name}.${column}`;
      if (info[i].type !== '') assert.equal(type === 'text', info[i].type === 'TEXT', place);
      if (isTable && column !== 'id') assert.equal(!nullable, info[i].notnull === 1, place);
      assert.equal(type === 'time', column.endsWith('_us') && column !== 'width_us', place);
    }
  }
});

test('every table that the page about the database describes is one of them', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/database.md'), 'utf8');
  const described = [...page.matchAll(/^## (.+)$/gm)]
    .filter(([, title]) => /^[a-z_]+( and [a-z_]+)?$/.test(title))
    .flatMap(([, title]) => title.split(' and '));
  assert.deepEqual(described.sort(), PUBLIC_TABLES.map(({ name }) => name).sort());
});
