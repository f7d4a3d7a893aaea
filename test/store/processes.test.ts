// Several processes and one database: both finish, and a run whose process died is told from one at work.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { openForWriting } from '../../src/store/sqlite/open.ts';
import { isGone, thisProcess } from '../../src/store/sqlite/processes.ts';
import { markInterrupted } from '../../src/store/sqlite/runs.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { runStart, scratch } from './sample.ts';

function child(...args: string[]): ChildProcess {
  const script = join(import.meta.dirname, 'child.ts');
  return spawn(process.execPath, ['--import', 'tsx', script, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function read(path: string, sql: string): unknown[] {
  const db = new Database(path, { readonly: true });
  try {
    return db.prepare(sql).all();
  } finally {
    db.close();
  }
}

test('three processes that begin at once in a new database all finish', async (t) => {
  const path = join(scratch(t), 'x.db');
  const children = [child(path, '20000'), child(path, '20000'), child(path, '20000')];
  const codes = await Promise.all(children.map((process) => once(process, 'exit')));
  assert.deepEqual(
    codes.map(([code]) => code),
    [0, 0, 0],
  );
  const rows = read(
    path,
    'SELECT status, (SELECT count(*) FROM flow_records WHERE run_id = id) AS flows FROM runs',
  );
  assert.deepEqual(rows, Array(3).fill({ status: 'complete', flows: 20_000 }));
});

test('a run whose process was killed is valid, and the next run marks it as interrupted', async (t) => {
  const path = join(scratch(t), 'x.db');
  const victim = child(path, '2000', 'hang');
  if (victim.stdout) await once(victim.stdout, 'data');
  new SqliteSink(path, runStart()).close();
  assert.deepEqual(
    read(path, 'SELECT status FROM runs WHERE id = 1'),
    [{ status: 'running' }],
    'still at work',
  );
  victim.kill('SIGKILL');
  await once(victim, 'exit');
  new SqliteSink(path, runStart()).close();
  assert.deepEqual(read(path, 'SELECT status FROM runs WHERE id = 1'), [{ status: 'interrupted' }]);
  assert.deepEqual(read(path, 'SELECT count(*) AS flows FROM flow_records WHERE run_id = 1'), [
    { flows: 2000 },
  ]);
  assert.deepEqual(read(path, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
});

test('a run is given up only for a process that is gone, or a silent minute on another host', (t) => {
  const db = openForWriting(join(scratch(t), 'x.db'));
  t.after(() => db.close());
  const now = 1_800_000_000_000_000;
  const self = thisProcess();
  const minute = 60_000_000;
  const cases: readonly [
    name: string,
    host: string,
    pid: number,
    startedAtUs: number,
    heartbeatUs: number,
    status: string,
  ][] = [
    ['this very process, long silent', hostname(), self.pid, self.startedAtUs, now - 9 * minute, 'running'],
    [
      'our number, given to another process since',
      hostname(),
      self.pid,
      self.startedAtUs - minute,
      now,
      'interrupted',
    ],
    ['a number nobody has', hostname(), 2 ** 22 + 7, self.startedAtUs, now, 'interrupted'],
    ['another host, alive', 'elsewhere.example', 1, 1, now - minute + 1, 'running'],
    ['another host, silent', 'elsewhere.example', 1, 1, now - minute - 1, 'interrupted'],
  ];
  const insert = db.prepare(`INSERT INTO runs (run_uid, sensor, source, source_kind, status, started_at_us,
    heartbeat_us, profile, options, version, host, pid, process_started_at_us)
    VALUES (?, '', '', 'file', 'running', 1, ?, '', '{}', '', ?, ?, ?)`);
  for (const [name, host, pid, startedAtUs, heartbeatUs] of cases)
    insert.run(name, heartbeatUs, host, pid, startedAtUs);
  markInterrupted(db, now);
  const found = db.prepare('SELECT run_uid, status FROM runs ORDER BY id').all();
  assert.deepEqual(
    found,
    cases.map(([run_uid, , , , , status]) => ({ run_uid, status })),
  );
});

test('a run that is closed without being finished is interrupted', (t) => {
  const path = join(scratch(t), 'x.db');
  new SqliteSink(path, runStart()).close();
  assert.deepEqual(read(path, 'SELECT status FROM runs'), [{ status: 'interrupted' }]);
});

test('a process that has ended and is not waited for is gone', {
  skip: process.platform !== 'linux' && 'only Linux tells',
}, async (t) => {
  // The shell becomes a sleep, which never asks what became of its child; the child ends after that.
  const child = '(until grep -q sleep /proc/$$/comm; do :; done)';
  const parent = spawn('sh', ['-c', `${child} & echo $!; exec sleep 60`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => parent.kill('SIGKILL'));
  const [output] = await once(parent.stdout, 'data');
  const pid = Number(String(output).trim().split('\n').at(-1));
  const state = () => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  while (state() !== 'Z') await setTimeout(5);
  const startedUs = Date.now() * 1000;
  const run = { host: hostname(), pid, process_started_at_us: startedUs, heartbeat_us: Date.now() * 1000 };
  assert.equal(isGone(run, Date.now() * 1000), true);
});
