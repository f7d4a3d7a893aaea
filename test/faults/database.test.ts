// The database's disk fills up, its file is spoilt, it may not be written, another holds it: what a user then has.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Dice } from '../fuzz/dice.ts';
import { scratch } from '../store/sample.ts';
import { manyFlows, start, wholeRuns } from './support.ts';

const FLOWS = 60_000;
const cannotMount =
  (process.platform !== 'linux' || process.geteuid?.() !== 0) && 'mounting needs root on Linux';

describe('the database', () => {
  let capture: Buffer;
  before(() => {
    capture = manyFlows(FLOWS);
  });

  test('on a disk that is full: exit code 6, a sentence, and what was stored before stands', {
    skip: cannotMount,
  }, async (t) => {
    const dir = scratch(t);
    const disk = join(dir, 'disk');
    const file = join(dir, 'a.pcap');
    writeFileSync(file, capture);
    mkdirSync(disk);
    for (const size of ['200k', '2m', '5m']) {
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', disk]);
      } catch {
        t.skip('this system lets nobody mount');
        return;
      }
      try {
        const db = join(disk, 'x.db');
        const { code, err } = await start(['analyze', file, '--db', db]).ended;
        assert.equal(code, 6, err);
        assert.match(err, /^xports: .*x\.db.*no space left/m);
        assert.ok(!err.includes('    at '), err);
        // Room is needed to open it: SQLite then rolls back what was not finished.
        execFileSync('mount', ['-o', 'remount,size=64m', disk]);
        for (const run of wholeRuns(db)) assert.notEqual(run.status, 'complete');
        const again = await start(['analyze', file, '--db', db, '--quiet']).ended;
        assert.equal(again.code, 0, again.err);
        assert.deepEqual(wholeRuns(db).at(-1), { status: 'complete', packets: FLOWS, bytes: FLOWS * 60 });
      } finally {
        execFileSync('umount', [disk]);
      }
    }
  });

  test('that is spoilt: every command says so in a sentence with exit code 6, or reads what is whole', async (t) => {
    const dir = scratch(t);
    const good = join(dir, 'good.db');
    const bad = join(dir, 'bad.db');
    const file = join(dir, 'a.pcap');
    writeFileSync(file, manyFlows(2000));
    assert.equal((await start(['analyze', file, '--db', good, '--quiet']).ended).code, 0);
    const size = statSync(good).size;
    const dice = new Dice(6);
    for (let moment = 0; moment < 3; moment++) {
      copyFileSync(good, bad);
      const spoilt = openSync(bad, 'r+');
      const from = moment === 0 ? 16 : 100 + dice.below(size - 5000);
      writeSync(spoilt, Buffer.alloc(4096, 0xa5), 0, 4096, from);
      closeSync(spoilt);
      for (const args of [['report'], ['analyze', file, '--quiet']]) {
        const { code, err, signal } = await start([...args, '--db', bad]).ended;
        assert.equal(signal, null);
        assert.ok(code === 0 || code === 6, `${args[0]} of a file spoilt at ${from}: exit ${code}, ${err}`);
        if (code === 6) assert.match(err, /^xports: .*bad\.db/m);
        assert.ok(!err.includes('    at '), err);
      }
      for (const beside of ['', '-wal', '-shm', '-journal']) rmSync(bad + beside, { force: true });
    }
  });

  test('that is cut to any length is no database, or one that is spoilt, and never read as a whole one', async (t) => {
    const dir = scratch(t);
    const db = join(dir, 'x.db');
    const file = join(dir, 'a.pcap');
    writeFileSync(file, manyFlows(2000));
    assert.equal((await start(['analyze', file, '--db', db, '--quiet']).ended).code, 0);
    const whole = readFileSync(db);
    for (const share of [0.9, 0.4]) {
      writeFileSync(db, whole.subarray(0, Math.floor(whole.length * share)));
      const { code, err } = await start(['report', '--db', db]).ended;
      assert.equal(code, 6, err);
      assert.match(err, /^xports: /);
    }
  });

  test('that another program keeps locked is waited for, and written when it is free', async (t) => {
    const dir = scratch(t);
    const db = join(dir, 'x.db');
    const file = join(dir, 'a.pcap');
    writeFileSync(file, manyFlows(2000));
    assert.equal((await start(['analyze', file, '--db', db, '--quiet']).ended).code, 0);
    const other = new Database(db);
    other.exec('BEGIN EXCLUSIVE');
    const { ended } = start(['analyze', file, '--db', db, '--quiet']);
    await pause(1500);
    other.exec('ROLLBACK');
    other.close();
    assert.deepEqual(await ended.then(({ code, err }) => [code, err]), [0, '']);
    const run = { status: 'complete', packets: 2000, bytes: 120_000 };
    assert.deepEqual(wholeRuns(db), [run, run]);
  });
});
