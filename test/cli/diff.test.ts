// xports diff: two runs of one database, or of two.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Finding } from '../../src/audit/findings.ts';
import { VERDICT } from '../../src/audit/terms.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { book, checkpointOf, type PairFields, pairsOf, runStart, scratch } from '../store/sample.ts';
import { xports } from './call.ts';

const ADDRESSES = book('192.0.2.10', '10.0.0.5', '198.51.100.99');

function pair(more: Partial<PairFields> = {}): PairFields {
  return {
    initiatorId: 1,
    responderId: 2,
    service: 'smtp',
    protocol: 6,
    port: 25,
    verdict: VERDICT.expected,
    flows: 3,
    packets: 30,
    bytes: 3000,
    ...more,
  };
}

function finding(more: Partial<Finding> = {}): Finding {
  return {
    kind: 'unexpected-port',
    severity: 'high',
    status: 'open',
    protocol: 6,
    port: 4444,
    responderId: 2,
    initiatorId: 3,
    initiators: 1,
    flows: 1,
    packets: 9,
    bytes: 900,
    outcome: 'answered',
    firstSeenUs: 1_700_000_000_000_000,
    lastSeenUs: 1_700_000_000_000_000,
    text: 0,
    ...more,
  };
}

function store(db: string, pairs: readonly PairFields[], findings: readonly Finding[] = []): void {
  const sink = new SqliteSink(db, runStart());
  const texts = [{ title: '{port} of {responder}', explanation: '', suggestion: '' }];
  sink.checkpoint(checkpointOf({ pairs: pairsOf(...pairs), findings, texts }), ADDRESSES);
  sink.finish('complete', null);
  sink.close();
}

const rdp = pair({ initiatorId: 3, service: 'unlisted', port: 3389, verdict: VERDICT.unexpected });
const dns = pair({ service: 'dns', protocol: 17, port: 53 });

/** Two runs: the second lost DNS, has RDP, four times the mail, and a worse finding. */
function twoRuns(t: TestContext): string {
  const db = join(scratch(t), 'x.db');
  store(db, [pair(), dns], [finding({ severity: 'low', outcome: 'refused' }), finding({ port: 5 })]);
  store(db, [pair({ bytes: 12_000 }), rdp], [finding(), finding({ port: 6, severity: 'medium' })]);
  return db;
}

test('services, hosts, pairs and findings are new, gone or changed', async (t) => {
  const db = twoRuns(t);
  const called = await xports('diff', '1', '2', '--db', db, '--json');
  assert.equal(called.code, 0);
  const document = JSON.parse(called.out);
  assert.deepEqual([document.before.run.id, document.after.run.id], [1, 2]);
  const ports = (rows: readonly { port: number }[]) => rows.map((row) => row.port);
  assert.deepEqual(ports(document.services.new), [3389]);
  assert.deepEqual(ports(document.services.gone), [53]);
  assert.deepEqual(
    document.services.changed.map((row: { before: { bytes: number }; after: { bytes: number } }) => [
      row.before.bytes,
      row.after.bytes,
    ]),
    [[3000, 12_000]],
  );
  assert.deepEqual(
    document.hosts.new.map((row: { address: string }) => row.address),
    ['198.51.100.99'],
  );
  assert.deepEqual(document.hosts.changed[0].before.ports, ['tcp/25', 'udp/53']);
  assert.deepEqual(document.hosts.changed[0].after.ports, ['tcp/25', 'tcp/3389']);
  assert.deepEqual(ports(document.pairs.new), [3389]);
  assert.deepEqual(ports(document.pairs.gone), [53]);
  assert.deepEqual(ports(document.findings.new), [6]);
  assert.deepEqual(ports(document.findings.gone), [5]);
  assert.deepEqual(
    document.findings.changed.map((row: { after: { severity: string } }) => row.after.severity),
    ['high'],
  );
});

test('a port that is judged anew has changed, and is not one that went and one that came', async (t) => {
  const db = join(scratch(t), 'x.db');
  const rpc = { port: 49_664, protocol: 6 };
  store(db, [pair({ ...rpc, service: 'unlisted', verdict: VERDICT.unexpected })]);
  store(db, [pair({ ...rpc, service: 'rpc-dynamic' })]);
  const document = JSON.parse((await xports('diff', '1', '2', '--db', db, '--json')).out);
  for (const changes of [document.services, document.pairs]) {
    assert.deepEqual([changes.new.length, changes.gone.length], [0, 0]);
    assert.deepEqual(
      changes.changed.map((row: { before: { verdict: string }; after: { verdict: string } }) => [
        row.before.verdict,
        row.after.verdict,
      ]),
      [['unexpected', 'expected']],
    );
  }
  const { out } = await xports('diff', '1', '2', '--db', db);
  assert.match(out, /~ +not on the list → rpc-dynamic +tcp\/49664 +unexpected → expected/);
});

test('in words, what is new, gone and different has its sign, and a pipe gets no colour', async (t) => {
  const { out, code } = await xports('diff', '1', 'latest', '--db', twoRuns(t));
  assert.equal(code, 0);
  for (const words of [
    /^Before {2}run 1 of /m,
    /^After {3}run 2 of /m,
    /^Findings {2}1 new, 1 gone, 1 changed$/m,
    /^ {2}\+ +medium +unexpected-port +6 of 10\.0\.0\.5/m,
    /^ {2}~ +low → high +unexpected-port +4444 of 10\.0\.0\.5 +refused → answered/m,
    /^ {2}- +dns +udp\/53 +expected/m,
    /^ {2}~ +10\.0\.0\.5 .*\+tcp\/3389 -udp\/53/m,
  ]) {
    assert.match(out, words);
  }
  assert.ok(!out.includes('\u001b'));
});

test('--fail-on counts findings that are new or became worse, and no others', async (t) => {
  const db = twoRuns(t);
  const code = async (...args: string[]) => (await xports('diff', ...args, '--db', db)).code;
  assert.equal(await code('1', '2', '--fail-on', 'high'), 1, 'one rose to high');
  assert.equal(await code('2', '1', '--fail-on', 'high'), 1, 'port 5 is new, seen from there');
  assert.equal(await code('2', '2', '--fail-on', 'info'), 0, 'what was there before is not new');
  const calm = join(scratch(t), 'calm.db');
  store(calm, [pair()], [finding({ severity: 'medium' })]);
  store(calm, [pair()], [finding({ severity: 'low' }), finding({ port: 7, severity: 'low' })]);
  const calmCode = async (severity: string) =>
    (await xports('diff', '1', '2', '--db', calm, '--fail-on', severity)).code;
  assert.equal(await calmCode('medium'), 0);
  assert.equal(await calmCode('low'), 1);
});

test('a finding that was resolved is gone', async (t) => {
  const db = join(scratch(t), 'x.db');
  store(db, [pair()], [finding()]);
  store(db, [pair()], [finding({ status: 'resolved' })]);
  const { findings } = JSON.parse((await xports('diff', '1', '2', '--db', db, '--json')).out);
  assert.deepEqual([findings.new.length, findings.gone.length], [0, 1]);
});

test('runs of other databases are named by their file, and by its last run where no number is given', async (t) => {
  const directory = scratch(t);
  const [before, after] = ['before.db', 'a#b.db'].map((name) => join(directory, name));
  store(before, [pair()]);
  store(after, [pair()]);
  store(after, [pair(), rdp]);
  const news = async (...args: string[]) =>
    JSON.parse((await xports('diff', ...args, '--json')).out).services.new.length;
  assert.equal(await news(before, `${after}#2`), 1);
  assert.equal(await news(`${before}#1`, `${after}#latest`), 1);
  assert.equal(await news(`${before}#`, `${after}#1`), 0);
  assert.equal(await news('1', `${after}#2`, '--db', before), 1);
});

test('runs that are not there are errors', async (t) => {
  const db = twoRuns(t);
  for (const [args, code, words] of [
    [['1', '9'], 2, /no run 9/],
    [['1', 'all'], 2, /DATABASE#RUN/],
    [['1'], 2, /missing required argument 'after'/],
    [['0', '1'], 2, /number of a run/],
    [['1', `${db}.none`], 6, /there is no database/],
  ] as const) {
    const called = await xports('diff', ...args, '--db', db);
    assert.equal(called.code, code, args.join(' '));
    assert.match(called.err, words);
    assert.equal(called.out, '');
  }
});
