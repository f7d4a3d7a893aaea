// The commands that read a database.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ALLOW_LIST } from '../../src/service/allow-list.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { storeExchangeRun } from '../store/exchange-run.ts';
import { batchOf, book, httpsFlow, runStart, scratch } from '../store/sample.ts';
import { xports } from './call.ts';

const ENTRY = join(import.meta.dirname, 'entry.ts');

test('a database that is missing is exit code 6 with a way on, and is not created', async (t) => {
  const path = join(scratch(t), 'none.db');
  for (const args of [
    ['report'],
    ['findings'],
    ['flows'],
    ['services', '--run', 'latest'],
    ['rules'],
    ['diff', '1', '2'],
    ['runs'],
    ['runs', 'vacuum'],
    ['runs', 'delete', '1'],
  ]) {
    const called = await xports(...args, '--db', path);
    assert.equal(called.code, 6, args.join(' '));
    assert.match(called.err, /^xports: there is no database .*none\.db\n.*xports analyze/);
    assert.equal(existsSync(path), false);
  }
});

test('report prints the latest run, or all, as text or JSON', async (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  storeExchangeRun(path);
  assert.match((await xports('report', '--db', path)).out, /^Run 2 /);
  assert.match((await xports('report', '--db', path, '--run', '1')).out, /^Run 1 /);
  assert.match((await xports('report', '--db', path, '--run', 'all')).out, /^Run 1 [\s\S]*^Run 2 /m);
  assert.equal(JSON.parse((await xports('report', '--db', path, '--json')).out).run.id, 2);
  const missing = await xports('report', '--db', path, '--run', '7');
  assert.equal(missing.code, 2);
  assert.match(missing.err, /no run 7/);
});

test('output for a pipe has no colour', async (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  assert.ok(!(await xports('report', '--db', path)).out.includes('\u001b'));
});

test('flows are filtered by either address, block, port, service, verdict and transport', async (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  const ids = async (...filter: string[]): Promise<number[]> => {
    const called = await xports('flows', '--db', path, '--format', 'jsonl', ...filter);
    assert.equal(called.code, 0, called.err);
    return called.out
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).flow_id);
  };
  assert.deepEqual(await ids(), [1, 2, 3]);
  assert.deepEqual(await ids('--address', '10.0.0.5'), [1, 2, 3]);
  assert.deepEqual(await ids('--address', '192.0.2.10'), [1]);
  assert.deepEqual(await ids('--address', '198.51.100.0/24'), [3]);
  assert.deepEqual(await ids('--address', '2001:DB8:0::7'), [2]);
  assert.deepEqual(await ids('--address', '2001:db8::/32'), [2]);
  assert.deepEqual(await ids('--address', '::/0'), [2]);
  assert.deepEqual(await ids('--port', '3389'), [3]);
  assert.deepEqual(await ids('--port', '50000'), [], 'the port that counts is the one of the responder');
  assert.deepEqual(await ids('--service', 'https-owa', '--verdict', 'expected'), [1, 2]);
  assert.deepEqual(await ids('--service', 'unlisted'), [3]);
  assert.deepEqual(await ids('--transport', 'UDP'), []);
  assert.deepEqual(await ids('--limit', '2'), [1, 2]);
});

test('CSV has every column, and lines that end as RFC 4180 wants', async (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  const lines = (await xports('flows', '--db', path, '--format', 'csv')).out.split('\r\n');
  assert.equal(lines.length, 5);
  assert.equal(lines[0].split(',').length, 31);
  assert.ok(lines[1].startsWith('1,1,4,6,tcp,192.0.2.10,50000,10.0.0.5,443,5,4,500,4000,200,3700,'));
});

test('findings can be narrowed to the severe', async (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  const all = (await xports('findings', '--db', path, '--format', 'jsonl')).out.trim().split('\n');
  assert.deepEqual(
    all.map((line) => JSON.parse(line).severity),
    ['high', 'low'],
  );
  const severe = await xports('findings', '--db', path, '--severity', 'medium');
  assert.match(severe.out, /HIGH/);
  assert.doesNotMatch(severe.out, /LOW/);
});

test('services without a run is the catalog, every row of it', async () => {
  const rows = JSON.parse((await xports('services', '--json')).out);
  assert.equal(rows.length, ALLOW_LIST.length);
  assert.deepEqual(Object.keys(rows[0]), ['id', 'transport', 'port', 'lists', 'label', 'note']);
  const table = (await xports('services')).out;
  for (const row of ALLOW_LIST) assert.ok(table.includes(row.label), row.label);
});

test('services with a run is what it saw', async (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  const rows = JSON.parse((await xports('services', '--db', path, '--run', 'latest', '--json')).out);
  assert.deepEqual([rows[0].service, rows[0].flows, rows[0].initiators], ['https-owa', 12_350, 2]);
});

test('runs are listed, deleted, and the database shrunk', async (t) => {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  storeExchangeRun(path);
  assert.match((await xports('runs', '--db', path)).out, /damaged[\s\S]*monday\.pcapng/);
  assert.equal((await xports('runs', 'delete', '1', '--db', path)).code, 0);
  assert.equal((await xports('runs', 'delete', '1', '--db', path)).code, 2);
  assert.equal((await xports('runs', 'vacuum', '--db', path)).code, 0);
  const left = (await xports('runs', 'list', '--db', path, '--format', 'jsonl')).out.trim().split('\n');
  assert.deepEqual(
    left.map((line) => JSON.parse(line).id),
    [2],
  );
});

test('a reader that goes away ends the output quietly', async (t) => {
  const path = join(scratch(t), 'x.db');
  const sink = new SqliteSink(path, runStart());
  const rows = Array.from({ length: 5000 }, (_, i) => httpsFlow(i + 1));
  sink.flows(batchOf(...rows), book('192.0.2.10', '10.0.0.5'));
  sink.finish('complete', null);
  sink.close();
  const child = spawn(process.execPath, [
    '--import',
    'tsx',
    ENTRY,
    'flows',
    '--db',
    path,
    '--format',
    'jsonl',
  ]);
  let err = '';
  child.stderr.on('data', (text) => {
    err += text;
  });
  await once(child.stdout, 'data');
  child.stdout.destroy();
  const [code] = await once(child, 'exit');
  assert.deepEqual([code, err], [0, '']);
});
