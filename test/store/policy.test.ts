// What a run keeps of its policy and hosts, and how flows go out of scope.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { VERDICT } from '../../src/audit/terms.ts';
import { StoreReader } from '../../src/store/sqlite/reader.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../src/store/sqlite/schema.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { batchOf, book, checkpointOf, httpsFlow, runStart, scratch } from './sample.ts';

const ADDRESSES = book('192.0.2.10', '10.0.0.5', '10.0.0.2', '192.0.2.99');

test('the snapshot of a policy, its exceptions and the hosts come back in every column', (t) => {
  const path = join(scratch(t), 'x.db');
  const allowed = {
    id: 'backup',
    label: 'nightly',
    transport: 'tcp',
    port: 10_000,
    lastPort: 10_009,
    by: 'policy',
    from: '10.0.9.0/24,10.0.8.1',
    to: null,
  } as const;
  const sink = new SqliteSink(path, runStart({ policy: 'profile: allow-list\n', allowed: [allowed] }));
  const use = {
    line: 3,
    text: 'anybody → 10.0.0.5, tcp 3389',
    reason: 'administrators',
    expires: '2024-03-31',
    status: 'used',
    flows: 2,
    packets: 20,
    bytes: 2000,
    firstSeenUs: 7,
    lastSeenUs: 9,
  } as const;
  const host = { addressId: 2, role: 'mailbox', confidence: 'high', evidence: 'answers SMTP' };
  sink.checkpoint(
    checkpointOf({ exceptions: [{ ...use, status: 'unused', flows: 0 }], hosts: [host] }),
    ADDRESSES,
  );
  const dns = { ...host, addressId: 3, role: 'dns' };
  sink.checkpoint(checkpointOf({ exceptions: [use], hosts: [host, dns] }), ADDRESSES);
  sink.checkpoint(checkpointOf({ exceptions: [use], hosts: null }), ADDRESSES);
  sink.finish('complete', null);
  sink.close();

  const store = new StoreReader(path);
  t.after(() => store.close());
  assert.equal(store.run(1).policy, 'profile: allow-list\n');
  assert.deepEqual(store.exceptions(1), [
    {
      run_id: 1,
      exception_id: 1,
      line: 3,
      matches: 'anybody → 10.0.0.5, tcp 3389',
      reason: 'administrators',
      expires: '2024-03-31',
      status: 'used',
      flows: 2,
      packets: 20,
      bytes: 2000,
      first_seen_us: 7,
      last_seen_us: 9,
    },
  ]);
  const hosts = [
    { run_id: 1, address: '10.0.0.5', role: 'mailbox', confidence: 'high', evidence: 'answers SMTP' },
    { run_id: 1, address: '10.0.0.2', role: 'dns', confidence: 'high', evidence: 'answers SMTP' },
  ];
  assert.deepEqual(store.hosts(1), hosts);
  const db = new Database(path, { readonly: true });
  t.after(() => db.close());
  const view = db.prepare('SELECT * FROM hosts ORDER BY role DESC').all();
  assert.deepEqual(view, hosts);
  assert.deepEqual(db.prepare('SELECT * FROM allowed_services').all(), [
    {
      run_id: 1,
      row_id: 1,
      service: 'backup',
      label: 'nightly',
      transport: 'tcp',
      port: 10_000,
      last_port: 10_009,
      allowed_by: 'policy',
      initiators: '10.0.9.0/24,10.0.8.1',
      responders: null,
    },
  ]);
});

test('a run without a policy has none', (t) => {
  const path = join(scratch(t), 'x.db');
  const sink = new SqliteSink(path, runStart({ policy: '' }));
  sink.close();
  const store = new StoreReader(path);
  t.after(() => store.close());
  assert.equal(store.run(1).policy, null);
});

for (const kept of [true, false]) {
  test(`flows in which no server takes part ${kept ? 'go out of scope' : 'go, where only others are kept'}`, (t) => {
    const path = join(scratch(t), 'x.db');
    const sink = new SqliteSink(path, runStart());
    t.after(() => sink.close());
    const unexpected = { service: 0, verdict: VERDICT.unexpected, rpcInterface: 1 };
    sink.flows(
      batchOf(
        httpsFlow(1, { ...unexpected, initiatorId: 1, responderId: 2 }),
        httpsFlow(2, { ...unexpected, initiatorId: 1, responderId: 3 }),
        httpsFlow(3, { ...unexpected, initiatorId: 2, responderId: 4 }),
        httpsFlow(4, { initiatorId: 1, responderId: 4 }),
      ),
      ADDRESSES,
      ['', 'some-uuid'],
    );
    sink.rescope(new Set([2]), kept, ['', 'some-uuid']);
    const db = new Database(path, { readonly: true });
    t.after(() => db.close());
    const rows = db
      .prepare('SELECT flow_id, service, verdict, rpc_interface FROM flow_records ORDER BY flow_id')
      .all() as Record<string, unknown>[];
    const inScope = [
      { flow_id: 1, service: 'unlisted', verdict: 'unexpected', rpc_interface: 'some-uuid' },
      { flow_id: 3, service: 'unlisted', verdict: 'unexpected', rpc_interface: 'some-uuid' },
    ];
    const outside = [
      { flow_id: 2, service: 'unlisted', verdict: 'out-of-scope', rpc_interface: 'some-uuid' },
      { flow_id: 4, service: 'https-owa', verdict: 'out-of-scope', rpc_interface: null },
    ];
    const all = [...inScope, ...(kept ? outside : [])];
    assert.deepEqual(
      rows,
      all.sort((a, b) => a.flow_id - b.flow_id),
    );
  });
}

test('a database of version 1 is brought forward and keeps its runs', (t) => {
  const path = join(scratch(t), 'x.db');
  const old = new Database(path);
  old.exec(MIGRATIONS[0]);
  old.pragma(`application_id = ${APPLICATION_ID}`);
  old.pragma('user_version = 1');
  old.exec(`INSERT INTO runs (run_uid, sensor, source, source_kind, status, started_at_us, heartbeat_us, profile,
    options, version, host, pid, process_started_at_us) VALUES ('u', 's', 'a.pcap', 'file', 'complete', 1, 1,
    'allow-list', '{}', '0.1.0', 'h', 1, 1)`);
  old.close();
  const store = new StoreReader(path);
  t.after(() => store.close());
  assert.equal(store.run(1).source, 'a.pcap');
  assert.deepEqual([store.hosts(1), store.exceptions(1)], [[], []]);
});
