import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printable } from '../../src/base/text.ts';
import { paragraph, shortened, shortenedPath, wrap } from '../../src/report/text.ts';

test('text is broken at spaces', () => {
  assert.deepEqual(wrap('one two three four', 9), ['one two', 'three', 'four']);
});

test('a word longer than the line is cut', () => {
  assert.deepEqual(wrap('a 2001:db8:0:1:2:3:4:5 b', 10), ['a', '2001:db8:0', ':1:2:3:4:5', 'b']);
});

test('no line is too long and no letter is lost', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z ]*$/), fc.integer({ min: 8, max: 60 }), (text, width) => {
      const lines = wrap(text, width);
      for (const line of lines) assert.ok(line.length <= width);
      assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(' ', ''));
    }),
  );
});

test('a paragraph is indented, and its first line can have a mark', () => {
  assert.equal(paragraph('aaaa bbbb cccc', 13, '    ', '  ! '), '  ! aaaa bbbb\n    cccc');
});

test('control characters never reach the terminal', () => {
  assert.equal(printable('a\u001b[31mred\u0007\nb'), 'a?[31mred??b');
  assert.deepEqual(wrap('evil\u001b]0;title', 80), ['evil?]0;title']);
});

test('what is shortened says so', () => {
  assert.deepEqual([shortened('short', 5), shortened('longer', 5)], ['short', 'long…']);
});

test('a path that is too long keeps its end', () => {
  assert.equal(shortenedPath('captures/2024/monday.pcap', 14), '…4/monday.pcap');
  assert.equal(shortenedPath('monday.pcap', 11), 'monday.pcap');
});
