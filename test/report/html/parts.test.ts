// The parts that need no browser: the sentence of the verdict, the JSON in the page, the step of the build.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { embedded } from '../../../src/report/html/document.ts';
import { linked } from '../../../src/report/html/link.ts';
import { verdictOf } from '../../../src/report/html/verdict.ts';
import { xports } from '../../cli/call.ts';
import { scratch } from '../../store/sample.ts';

const SAMPLE = join(import.meta.dirname, '../../../fixtures/sample.pcap');

describe('the sentence of the verdict', () => {
  const amount = (name: string, flows: number) => ({ name, flows, packets: flows, bytes: flows });
  const facts = {
    counts: {},
    verdicts: [amount('expected', 5)],
    packets: 5,
    warnings: 0,
    running: false,
    worst: '4444/tcp to 10.0.0.5 is not on the list',
  };

  test('says that nothing is wrong only where all that was judged is allowed', () => {
    assert.equal(verdictOf(facts).tone, 'good');
    assert.match(verdictOf(facts).sentence, /^Nothing is wrong/);
    const some = {
      ...facts,
      counts: { info: 1 },
      verdicts: [amount('expected', 5), amount('unexpected', 9)],
    };
    assert.equal(verdictOf(some).tone, 'warn');
    assert.match(verdictOf(some).sentence, /9 flows are not on the allow-list: 1 remark says why/);
  });

  test('names a single finding that nothing explains, and counts several', () => {
    const one = verdictOf({ ...facts, counts: { high: 1, medium: 2 } });
    assert.match(one.sentence, /4444\/tcp to 10\.0\.0\.5 is not on the list; 2 more should/);
    assert.match(verdictOf({ ...facts, counts: { high: 3 } }).sentence, /3 findings that nothing explains/);
    assert.equal(one.tone, 'bad');
  });

  test('judges nothing where there was nothing to judge', () => {
    assert.equal(verdictOf({ ...facts, packets: 0, verdicts: [] }).tone, 'none');
    assert.equal(verdictOf({ ...facts, verdicts: [amount('out-of-scope', 5)] }).tone, 'none');
  });

  test('points to what stands against the capture', () => {
    assert.match(verdictOf({ ...facts, warnings: 2 }).detail, /2 warnings/);
  });
});

test('JSON in a page cannot end its element, and is the same when it is read', () => {
  const value = { text: '</script><!--<script>', more: '\u2028&amp;' };
  assert.doesNotMatch(embedded(value), /</);
  assert.deepEqual(JSON.parse(embedded(value)), value);
});

describe('the step of the build', () => {
  const files: Readonly<Record<string, string>> = {
    '/m/main.js':
      "import { one } from './one.js';\nimport plot from 'plot';\nimport { two } from './two.js';\none(two, plot);\n",
    '/m/one.js': "import { two } from './two.js';\nexport function one() { return two; }\n",
    '/m/two.js': 'export const two = 2;\n',
    '/m/again.js': "import { two } from './two.js';\nconst two = 3;\n",
    '/m/star.js': "export * from './two.js';\n",
  };
  const read = (path: string) => files[path.replaceAll('\\', '/')];

  test('puts each module once, behind what it imports', () => {
    assert.equal(
      linked('/m/main.js', read),
      'const two = 2;\nfunction one() { return two; }\none(two, plot);\n',
    );
  });

  test('refuses names that are there twice, and forms that it does not know', () => {
    assert.throws(() => linked('/m/again.js', read), /two is in/);
    assert.throws(() => linked('/m/star.js', read), /does not know/);
  });
});

describe('xports report --html', () => {
  test('writes a page whose policy names the hashes of its script and styles, and nothing else', async (t) => {
    const db = join(scratch(t), 'x.db');
    await xports('analyze', '--quiet', '--db', db, SAMPLE);
    const { out } = await xports('report', '--db', db, '--html', '-');
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(out)?.[1] ?? '';
    const hash = (open: string, close: string) => {
      const from = out.indexOf(open) + open.length;
      return createHash('sha256')
        .update(out.slice(from, out.indexOf(close, from)))
        .digest('base64');
    };
    assert.deepEqual(policy.split('; '), [
      "default-src 'none'",
      `script-src 'sha256-${hash('<script type="module">', '</script>')}'`,
      `style-src 'sha256-${hash('<style>', '</style>')}'`,
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  test('says what is wrong: every run at once, two formats, a file that cannot be', async (t) => {
    const dir = scratch(t);
    const db = join(dir, 'x.db');
    await xports('analyze', '--quiet', '--db', db, SAMPLE);
    const call = (...args: string[]) => xports('report', '--db', db, ...args);
    assert.equal((await call('--html', '-', '--run', 'all')).code, 2);
    assert.equal((await call('--html', '-', '--json')).code, 2);
    const { code, err } = await call('--html', join(dir, 'none', 'x.html'));
    assert.equal(code, 74);
    assert.match(err, /cannot write .*no such file or directory/);
    assert.equal((await call('--html', join(dir, 'x.html'))).code, 0);
    assert.match(readFileSync(join(dir, 'x.html'), 'utf8'), /^<!doctype html>/);
  });
});
