// xports export: whole tables for other programs, to standard output, a file or a directory.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { parquetMetadata } from 'hyparquet';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { PUBLIC_TABLES, TABLE_NAMES } from '../../src/store/tables.ts';
import { storeExchangeRun } from '../store/exchange-run.ts';
import { batchOf, book, httpsFlow, runStart, scratch } from '../store/sample.ts';
import { xports } from './call.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/xports.js');

function exchangeDb(t: TestContext): string {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  return path;
}

/** A database of one run with so many flows. */
function flowsDb(t: TestContext, count: number): string {
  const path = join(scratch(t), 'flows.db');
  const sink = new SqliteSink(path, runStart());
  const addresses = book('192.0.2.10', '10.0.0.5');
  const batch = 5000;
  for (let from = 1; from <= count; from += batch) {
    sink.flows(batchOf(...Array.from({ length: batch }, (_, i) => httpsFlow(from + i))), addresses);
  }
  sink.finish('complete', null);
  sink.close();
  return path;
}

/** Rows of a table as the database itself gives them to anybody. */
function rowsOf(path: string, table: string): unknown[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare(`SELECT * FROM ${table}`).all();
  } finally {
    db.close();
  }
}

test('every table is written whole, as the database has it', async (t) => {
  const db = exchangeDb(t);
  for (const { name } of PUBLIC_TABLES) {
    const { code, out } = await xports('export', name, '--db', db, '--format', 'jsonl');
    assert.equal(code, 0);
    const lines = out.split('\n').slice(0, -1);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      rowsOf(db, name),
      name,
    );
  }
});

test('a run is the latest one unless another, or all, is asked for', async (t) => {
  const db = exchangeDb(t);
  storeExchangeRun(db);
  const runs = async (...more: string[]) => {
    const { out } = await xports('export', 'skipped', '--db', db, '--format', 'jsonl', ...more);
    return [
      ...new Set(
        out
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line).run_id),
      ),
    ];
  };
  assert.deepEqual(await runs(), [2]);
  assert.deepEqual(await runs('--run', '1'), [1]);
  assert.deepEqual(await runs('--run', 'all'), [1, 2]);
  const { out } = await xports('export', 'runs', '--db', db, '--run', '1', '--format', 'jsonl');
  assert.equal(JSON.parse(out).id, 1);
});

test('without a table a directory gets a file for each, written over what was there', async (t) => {
  const db = exchangeDb(t);
  const into = join(scratch(t), 'new', 'tables');
  for (const format of ['csv', 'jsonl', 'parquet', 'csv']) {
    const { code, out, err } = await xports('export', '--db', db, '--format', format, '--output', into);
    assert.deepEqual([code, out, err], [0, '', '']);
  }
  const expected = TABLE_NAMES.flatMap((name) =>
    ['csv', 'jsonl', 'parquet'].map((format) => `${name}.${format}`),
  );
  assert.deepEqual(readdirSync(into).sort(), expected.sort());
  const lines = readFileSync(join(into, 'skipped.csv'), 'utf8').split('\r\n');
  assert.deepEqual(lines, ['run_id,reason,packets,bytes', '1,arp,321,13482', '1,non-ip:0x88cc,12,1800', '']);
  const parquet = readFileSync(join(into, 'flow_records.parquet'));
  const { buffer, byteOffset, length } = parquet;
  assert.equal(parquetMetadata(buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer).num_rows, 3n);
});

test('what a capture brings cannot be a formula or a control character in CSV, and is whole in JSON lines', async (t) => {
  const db = exchangeDb(t);
  const hostile = "=cmd|' /C calc'!A0\u001b[2J\u009b2J\n@SUM(1).pcap";
  const file = new Database(db);
  file.prepare('UPDATE sources SET path = ?').run(hostile);
  file.close();
  const csv = (await xports('export', 'sources', '--db', db)).out;
  assert.match(csv, /\r\n1,1,'=cmd\|' \/C calc'!A0\\x1b\[2J\\x9b2J\\x0a@SUM\(1\)\.pcap,/);
  const jsonl = (await xports('export', 'sources', '--db', db, '--format', 'jsonl')).out;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to look for
  assert.doesNotMatch(jsonl.slice(0, -1), /[\u0000-\u001f\u007f-\u009f]/);
  assert.equal(JSON.parse(jsonl).path, hostile);
  const document = (await xports('report', '--db', db, '--json')).out;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above, but for the ends of lines
  assert.doesNotMatch(document, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
});

test('what makes no sense is a usage error, and what cannot be written exit code 74', async (t) => {
  const db = exchangeDb(t);
  for (const [args, words] of [
    [['export'], /which table.*\n.*flow_records/],
    [['export', 'flows'], /Allowed choices are/],
    [['export', '--format', 'xlsx'], /Allowed choices are csv, jsonl, parquet, zeek/],
    [['export', 'findings', '--format', 'zeek'], /no log for findings/],
  ] as const) {
    const { code, err } = await xports(...args, '--db', db);
    assert.equal(code, 2, err);
    assert.match(err, words);
  }
  const missing = join(scratch(t), 'no', 'such', 'file.csv');
  const { code, err } = await xports('export', 'runs', '--db', db, '--output', missing);
  assert.equal(code, 74);
  assert.match(err, /file\.csv cannot be written: no such file or directory/);
  const onto = await xports('export', '--db', db, '--output', db);
  assert.equal(onto.code, 74);
  assert.ok(existsSync(db));
});

test('a reader that goes away ends any format quietly', async (t) => {
  const db = flowsDb(t, 30_000);
  for (const format of ['parquet', 'zeek']) {
    const child = spawn(process.execPath, [
      PROGRAM,
      'export',
      'flow_records',
      '--db',
      db,
      '--format',
      format,
    ]);
    let err = '';
    child.stderr.on('data', (text) => {
      err += text;
    });
    await once(child.stdout, 'data');
    child.stdout.destroy();
    assert.deepEqual([...(await once(child, 'exit')), err], [0, null, ''], format);
  }
});

test('many flows pass in memory that has no room for them', async (t) => {
  const db = flowsDb(t, 100_000);
  // As objects these flows take more than 50 MB.
  const heap = '--max-old-space-size=44';
  for (const format of ['csv', 'parquet']) {
    const args = [heap, PROGRAM, 'export', 'flow_records', '--db', db, '--format', format];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let bytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    const [code] = await once(child, 'close');
    assert.equal(code, 0, format);
    assert.ok(bytes > 100_000, format);
  }
});
