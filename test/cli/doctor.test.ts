// xports doctor: what is in order, what is not, and what mends it.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import Database from 'better-sqlite3';
import { accepts } from '../../src/pipeline/health.ts';
import { databaseError } from '../../src/store/sqlite/failure.ts';
import { xports } from './call.ts';

const folder = mkdtempSync(join(tmpdir(), 'xports-doctor-'));
after(() => rmSync(folder, { recursive: true }));
const SAMPLE = join(import.meta.dirname, '../../fixtures/sample.pcap');

async function documentOf(db: string) {
  const { code, out } = await xports('doctor', '--json', '--db', db);
  return { code, document: JSON.parse(out) };
}

test('a database that is whole is found so, and is not changed', async () => {
  const db = join(folder, 'whole.db');
  assert.equal((await xports('analyze', '--quiet', '--db', db, SAMPLE)).code, 0);
  const before = readFileSync(db);
  const { code, document } = await documentOf(db);
  // 5 where this machine cannot capture; then it says what would help.
  assert.equal(code, document.capture.possible ? 0 : 5);
  if (!document.capture.possible) assert.ok(document.capture.trouble.text.length > 0);
  const own = new Database(db, { readonly: true });
  assert.equal(document.database.user_version, own.pragma('user_version', { simple: true }));
  assert.equal(document.sqlite.version, own.prepare('SELECT sqlite_version()').pluck().get());
  own.close();
  assert.equal(document.database.quick_check, 'ok');
  assert.equal(document.database.runs, 1);
  assert.equal(document.database.bytes, statSync(db).size);
  assert.ok(document.database.free_bytes > 0);
  assert.equal(document.node.version, process.versions.node);
  assert.deepEqual(readFileSync(db), before);
});

test('a database that is damaged is exit code 6, with what to do', async () => {
  const db = join(folder, 'damaged.db');
  await xports('analyze', '--quiet', '--db', db, SAMPLE);
  const bytes = readFileSync(db);
  // The header stays; every page behind the first is noise.
  writeFileSync(db, bytes.fill(0xa5, 4096));
  const { code, document } = await documentOf(db);
  assert.equal(code, 6);
  assert.match(document.database.trouble.text, /damaged/);
  const words = await xports('doctor', '--db', db);
  assert.equal(words.code, 6);
  assert.match(words.out, /✗ .*damaged[\s\S]*→ /);
});

test("a file that is no database, or another program's, is exit code 6", async () => {
  const text = join(folder, 'notes.txt');
  writeFileSync(text, 'nothing of ours, and longer than a header of a hundred bytes has to be.\n'.repeat(4));
  assert.equal((await documentOf(text)).code, 6);
  const other = join(folder, 'other.db');
  new Database(other).exec('CREATE TABLE theirs (x)').close();
  const { code, document } = await documentOf(other);
  assert.equal(code, 6);
  assert.match(document.database.trouble.text, /another program/);
});

test('a database that is not there yet is nothing wrong, and none is made', async () => {
  const db = join(folder, 'none.db');
  const { code, document } = await documentOf(db);
  assert.notEqual(code, 6);
  assert.equal(document.database.exists, false);
  assert.throws(() => statSync(db));
});

test('the versions of Node in package.json are understood', () => {
  const range = '20 || 22 || >=26';
  assert.deepEqual(
    ['20.20.2', '21.0.0', '22.12.0', '24.1.0', '26.0.0', '30.1.1', '18.19.0'].filter((v) =>
      accepts(range, v),
    ),
    ['20.20.2', '22.12.0', '26.0.0', '30.1.1'],
  );
});

test('where better-sqlite3 was not built, the command that builds it is named', () => {
  const missing = new Error('Could not locate the bindings file. Tried:\n → /somewhere/better_sqlite3.node');
  const other = Object.assign(new Error('was compiled against a different Node.js version'), {
    code: 'ERR_DLOPEN_FAILED',
  });
  for (const error of [missing, other]) {
    assert.match(databaseError('open', 'x.db', error).hint ?? '', /npm rebuild better-sqlite3/);
  }
});
