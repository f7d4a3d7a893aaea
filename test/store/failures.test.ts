// A database that cannot be used: exit code 6, and a sentence that names the file and the reason.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { XportsError } from '../../src/base/errors.ts';
import { openForReading, openForWriting } from '../../src/store/sqlite/open.ts';
import { migrate, SCHEMA_VERSION } from '../../src/store/sqlite/schema.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { runStart, scratch } from './sample.ts';

/** Asserts exit code 6 and a message that names `path` and matches `reason`. */
function assertRefused(open: () => unknown, path: string, reason: RegExp): void {
  assert.throws(open, (error: unknown) => {
    assert.ok(error instanceof XportsError, String(error));
    assert.equal(error.code, 'database');
    assert.equal(error.exitCode, 6);
    assert.ok(error.message.includes(path), error.message);
    assert.match(error.message, reason);
    return true;
  });
}

test('a directory that is missing, or a directory in the place of the file', (t) => {
  const dir = scratch(t);
  const lost = join(dir, 'lost', 'x.db');
  assertRefused(() => new SqliteSink(lost, runStart()), lost, /no such directory/);
  assertRefused(() => new SqliteSink(dir, runStart()), dir, /is a directory/);
});

test('a file that is no database is left as it was', (t) => {
  const path = join(scratch(t), 'notes.txt');
  const text = 'some notes, more than the sixteen bytes of a header\n'.repeat(50);
  writeFileSync(path, text);
  assertRefused(() => new SqliteSink(path, runStart()), path, /not an xports database/);
  assertRefused(() => openForReading(path), path, /not an xports database/);
  assert.equal(readFileSync(path, 'utf8'), text);
});

test("another program's database is left as it was", (t) => {
  const path = join(scratch(t), 'other.db');
  const other = new Database(path);
  other.exec('CREATE TABLE contacts (name TEXT)');
  other.close();
  const before = readFileSync(path);
  assertRefused(() => new SqliteSink(path, runStart()), path, /another program/);
  assert.deepEqual(readFileSync(path), before);
});

test('a database of a newer version is refused with both versions', (t) => {
  const path = join(scratch(t), 'x.db');
  const db = openForWriting(path);
  db.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
  db.close();
  const versions = new RegExp(`version ${SCHEMA_VERSION + 1}, this one knows ${SCHEMA_VERSION}`);
  assertRefused(() => new SqliteSink(path, runStart()), path, versions);
  assertRefused(() => openForReading(path), path, versions);
});

test('reading never creates a database', (t) => {
  const path = join(scratch(t), 'x.db');
  assertRefused(() => openForReading(path), path, /there is no database/);
  assert.throws(() => readFileSync(path), /ENOENT/);
});

test('a directory or a file that may not be written', (t) => {
  const dir = scratch(t);
  const closed = join(dir, 'closed');
  mkdirSync(closed);
  const path = join(closed, 'x.db');
  openForWriting(join(dir, 'readonly.db')).close();
  chmodSync(join(dir, 'readonly.db'), 0o444);
  chmodSync(closed, 0o555);
  chmodSync(dir, 0o755);
  asNobody(() => {
    assertRefused(() => new SqliteSink(path, runStart()), path, /cannot be written/);
    const file = join(dir, 'readonly.db');
    assertRefused(() => new SqliteSink(file, runStart()), file, /read-only/);
  });
  chmodSync(closed, 0o755);
});

test('a database whose directory may not be written can be read', (t) => {
  const parent = scratch(t);
  const dir = join(parent, 'closed');
  mkdirSync(dir);
  chmodSync(parent, 0o755);
  const path = join(dir, 'x.db');
  const sink = new SqliteSink(path, runStart());
  sink.finish('complete', null);
  sink.close();
  chmodSync(path, 0o444);
  chmodSync(dir, 0o555);
  asNobody(() => {
    const db = openForReading(path);
    assert.equal(db.prepare('SELECT status FROM runs').pluck().get(), 'complete');
    db.close();
  });
  chmodSync(dir, 0o755);
});

test('no room left while writing: exit code 6 and a valid database that keeps what was stored', (t) => {
  const path = join(scratch(t), 'x.db');
  const script = join(import.meta.dirname, 'child.ts');
  // A limit on the size of files stands in for a full disk. It counts in blocks of 512 or 1024 bytes.
  const limited = `ulimit -f 1500; exec '${process.execPath}' --import tsx '${script}' '${path}' 1000000`;
  const run = spawnSync('sh', ['-c', limited], { encoding: 'utf8' });
  assert.equal(run.status, 6, run.stderr);
  const kept = /keeps the (\d+) flows stored before/.exec(run.stdout);
  assert.ok(kept, run.stdout);
  assert.ok(run.stdout.includes(path));
  const db = openForReading(path);
  assert.equal(db.prepare('SELECT count(*) FROM flow_records').pluck().get(), Number(kept[1]));
  assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
  db.close();
});

test('an older database is brought forward, one step after the other, and keeps its rows', () => {
  const db = new Database(':memory:');
  migrate(db, ['CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);']);
  const steps = [
    'this step was applied before and would fail',
    'ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;',
    'CREATE VIEW sums AS SELECT x + y AS z FROM a;',
  ];
  migrate(db, steps);
  assert.equal(db.prepare('SELECT z FROM sums').pluck().get(), 3);
  assert.equal(db.pragma('user_version', { simple: true }), 3);
  assert.throws(() => migrate(db, [...steps, 'CREATE TABLE b (x INTEGER); not sql']));
  assert.equal(db.pragma('user_version', { simple: true }), 3, 'a step that fails leaves nothing behind');
  assert.equal(db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 'b'").pluck().get(), 0);
});

/** Runs `work` without root's power to write everywhere. */
function asNobody(work: () => void): void {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}
