// xports explain: what is known of a port, and what the database saw of it.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { storeExchangeRun } from '../store/exchange-run.ts';
import { scratch } from '../store/sample.ts';
import { xports } from './call.ts';

test('a port is explained with its source and what the run saw: verdict, both sides, counts and findings', async (t) => {
  const db = join(scratch(t), 'x.db');
  storeExchangeRun(db);
  const { code, out } = await xports('explain', '3389/tcp', '--db', db);
  assert.equal(code, 0);
  for (const words of [
    /Remote Desktop/,
    /Source: the vendor's documentation/i,
    /Seen in run 1/,
    /tcp\/3389 +unexpected +3 +4000/,
    /10\.0\.0\.5 +unexpected +1/,
    /198\.51\.100\.99 +unexpected +1/,
    /HIGH +tcp 3389 of 10\.0\.0\.5 answers/,
  ]) {
    assert.match(out, words);
  }
});

test('the document for programs has what is known, and rows with the names of the columns', async (t) => {
  const db = join(scratch(t), 'x.db');
  storeExchangeRun(db);
  const document = JSON.parse((await xports('explain', '443', '--db', db, '--json')).out);
  assert.deepEqual(document.standings, [
    { transport: 'tcp', standing: 'listed' },
    { transport: 'udp', standing: 'not-listed' },
  ]);
  assert.equal(document.known[0].service, 'https-owa');
  assert.equal(document.run, 1);
  assert.deepEqual(
    document.seen.services.map((row: { flows: number; initiators: number }) => [row.flows, row.initiators]),
    [[12_350, 2]],
  );
  assert.deepEqual(
    document.seen.initiators.map((row: { address: string; flows: number }) => [row.address, row.flows]),
    [
      ['192.0.2.10', 12_345],
      ['2001:db8::7', 5],
    ],
  );
  assert.deepEqual(document.seen.findings, []);
});

test('a service, a protocol and all runs can be asked for', async (t) => {
  const db = join(scratch(t), 'x.db');
  storeExchangeRun(db);
  storeExchangeRun(db);
  const flows = async (...args: string[]) => {
    const document = JSON.parse((await xports('explain', ...args, '--db', db, '--json')).out);
    return document.seen.services.map((row: { flows: number }) => row.flows);
  };
  assert.deepEqual(await flows('smtp'), [310]);
  assert.deepEqual(await flows('esp', '--run', 'all'), [1, 1]);
});

test('long lists of addresses are cut, and say so', async (t) => {
  const db = join(scratch(t), 'x.db');
  storeExchangeRun(db);
  assert.match((await xports('explain', '443', '--db', db, '--limit', '1')).out, /and 1 more/);
  assert.doesNotMatch((await xports('explain', '443', '--db', db, '--limit', '0')).out, /more \(/);
});

test('without a database what is known is said all the same, and that nothing was looked up', async (t) => {
  const db = join(scratch(t), 'none.db');
  const called = await xports('explain', '2525/tcp', '--db', db);
  assert.equal(called.code, 0);
  assert.match(called.out, /receive connector/);
  assert.match(called.out.replace(/\s+/g, ' '), /There is no database/);
  const document = JSON.parse((await xports('explain', '2525/tcp', '--db', db, '--json')).out);
  assert.deepEqual([document.run, document.seen], [null, null]);
  assert.match(document.silent, /no database/);
});

test('a word that means nothing is a usage error with what was meant', async () => {
  const called = await xports('explain', 'smpt');
  assert.equal(called.code, 2);
  assert.equal(called.out, '');
  assert.match(called.err, /^xports: "smpt" is no port.*\n.*Did you mean smtp/);
  assert.match((await xports('explain', '70000/tcp')).err, /xports services/);
});

const POLICY = `version: 1
servers:
  - address: 10.0.0.5
services:
  - name: backup
    transport: tcp
    ports: 10000-10010
    from: 10.0.0.9
    reason: nightly backup
denied:
  - service: smtp
    reason: no mail here
exceptions:
  - initiator: 10.0.0.9
    ports: 3389
    transport: tcp
    reason: until the move is over
`;

test('the policy that the run was made with decides how a port stands, and --policy goes before it', async (t) => {
  const folder = scratch(t);
  const db = join(folder, 'x.db');
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, POLICY);
  const sample = join(import.meta.dirname, '../../fixtures/sample.pcap');
  assert.equal((await xports('analyze', sample, '--db', db, '--quiet', '--policy', file)).code, 0);
  const standing = async (...args: string[]) => {
    const document = JSON.parse((await xports('explain', ...args, '--db', db, '--json')).out);
    return [document.rules, document.standings[0].standing];
  };
  assert.deepEqual(await standing('10003/tcp'), ['run', 'allowed']);
  assert.deepEqual(await standing('10000-10020/tcp'), ['run', 'partly']);
  assert.deepEqual(await standing('backup'), ['run', 'allowed']);
  assert.deepEqual(await standing('25/tcp'), ['run', 'denied']);
  assert.deepEqual(await standing('3389/tcp'), ['run', 'excepted']);
  assert.deepEqual(await standing('443/tcp'), ['run', 'listed']);
  const { out } = await xports('explain', '25/tcp', '--db', db);
  assert.match(out, /25\/tcp: on the allow-list, but not allowed/);
  assert.match(out, /The policy denies it: no mail here\./);
  writeFileSync(file, 'version: 1\n');
  assert.deepEqual(await standing('25/tcp', '--policy', file), ['policy', 'listed']);
  assert.deepEqual(await standing('445/tcp', '--policy', file), ['policy', 'not-listed']);

  const rules = JSON.parse((await xports('rules', '--db', db, '--json')).out);
  const unused = rules.unused.map((row: { service: string }) => row.service);
  assert.ok(!unused.includes('smtp'), 'what is denied is not offered as unused');
  assert.ok(unused.includes('nntp'));
});
