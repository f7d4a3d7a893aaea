// Lists of rows side by side.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compare } from '../../src/report/diff/compare.ts';

interface Thing {
  readonly name: string;
  readonly family: string;
  readonly size: number;
}

const keyOf = (thing: Thing) => `${thing.name} ${thing.family}`;
const differs = (a: Thing, b: Thing) => a.size !== b.size;
const thing = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  family: fc.constantFrom('x', 'y'),
  size: fc.integer({ min: 0, max: 2 }),
});
const things = fc.uniqueArray(thing, { selector: keyOf });

test('every row of either list is told once, or is the same in both', () => {
  fc.assert(
    fc.property(things, things, (before, after) => {
      const found = compare(before, after, { keyOf, differs, kinOf: (row) => row.name });
      const same = after.filter((row) =>
        before.some((old) => keyOf(old) === keyOf(row) && !differs(old, row)),
      );
      assert.equal(found.new.length + found.changed.length + same.length, after.length);
      assert.equal(found.gone.length + found.changed.length + same.length, before.length);
      for (const { before: old, after: row } of found.changed) {
        assert.equal(old.name, row.name);
        assert.ok(old.family !== row.family || differs(old, row));
      }
    }),
  );
});

test('the other way round, what was new is gone', () => {
  fc.assert(
    fc.property(things, things, (before, after) => {
      const there = compare(before, after, { keyOf, differs });
      const back = compare(after, before, { keyOf, differs });
      assert.deepEqual(there.new, back.gone);
      assert.deepEqual(there.gone, back.new);
      assert.equal(there.changed.length, back.changed.length);
    }),
  );
});

test('rows that are one of a kind in either list have changed, and of several nobody knows which', () => {
  const row = (name: string, family: string): Thing => ({ name, family, size: 1 });
  const how = { keyOf, differs, kinOf: (thing: Thing) => thing.name };
  assert.deepEqual(compare([row('a', 'x')], [row('a', 'y')], how).changed, [
    { before: row('a', 'x'), after: row('a', 'y') },
  ]);
  const several = compare([row('a', 'x')], [row('a', 'y'), row('a', 'z')], how);
  assert.deepEqual([several.new.length, several.gone.length, several.changed.length], [2, 1, 0]);
});
