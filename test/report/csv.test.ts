// CSV that a hostile capture cannot turn into a formula or a terminal's command, and that can be read back exactly.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvLine } from '../../src/report/csv.ts';

/** A reader of RFC 4180 for one line, with another separator where asked: as strict as a spreadsheet is lax. */
function cellsOf(line: string, separator = ','): string[] {
  const cells: string[] = [];
  let at = 0;
  do {
    if (line[at] === '"') {
      let text = '';
      for (at++; ; at++) {
        const end = line.indexOf('"', at);
        text += line.slice(at, end);
        at = end + 1;
        if (line[at] !== '"') break;
        text += '"';
      }
      const end = line.indexOf(separator, at);
      cells.push(text + line.slice(at, end < 0 ? line.length : end));
      at = end;
    } else {
      const end = line.indexOf(separator, at);
      cells.push(line.slice(at, end < 0 ? line.length : end));
      at = end;
    }
  } while (at++ >= 0);
  return cells;
}

/** What docs/exports.md says a reader does to have the text as it was. */
function asItWas(cell: string): string {
  return cell
    .replace(/(^|;)'(?=["' ]*[=+\-@＝＋－＠])/g, '$1')
    .replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const HOSTILE = [
  '=1+1',
  "=cmd|' /C calc'!A0",
  '+49 30 1234',
  '-2+3',
  '@SUM(A1:A9)',
  '\t=1',
  '\r=1',
  '\n=1',
  '＝1+1',
  ' =1',
  '"=1"',
  "'=1",
  "''=1",
  'a;=1',
  'a;"=1',
  'a,=1',
  '\u001b]0;title\u0007',
  '\u009b31m',
  'C:\\x1b\\captures',
  '\\\\x41',
  '',
  "it's - fine",
];

test('no cell begins like a formula, with commas or semicolons between cells', () => {
  for (const text of HOSTILE) {
    for (const [separator, line] of [
      [',', csvLine([text, 1])],
      [';', csvLine([text, 1])],
      [';', csvLine([1, text])],
    ]) {
      for (const cell of cellsOf(line, separator)) {
        assert.doesNotMatch(cell.replace(/^[" ]*/, ''), /^[=+\-@＝＋－＠\t\r\n]/);
      }
    }
  }
});

test('no control character reaches a terminal', () => {
  for (const text of HOSTILE) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to look for
    assert.doesNotMatch(csvLine([text]), /[\u0000-\u001f\u007f-\u009f]/);
  }
});

test('hostile and any other text is read back as it was', () => {
  for (const text of HOSTILE) assert.deepEqual(cellsOf(csvLine([text, 7])).map(asItWas), [text, '7']);
  const odd = fc.string({
    unit: fc.constantFrom(...'=+-@;,"\' \\x1bf9\t\r\n\u0000\u0085＝ab'),
    maxLength: 12,
  });
  fc.assert(
    fc.property(odd, odd, (a, b) => {
      assert.deepEqual(cellsOf(csvLine([a, b])).map(asItWas), [a, b]);
    }),
  );
});

test('numbers and nothing stay what they are', () => {
  assert.equal(csvLine([-5, 0, null, '10.0.0.5', '2001:db8::7']), '-5,0,,10.0.0.5,2001:db8::7');
});
