// What a capture of weeks needs: silence, floods, a database in trouble, new runs, findings that are told. Needs root
// and libpcap.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import Database from 'better-sqlite3';
import { sampleCapture } from '../../fixtures/sample.ts';
import { nextMidnightMs } from '../../src/pipeline/live-options.ts';
import { query, type Row, runXports } from '../support/analyze.ts';
import { Cable, cannotTry, conserves } from './namespaces.ts';

const SAMPLE = join(mkdtempSync(join(tmpdir(), 'xports-sample-')), 'sample.pcap');
writeFileSync(SAMPLE, sampleCapture(1514));
const skip = cannotTry();
let cable: Cable;

after(() => rmSync(dirname(SAMPLE), { recursive: true }));

test('the next midnight is the first moment of the next local day', () => {
  for (const now of [new Date(2026, 0, 31, 0, 0, 0), new Date(2026, 11, 31, 23, 59, 59, 999)]) {
    const next = new Date(nextMidnightMs(now));
    assert.equal(next.getHours() + next.getMinutes() + next.getSeconds() + next.getMilliseconds(), 0);
    assert.ok(next > now && next.getTime() - now.getTime() <= 25 * 3_600_000);
  }
});

/** What a finding is told by. */
const nameOf = (row: Row) => `${row.kind} ${row.responder} ${row.transport} ${row.port}`;

/** Asks again until the database answers so; in vain for half a minute at most. */
async function until(path: string, sql: string, isSo: (rows: Row[]) => boolean): Promise<void> {
  for (let tries = 300; !isSo(query(path, sql)); tries--) {
    assert.ok(tries > 0, `${sql}: ${JSON.stringify(query(path, sql))}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a capture of weeks', { skip }, () => {
  beforeEach(() => {
    cable = new Cable();
  });

  const onCable = (name: string, body: () => Promise<void>) =>
    test(name, { timeout: 90_000 }, async () => {
      try {
        await body();
      } finally {
        cable.remove();
      }
    });

  onCable('on a wire that falls silent flows end by the wall clock, and are stored as idle', async () => {
    const timeouts = ['--tcp-timeout', '1', '--idle-timeout', '1', '--checkpoint', '0.3'];
    const listener = await cable.listen(...timeouts);
    const sent = cable.send(SAMPLE);
    const database = cable.path('live.db');
    await until(database, 'SELECT packets FROM runs', ([run]) => run?.packets === sent);
    await until(
      database,
      "SELECT count(*) AS open FROM flow_records WHERE end_reason = 'open'",
      ([{ open }]) => open === 0,
    );
    const ends = query(database, 'SELECT DISTINCT end_reason FROM flow_records').map((row) => row.end_reason);
    assert.ok(ends.includes('idle'));
    const second = cable.send(SAMPLE);
    const ended = await listener.stop();
    assert.equal(ended.exit, 0, ended.err);
    assert.equal(conserves(database), sent + second);
  });

  onCable('more flows than --max-flows are stored as evicted, counted and said', async () => {
    const listener = await cable.listen('--max-flows', '8', '--checkpoint', '0.3');
    const sent = cable.send(SAMPLE, 3);
    await listener.says(/quiet longest are stored as evicted/);
    const ended = await listener.stop();
    assert.equal(ended.exit, 0, ended.err);
    const database = cable.path('live.db');
    assert.equal(conserves(database), sent);
    const [{ evicted }] = query(
      database,
      "SELECT count(*) AS evicted FROM flow_records WHERE end_reason = 'evicted'",
    );
    assert.ok(Number(evicted) > 0);
    assert.deepEqual(query(database, "SELECT value FROM run_facts WHERE name = 'evicted_flows'"), [
      { value: evicted },
    ]);
    const [run] = query(database, 'SELECT message FROM runs');
    assert.match(String(run.message), new RegExp(`^${evicted} flows were stored before their end`));
  });

  onCable(
    'while another program locks the database no packet is lost, and both ends of it are said',
    async () => {
      const listener = await cable.listen('--checkpoint', '0.3');
      const database = cable.path('live.db');
      const other = new Database(database);
      other.exec('BEGIN IMMEDIATE');
      await listener.says(/another program keeps it locked; rows wait in memory/);
      const sent = cable.send(SAMPLE, 50);
      other.exec('COMMIT');
      other.close();
      await listener.says(/can be written again/);
      const more = cable.send(SAMPLE);
      const ended = await listener.stop();
      assert.equal(ended.exit, 0, ended.err);
      assert.equal(conserves(database), sent + more);
      const [run] = query(database, 'SELECT status, message, kernel_dropped FROM runs');
      assert.equal(run.status, 'complete');
      assert.equal(run.kernel_dropped, 0);
      assert.match(String(run.message), /keeps it locked/);
    },
  );

  onCable(
    'a database that stays locked is exit code 6, with what was kept and where the packets are',
    async () => {
      const file = cable.path('kept.pcap');
      const listener = await cable.listen('--checkpoint', '0.3', '--patience', '1', '--write', file);
      cable.send(SAMPLE);
      const database = cable.path('live.db');
      await until(database, 'SELECT count(*) AS flows FROM flow_records', ([{ flows }]) => Number(flows) > 0);
      const other = new Database(database);
      other.exec('BEGIN IMMEDIATE');
      try {
        const ended = await listener.ended;
        assert.equal(ended.exit, 6);
        assert.match(
          ended.err,
          /keeps it locked; run 1 keeps the \d+ flows stored before; the packets are in /,
        );
      } finally {
        other.exec('COMMIT');
        other.close();
      }
      assert.deepEqual(query(database, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
      conserves(database);
    },
  );

  onCable(
    'when more rows wait than may, the capture ends with what was stored, and the packets are kept',
    async () => {
      const file = cable.path('kept.pcap');
      const few = ['--max-waiting', '1', '--max-flows', '8', '--checkpoint', '0.3', '--write', file];
      const listener = await cable.listen(...few);
      const first = cable.send(SAMPLE);
      const database = cable.path('live.db');
      await until(database, 'SELECT packets FROM runs', ([run]) => run?.packets === first);
      const other = new Database(database);
      other.exec('BEGIN IMMEDIATE');
      const load = cable.load(SAMPLE);
      try {
        const ended = await listener.ended;
        assert.equal(ended.exit, 6, ended.err);
        assert.match(
          ended.err,
          /more than 1 MiB of rows wait for the database \(--max-waiting\): the capture ends/,
        );
        assert.match(ended.err, /run 1 keeps .*; the packets are in /);
      } finally {
        await load.stop();
        other.exec('COMMIT');
        other.close();
      }
      assert.deepEqual(query(database, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
      assert.equal(conserves(database), first);
      const offline = cable.path('offline.db');
      await runXports(['analyze', file, '--db', offline, '--quiet']);
      assert.ok(conserves(offline) > first);
    },
  );

  onCable('a finding is told once, as a JSON line, and given to the command of the user', async () => {
    const given = cable.path('given');
    const script = cable.path('command.cjs');
    writeFileSync(
      script,
      `process.stdin.on('data', (d) => require('fs').appendFileSync(${JSON.stringify(given)}, d));`,
    );
    const command = `${process.execPath} ${script}`;
    const listener = await cable.listen('--json', '--checkpoint', '0.3', '--on-finding', command);
    cable.send(SAMPLE);
    // It is told while the capture goes on.
    await listener.says(/^\{.*"status":"open"/m);
    cable.send(SAMPLE);
    const ended = await listener.stop();
    assert.equal(ended.exit, 0, ended.err);
    // Standard output is one document all the same.
    const { findings } = JSON.parse(ended.out);
    const lines = ended.err.split('\n').filter((line) => line.startsWith('{'));
    const notes: Row[] = lines.map((line) => JSON.parse(line));
    const told = notes.filter(({ status }) => status === 'open').map(nameOf);
    const resolved = notes.filter(({ status }) => status === 'resolved').map(nameOf);
    assert.equal(new Set(told).size, told.length);
    assert.deepEqual(told.filter((name) => !resolved.includes(name)).sort(), findings.map(nameOf).sort());
    assert.ok(findings.length > 0);
    assert.deepEqual(readFileSync(given, 'utf8').trim().split('\n').sort(), [...lines].sort());
  });

  onCable('a new run begins at midnight on the same device, and no packet is lost', async () => {
    cable.env = { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'near-midnight.js')}` };
    const listener = await cable.listen('--rotate-run', 'daily', '--checkpoint', '0.3');
    const load = cable.load(SAMPLE);
    await listener.says(/run 1 ends here; run 2 begins/);
    await load.stop();
    const sent = Number(
      cable.atListener('-s', '-j', 'link', 'show', cable.device).match(/"rx":\{[^}]*"packets":(\d+)/)?.[1],
    );
    const ended = await listener.stop();
    assert.equal(ended.exit, 0, ended.err);
    const database = cable.path('live.db');
    const runs = query(database, 'SELECT * FROM runs ORDER BY id');
    assert.deepEqual(
      runs.map(({ status, kernel_dropped }) => [status, kernel_dropped]),
      [
        ['complete', 0],
        ['complete', 0],
      ],
    );
    assert.ok(runs.every(({ packets }) => Number(packets) > 0));
    assert.equal(conserves(database), sent);
    assert.ok(Number(runs[0].last_packet_us) <= Number(runs[1].first_packet_us));
    assert.match(ended.out, /^Run 2\n/);
  });

  onCable(
    'SIGHUP begins a new run with the policy as it is now, and one that is broken changes nothing',
    async () => {
      const policy = cable.path('policy.yaml');
      const services = (port: number) =>
        `version: 1\nservices:\n  - { name: ours, transport: tcp, ports: [${port}], reason: ours }\n`;
      writeFileSync(policy, services(1));
      const offline = cable.path('offline.db');
      await runXports(['analyze', SAMPLE, '--db', offline, '--quiet']);
      const unexpected =
        "SELECT DISTINCT port FROM service_counts WHERE transport = 'tcp' AND verdict = 'unexpected'";
      const [{ port }] = query(offline, `${unexpected} ORDER BY port DESC LIMIT 1`);
      const listener = await cable.listen('--policy', policy, '--checkpoint', '0.3');
      const first = cable.send(SAMPLE);
      writeFileSync(policy, 'version: 1\nprofile: none\n');
      listener.child.kill('SIGHUP');
      await listener.says(
        /SIGHUP: .* has one mistake\n.*:2:10: profile.*\nxports: the policy that was read before stays/,
      );
      const second = cable.send(SAMPLE);
      const database = cable.path('live.db');
      await until(database, 'SELECT sum(packets) AS sum FROM runs', ([{ sum }]) => sum === first + second);
      writeFileSync(policy, services(Number(port)));
      listener.child.kill('SIGHUP');
      await listener.says(/run 1 ends here; run 2 begins/);
      const third = cable.send(SAMPLE);
      listener.child.kill('SIGHUP');
      await listener.says(/is what it was; the run goes on/);
      const ended = await listener.stop();
      assert.equal(ended.exit, 0, ended.err);
      const runs = query(database, 'SELECT status, packets, kernel_dropped, policy FROM runs ORDER BY id');
      assert.deepEqual(runs, [
        { status: 'complete', packets: first + second, kernel_dropped: 0, policy: services(1) },
        { status: 'complete', packets: third, kernel_dropped: 0, policy: services(Number(port)) },
      ]);
      conserves(database);
      const verdicts = `SELECT run_id, service, verdict FROM service_counts WHERE transport = 'tcp' AND port = ${port}`;
      assert.deepEqual(query(database, `${verdicts} ORDER BY run_id`), [
        { run_id: 1, service: 'unlisted', verdict: 'unexpected' },
        { run_id: 2, service: 'ours', verdict: 'expected' },
      ]);
      assert.ok(query(database, `${unexpected} AND run_id = 1`).length > 0);
      assert.equal(query(database, `SELECT * FROM findings WHERE run_id = 2 AND port = ${port}`).length, 0);
    },
  );

  onCable('SIGHUP ends nothing, and metrics tell of the run', async () => {
    const listener = await cable.listen('--metrics', '127.0.0.1:0', '--checkpoint', '0.3');
    assert.match(listener.said, /metrics are at http:\/\/127\.0\.0\.1:\d+\/metrics/);
    listener.child.kill('SIGHUP');
    await listener.says(/SIGHUP: no --policy was given .*the capture goes on/);
    const sent = cable.send(SAMPLE);
    const ended = await listener.stop();
    assert.equal(ended.exit, 0, ended.err);
    assert.equal(conserves(cable.path('live.db')), sent);
  });
});
