// Policies from the command line: written, checked, used, and kept with the run.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parsePolicy } from '../../src/policy/document.ts';
import { scratch } from '../store/sample.ts';
import { query } from '../support/analyze.ts';
import { xports } from './call.ts';

const SAMPLE = join(import.meta.dirname, '../../fixtures/sample.pcap');

const POLICY = `servers: [10.10.0.11, 10.10.0.12]
exceptions:
  - initiator: 10.10.20.80
    ports: 3389
    reason: the administrators
  - responder: 10.10.0.0/24
    ports: 8443
    reason: nobody came
  - ports: 4444
    reason: long over
    expires: 2020-01-01
services:
  - { name: files, transport: tcp, ports: 445 }
denied:
  - { service: pop3s, reason: nobody needs it }
`;

describe('analyze --policy', () => {
  test('judges by the file, reports its exceptions, and needs nothing but the database afterwards', async (t) => {
    const dir = scratch(t);
    const [db, file] = [join(dir, 'x.db'), join(dir, 'exchange.yaml')];
    writeFileSync(file, POLICY);
    const { code, out } = await xports('analyze', SAMPLE, '--db', db, '--policy', file);
    assert.equal(code, 0);
    const section = out.slice(out.indexOf('Exceptions of the policy'));
    assert.match(
      section,
      /in use\n +line 3, 10\.10\.20\.80 → anybody, 3389: 1 flow, .*\(the\s+administrators\)/,
    );
    assert.match(section, /never used.*\n +line 6, anybody → 10\.10\.0\.0\/24, 8443 \(nobody came\)/);
    assert.match(section, /expired.*\n +line 9, 4444, until 2020-01-01 \(long over\)/);

    const labels = query(
      db,
      `SELECT DISTINCT service, label_basis, verdict, responder_port AS port FROM flow_records
        WHERE responder_port IN (445, 995, 3389, 4444) AND transport = 'tcp' ORDER BY port`,
    ).map((row) => Object.values(row).join(' '));
    assert.deepEqual(labels, [
      'files policy expected 445',
      'pop3s port unexpected 995',
      'unlisted policy expected 3389',
      'unlisted port unexpected 4444',
    ]);
    const kinds = query(db, 'SELECT port FROM findings WHERE port IN (445, 995, 3389, 4444) ORDER BY port');
    assert.deepEqual(
      kinds.map(({ port }) => port),
      [995, 4444],
    );

    writeFileSync(file, 'profile: microsoft\n');
    const [run] = query(db, 'SELECT policy, profile FROM runs');
    assert.deepEqual(run, { policy: POLICY, profile: 'allow-list' });
    assert.equal((await xports('report', '--db', db)).out, out);
    const files = query(
      db,
      "SELECT port, last_port, allowed_by FROM allowed_services WHERE service = 'files'",
    );
    assert.deepEqual(files, [{ port: 445, last_port: 445, allowed_by: 'policy' }]);
    assert.deepEqual(query(db, "SELECT port FROM allowed_services WHERE service = 'pop3s'"), []);
    assert.equal((await xports('flows', '--db', db, '--service', 'files', '--format', 'csv')).code, 0);
    assert.equal((await xports('flows', '--db', db, '--service', 'flies')).code, 2);
  });

  test('gives way to --servers and --profile, and --rpc-range adds to it', async (t) => {
    const dir = scratch(t);
    const [db, file] = [join(dir, 'x.db'), join(dir, 'p.yaml')];
    writeFileSync(file, 'profile: microsoft\nservers: [10.10.0.11]\nrpc-ranges: [1024-1030]\n');
    const args = ['analyze', SAMPLE, '--db', db, '--policy', file, '--quiet'];
    await xports(...args);
    await xports(...args, '--profile', 'allow-list', '--servers', '10.10.0.12', '--rpc-range', '49667-49667');
    const profiles = query(db, 'SELECT profile FROM runs ORDER BY id').map((run) => run.profile);
    assert.deepEqual(profiles, ['microsoft', 'allow-list']);
    const judged = query(
      db,
      `SELECT run_id, count(*) AS flows FROM flow_records WHERE verdict <> 'out-of-scope'
        AND '10.10.0.11' NOT IN (initiator, responder) GROUP BY run_id`,
    );
    assert.equal(judged.length, 1);
    assert.equal(judged[0].run_id, 2);
  });

  test('is a usage error with line and column where the file is wrong, and no run is begun', async (t) => {
    const dir = scratch(t);
    const [db, file] = [join(dir, 'x.db'), join(dir, 'p.yaml')];
    writeFileSync(file, 'servers:\n  - 10.0.0.256\n');
    const { code, err } = await xports('analyze', SAMPLE, '--db', db, '--policy', file);
    assert.equal(code, 2);
    assert.ok(err.includes(`\n${file}:2:5: "10.0.0.256"`), err);
    assert.deepEqual(query(db, 'SELECT id FROM runs'), []);
    const missing = await xports('analyze', SAMPLE, '--db', db, '--policy', join(dir, 'none.yaml'));
    assert.equal(missing.code, 2);
    assert.match(missing.err, /none\.yaml cannot be read: no such file/);
  });
});

describe('policy check', () => {
  test('says what is in a policy, and which exceptions have run out', async (t) => {
    const file = join(scratch(t), 'p.yaml');
    writeFileSync(file, POLICY);
    const { code, out } = await xports('policy', 'check', file);
    assert.equal(code, 0);
    assert.match(
      out,
      /is a valid policy: profile allow-list, 2 entries of servers, 1 service, 1 denial, 3 exceptions/,
    );
    assert.ok(out.includes(`${file}:9: this exception expired on 2020-01-01`), out);
  });

  test('exits with 2 and a line for each mistake', async (t) => {
    const file = join(scratch(t), 'p.yaml');
    writeFileSync(file, 'profile: none\nfoo: 1\n');
    const { code, err } = await xports('policy', 'check', file);
    assert.equal(code, 2);
    const lines = err.split('\n').filter((line) => line.startsWith(`${file}:`));
    assert.deepEqual(
      lines.map((line) => line.slice(file.length).split(' ')[0]),
      [':1:10:', ':2:1:'],
    );
  });
});

describe('policy init', () => {
  /** Takes the mark of a comment from lines that are no sentences. */
  const uncommented = (text: string) => text.replace(/^#( {2,})/gm, ' $1').replace(/^ {3}/gm, '  ');

  test('writes a valid policy, in which every example is valid too', async () => {
    const { code, out } = await xports('policy', 'init');
    assert.equal(code, 0);
    assert.deepEqual(parsePolicy(out).problems, []);
    const all = parsePolicy(uncommented(out));
    assert.deepEqual(all.problems, []);
    assert.equal(all.policy?.exceptions.length, 1);
    assert.equal(all.policy?.tunnels.length, 1);
  });

  test('drafts one from a run: its servers, and exceptions that still want a reason', async (t) => {
    const dir = scratch(t);
    const [db, file] = [join(dir, 'x.db'), join(dir, 'draft.yaml')];
    await xports('analyze', SAMPLE, '--db', db, '--quiet');
    const { code } = await xports('policy', 'init', '--db', db, '--run', 'latest', '-o', file);
    assert.equal(code, 0);
    const text = readFileSync(file, 'utf8');
    const { policy } = parsePolicy(text);
    assert.deepEqual(policy?.servers.flatMap(({ networks }) => networks).sort(), [
      '10.10.0.11',
      '10.10.0.12',
    ]);
    assert.deepEqual(policy?.exceptions, []);
    // The other examples are nobody's here.
    const suggested = text.replace(/^exceptions:\n(.|\n)*?\n\n/m, uncommented);
    const unreasoned = parsePolicy(suggested).problems;
    assert.ok(unreasoned.length > 0 && unreasoned.every(({ text: what }) => what.startsWith('reason must')));
    writeFileSync(file, suggested.replaceAll("reason: ''", 'reason: known'));
    const again = await xports('analyze', SAMPLE, '--db', db, '--policy', file, '--json', '--quiet');
    const { findings } = JSON.parse(again.out) as { findings: { outcome: string; kind: string }[] };
    assert.deepEqual(
      findings.filter(({ outcome, kind }) => outcome === 'answered' && kind === 'unexpected-port'),
      [],
    );
  });

  test('writes over no file that is there, unless it is told to', async (t) => {
    const file = join(scratch(t), 'p.yaml');
    writeFileSync(file, 'mine');
    assert.equal((await xports('policy', 'init', '-o', file)).code, 2);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
    assert.equal((await xports('policy', 'init', '-o', file, '--force')).code, 0);
    assert.notEqual(readFileSync(file, 'utf8'), 'mine');
  });
});

describe('--servers auto', () => {
  test('judges what the recognised servers take part in, and nothing else', async (t) => {
    const dir = scratch(t);
    const [auto, named] = [join(dir, 'auto.db'), join(dir, 'named.db')];
    await xports('analyze', SAMPLE, '--db', auto, '--servers', 'auto', '--quiet');
    await xports('analyze', SAMPLE, '--db', named, '--servers', '10.10.0.11,10.10.0.12', '--quiet');
    for (const sql of [
      'SELECT * FROM service_counts ORDER BY service, transport, port, verdict',
      'SELECT flow_id, service, verdict FROM flow_records ORDER BY flow_id',
      'SELECT kind, responder, transport, port, initiator, flows FROM findings ORDER BY 1, 2, 3, 4',
    ]) {
      assert.deepEqual(query(auto, sql), query(named, sql), sql);
    }
    const { out } = await xports('report', '--db', auto);
    assert.match(out, /Judged were the 2 Exchange servers/);
  });

  test('leaves the same with --flows unexpected', async (t) => {
    const dir = scratch(t);
    const [auto, named] = [join(dir, 'auto.db'), join(dir, 'named.db')];
    const args = ['--flows', 'unexpected', '--quiet'];
    await xports('analyze', SAMPLE, '--db', auto, '--servers', 'auto', ...args);
    await xports('analyze', SAMPLE, '--db', named, '--servers', '10.10.0.11,10.10.0.12', ...args);
    const sql = 'SELECT flow_id, verdict FROM flow_records ORDER BY flow_id';
    assert.deepEqual(query(auto, sql), query(named, sql));
  });

  test('judges every responder where it recognises nobody, and says so', async (t) => {
    const dir = scratch(t);
    const db = join(dir, 'x.db');
    const file = join(import.meta.dirname, '../../fixtures/findings/high.pcap');
    const { out } = await xports('analyze', file, '--db', db, '--servers', 'auto');
    assert.match(out, /No host was recognised as an Exchange server/);
    assert.equal(query(db, "SELECT 1 FROM findings WHERE severity = 'high'").length, 1);
  });
});
