// Rows as CSV (RFC 4180), JSON lines and aligned columns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatRows, lineEnd } from '../../src/report/rows.ts';
import type { Cell } from '../../src/store/rows.ts';

const ROWS: readonly Cell[][] = [
  ['plain', 1, null],
  ['with, comma', 20, 'say "no"'],
  ['two\nlines', 300, ' kept '],
];

test('CSV quotes commas and quotes, writes line breaks out, and leaves the rest', () => {
  const lines = [...formatRows('csv', ['name', 'value', 'note'], ROWS)];
  assert.deepEqual(lines, [
    'name,value,note',
    'plain,1,',
    '"with, comma",20,"say ""no"""',
    'two\\x0alines,300, kept ',
  ]);
  assert.equal(lineEnd('csv'), '\r\n');
});

test('JSON lines name every column, in order, with null for nothing', () => {
  const lines = [...formatRows('jsonl', ['name', 'value', 'note'], ROWS)];
  assert.equal(lines[0], '{"name":"plain","value":1,"note":null}');
  assert.equal(JSON.parse(lines[1]).note, 'say "no"');
});

test('a table aligns text to the left and numbers to the right, and shows a dash for nothing', () => {
  const lines = [...formatRows('table', ['name', 'value', 'note'], ROWS)];
  assert.deepEqual(lines, [
    'name         value  note',
    '───────────  ─────  ────────',
    'plain            1  -',
    'with, comma     20  say "no"',
    'two?lines      300   kept',
  ]);
});

test('no rows are a header alone', () => {
  assert.deepEqual([...formatRows('csv', ['a', 'b'], [])], ['a,b']);
  assert.deepEqual([...formatRows('jsonl', ['a'], [])], []);
  assert.equal([...formatRows('table', ['a'], [])].length, 2);
});

test('rows are taken one at a time, however many there are', () => {
  let taken = 0;
  function* endless(): Generator<Cell[]> {
    for (;;) yield [taken++];
  }
  for (const format of ['csv', 'jsonl', 'table'] as const) {
    taken = 0;
    const lines = formatRows(format, ['n'], endless());
    for (let i = 0; i < 1000; i++) assert.equal(lines.next().done, false);
    assert.ok(taken <= 1001);
  }
});
