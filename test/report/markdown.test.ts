// The summary for tickets: short, and with nothing from a capture that a tracker would take for markup.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { xports } from '../cli/call.ts';
import { storeExchangeRun } from '../store/exchange-run.ts';
import { scratch } from '../store/sample.ts';

test('a run is a heading, a table of findings, what to do, what is allowed, and warnings', async (t) => {
  const db = join(scratch(t), 'x.db');
  storeExchangeRun(db);
  const { out } = await xports('report', '--markdown', '--db', db);
  assert.match(out, /^## xports: findings: 1 high, 1 low\n\nRun 1 of `monday\.pcapng`: \*\*damaged\*\*, /);
  assert.match(
    out,
    /^\| high \| tcp 3389 of 10\.0\.0\.5 answers .* \| 198\.51\.100\.99 \| 3 flows, the server answered \|$/m,
  );
  assert.match(out, /^\| low \| .* \| 198\.51\.100\.99 and 2 others \| 2 flows, the server refused \|$/m);
  assert.match(out, /^- Close it to all but the management network/m);
  assert.match(out, /^Allowed and seen: https-owa \(tcp\/443\), smtp \(tcp\/25\)/m);
  assert.match(out, /^How far to trust this:\n\n- monday\.pcapng is damaged at byte 88,123,456/m);
  assert.ok(out.length < 3000);
});

test('several runs follow one another, and JSON is another thing', async (t) => {
  const db = join(scratch(t), 'x.db');
  storeExchangeRun(db);
  storeExchangeRun(db);
  const { out } = await xports('report', '--markdown', '--db', db, '--run', 'all');
  assert.equal(out.match(/^## /gm)?.length, 2);
  assert.equal((await xports('report', '--markdown', '--json', '--db', db)).code, 2);
});

test('markup, links, mentions and references in what a capture brings stay words', async (t) => {
  const db = join(scratch(t), 'x.db');
  storeExchangeRun(db);
  const file = new Database(db);
  const hostile =
    '<img src=x> [a](javascript:b) **c** `d` | e @team #12 https://f.example \u001b[2J ~~g~~ &lt; _h_';
  file.prepare('UPDATE runs SET source = ?').run('a``b|<c>\u001b[2J`');
  file.prepare('UPDATE sources SET path = ?').run(hostile);
  file.prepare('UPDATE finding_texts SET title = ?, suggestion = ?').run(hostile, hostile);
  file.close();
  const { out } = await xports('report', '--markdown', '--db', db);
  // CommonMark: a code span ends at as many backquotes as it begins with, and no others.
  assert.match(out, /^Run 1 of ``` a``b¦<c>\?\[2J` ```: /m);
  const words =
    '\\<img src=x\\> \\[a\\](javascript:b) \\*\\*c\\*\\* \\`d\\` \\| e &#64;team &#35;12 https&#58;//f.example ?\\[2J \\~\\~g\\~\\~ &#38;lt; \\_h\\_';
  for (const place of [`| high | ${words} | `, `- ${words}\n`, `- ${words} is damaged`]) {
    assert.ok(out.includes(place), place);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to look for
  assert.doesNotMatch(out, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test('a run without findings says so first', async (t) => {
  const db = join(scratch(t), 'x.db');
  storeExchangeRun(db);
  const file = new Database(db);
  file.exec('DELETE FROM finding_rows');
  file.close();
  assert.match(
    (await xports('report', '--markdown', '--db', db)).out,
    /^## xports: no findings\n\nRun 1 of /,
  );
});
