// Every column of every view comes back as it went in, and numbers come back as integers.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { VERDICT } from '../../src/audit/terms.ts';
import { pushVlan } from '../../src/decode/vlan.ts';
import { ROW } from '../../src/flow/ended.ts';
import { BASIS, END, STATE } from '../../src/flow/terms.ts';
import { P } from '../../src/learn/facts.ts';
import { LABEL_BASIS, serviceIndex } from '../../src/service/catalog.ts';
import type { Checkpoint } from '../../src/store/sink.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import {
  batchOf,
  book,
  checkpointOf,
  type FlowFields,
  httpsFlow,
  pairsOf,
  runStart,
  scratch,
} from './sample.ts';

const ADDRESSES = book('192.0.2.10', '10.0.0.5', '2001:db8::7');

type Row = Record<string, unknown>;

interface Stored {
  readonly flows?: readonly FlowFields[];
  readonly checkpoint?: Checkpoint;
}

/** Stores a run and opens the file as any other program would. */
function stored(t: TestContext, what: Stored): Database.Database {
  const path = join(scratch(t), 'x.db');
  const sink = new SqliteSink(path, runStart());
  if (what.flows) sink.flows(batchOf(...what.flows), ADDRESSES);
  sink.checkpoint(what.checkpoint ?? checkpointOf(), ADDRESSES);
  sink.finish('complete', 'all read');
  sink.close();
  const db = new Database(path, { readonly: true });
  t.after(() => db.close());
  return db;
}

/** Asserts that the row has exactly these columns in this order, and no number that is not an integer. */
function assertRow(db: Database.Database, view: string, where: string, expected: Row): void {
  const row = db.prepare(`SELECT * FROM ${view} WHERE ${where}`).get() as Row;
  assert.deepEqual(Object.entries(row), Object.entries(expected));
  for (const column of Object.keys(expected)) {
    const { type } = db.prepare(`SELECT typeof(${column}) AS type FROM ${view} WHERE ${where}`).get() as Row;
    const value = expected[column];
    assert.equal(type, value === null ? 'null' : typeof value === 'number' ? 'integer' : 'text', column);
  }
}

test('an ordinary flow comes back in every column', (t) => {
  const db = stored(t, {
    flows: [
      httpsFlow(7, {
        bits: ROW.initiatorIsnKnown | ROW.responderIsnKnown,
        initiatorIsn: 0xfedcba98 | 0,
        responderIsn: 5,
        state: STATE.closed,
        endReason: END.fin,
        basis: BASIS.handshake,
        labelBasis: LABEL_BASIS.port,
        vlans: pushVlan(pushVlan(0, 100), 200),
        continuesFlowId: 3,
        bytesBack: 9_007_199_254_740_991,
      }),
    ],
  });
  assertRow(db, 'flow_records', 'flow_id = 7', {
    run_id: 1,
    flow_id: 7,
    ip_version: 4,
    protocol: 6,
    transport: 'tcp',
    initiator: '192.0.2.10',
    initiator_port: 50_000,
    responder: '10.0.0.5',
    responder_port: 443,
    packets_out: 5,
    packets_back: 4,
    bytes_out: 500,
    bytes_back: 9_007_199_254_740_991,
    payload_out: 200,
    payload_back: 3700,
    first_seen_us: 1_700_000_000_000_000,
    last_seen_us: 1_700_000_000_250_000,
    state: 'closed',
    end_reason: 'fin',
    continues_flow_id: 3,
    direction_basis: 'handshake',
    service: 'https-owa',
    inner_service: null,
    label_basis: 'port',
    verdict: 'expected',
    payload_protocol: null,
    rpc_interface: null,
    vlans: '100,200',
    encapsulation: null,
    initiator_isn: 0xfedcba98,
    responder_isn: 5,
  });
});

test('what a flow does not have is NULL: ports, sequence numbers, VLAN, the flow it continues', (t) => {
  const esp = {
    ...httpsFlow(1),
    protocol: 50,
    innerProtocol: 50,
    ipVersion: 6,
    initiatorPort: -1,
    responderPort: -1,
    service: serviceIndex('ipsec-esp'),
    innerService: serviceIndex('ipsec-esp'),
    state: STATE.oneWay,
    endReason: END.open,
    basis: BASIS.firstPacket,
    labelBasis: LABEL_BASIS.protocol,
    initiatorIsn: 99,
  };
  const row = stored(t, { flows: [esp] })
    .prepare('SELECT * FROM flow_records')
    .get() as Row;
  assert.deepEqual(
    { transport: row.transport, ip: row.ip_version, state: row.state, end: row.end_reason },
    { transport: 'esp', ip: 6, state: 'one-way', end: 'open' },
  );
  assert.deepEqual(
    { basis: row.direction_basis, label: row.label_basis },
    { basis: 'first-packet', label: 'protocol' },
  );
  for (const column of [
    'initiator_port',
    'responder_port',
    'initiator_isn',
    'responder_isn',
    'vlans',
    'continues_flow_id',
  ]) {
    assert.equal(row[column], null, column);
  }
});

test('AH keeps its protocol, the inner ports, and the service inside', (t) => {
  const ah = httpsFlow(1, {
    protocol: 51,
    innerProtocol: 6,
    service: serviceIndex('ipsec-ah'),
    innerService: serviceIndex('smtp'),
    responderPort: 25,
  });
  const row = stored(t, { flows: [ah] })
    .prepare('SELECT * FROM flow_records')
    .get() as Row;
  assert.deepEqual(
    [row.protocol, row.transport, row.responder_port, row.service, row.inner_service],
    [51, 'ah', 25, 'ipsec-ah', 'smtp'],
  );
});

test('the payload of UDP 4500 is told apart as IKE or ESP', (t) => {
  const nat = { protocol: 17, innerProtocol: 17, responderPort: 4500, service: 0 };
  const db = stored(t, {
    flows: [
      httpsFlow(1, { ...nat, payloadProtocol: P.ike }),
      httpsFlow(2, { ...nat, payloadProtocol: P['esp-in-udp'] }),
    ],
  });
  const found = db.prepare('SELECT payload_protocol FROM flow_records ORDER BY flow_id').pluck().all();
  assert.deepEqual(found, ['ike', 'esp-in-udp']);
});

test('a pair and the count of its service come back in every column', (t) => {
  const pair = {
    initiatorId: 3,
    responderId: 2,
    service: 'smtp',
    protocol: 6,
    port: 25,
    verdict: VERDICT.expected,
    flows: 2,
    packets: 30,
    bytes: 4000,
    firstSeenUs: 100,
    lastSeenUs: 900,
  };
  const other = {
    ...pair,
    initiatorId: 1,
    flows: 1,
    packets: 10,
    bytes: 500,
    firstSeenUs: 50,
    lastSeenUs: 200,
  };
  const db = stored(t, { checkpoint: checkpointOf({ pairs: pairsOf(pair, other) }) });
  assertRow(db, 'service_pairs', "initiator = '2001:db8::7'", {
    run_id: 1,
    initiator: '2001:db8::7',
    responder: '10.0.0.5',
    service: 'smtp',
    transport: 'tcp',
    port: 25,
    verdict: 'expected',
    flows: 2,
    packets: 30,
    bytes: 4000,
    first_seen_us: 100,
    last_seen_us: 900,
  });
  assertRow(db, 'service_counts', "service = 'smtp'", {
    run_id: 1,
    service: 'smtp',
    transport: 'tcp',
    port: 25,
    verdict: 'expected',
    flows: 3,
    packets: 40,
    bytes: 4500,
    initiators: 2,
    responders: 1,
    first_seen_us: 50,
    last_seen_us: 900,
  });
});

test('a finding says its own addresses, port and counts in the words it shares', (t) => {
  const finding = {
    kind: 'unexpected-port',
    severity: 'high',
    status: 'open',
    protocol: 6,
    port: 3389,
    responderId: 2,
    initiatorId: 1,
    initiators: 4,
    flows: 6,
    packets: 70,
    bytes: 800,
    outcome: 'answered',
    firstSeenUs: 10,
    lastSeenUs: 20,
    text: 0,
  } as const;
  const db = stored(t, {
    checkpoint: checkpointOf({
      findings: [finding, { ...finding, kind: 'port-scan', port: null, responderId: null, text: 1 }],
      texts: [
        {
          title: '{transport} {port} of {responder}',
          explanation: '{initiators} hosts, most of all {initiator}',
          suggestion: '{flows} flows',
        },
        { title: '{initiator} tried many ports{port}{responder}', explanation: '', suggestion: '' },
      ],
    }),
  });
  assertRow(db, 'findings', 'finding_id = 1', {
    run_id: 1,
    finding_id: 1,
    kind: 'unexpected-port',
    severity: 'high',
    status: 'open',
    transport: 'tcp',
    port: 3389,
    responder: '10.0.0.5',
    initiator: '192.0.2.10',
    initiators: 4,
    flows: 6,
    packets: 70,
    bytes: 800,
    outcome: 'answered',
    first_seen_us: 10,
    last_seen_us: 20,
    title: 'tcp 3389 of 10.0.0.5',
    explanation: '4 hosts, most of all 192.0.2.10',
    suggestion: '6 flows',
  });
  const scan = db.prepare('SELECT port, responder, title FROM findings WHERE finding_id = 2').get();
  assert.deepEqual(scan, { port: null, responder: null, title: '192.0.2.10 tried many ports' });
});

test('sources and skip reasons come back in every column', (t) => {
  const source = {
    path: 'a.pcap',
    format: 'pcap-ns',
    linkTypes: 'ethernet',
    snaplen: 65_535,
    packets: 12,
    bytes: 3400,
    firstPacketUs: 5,
    lastPacketUs: 6,
    damageOffset: 77,
    damage: 'cut short',
  };
  const db = stored(t, {
    checkpoint: checkpointOf({
      sources: [
        source,
        {
          ...source,
          path: 'b.txt',
          format: null,
          linkTypes: null,
          snaplen: null,
          packets: 0,
          bytes: 0,
          firstPacketUs: null,
          lastPacketUs: null,
          damageOffset: null,
        },
      ],
      skipped: [{ reason: 'arp', packets: 3, bytes: 180 }],
    }),
  });
  const columns =
    'run_id, path, format, link_types, snaplen, packets, bytes, first_packet_us, last_packet_us, damage_offset, damage';
  assertRow(db, `(SELECT ${columns} FROM sources)`, "path = 'a.pcap'", {
    run_id: 1,
    path: 'a.pcap',
    format: 'pcap-ns',
    link_types: 'ethernet',
    snaplen: 65_535,
    packets: 12,
    bytes: 3400,
    first_packet_us: 5,
    last_packet_us: 6,
    damage_offset: 77,
    damage: 'cut short',
  });
  assert.equal(db.prepare("SELECT format FROM sources WHERE path = 'b.txt'").pluck().get(), null);
  assertRow(db, 'skipped', "reason = 'arp'", { run_id: 1, reason: 'arp', packets: 3, bytes: 180 });
});

test('a run has its totals, with NULL for drops that nobody counted', (t) => {
  const row = stored(t, {}).prepare('SELECT * FROM runs').get() as Row;
  assert.equal(row.status, 'complete');
  assert.equal(row.message, 'all read');
  assert.deepEqual([row.packets, row.bytes, row.packets_out_of_order], [9, 4500, 0]);
  assert.deepEqual([row.kernel_dropped, row.interface_dropped, row.policy], [null, null, null]);
  assert.deepEqual(
    [row.source, row.source_kind, row.profile, row.sensor],
    ['a.pcap', 'file', 'allow-list', 'sensor-1'],
  );
  assert.deepEqual([row.first_packet_us, row.last_packet_us], [1_700_000_000_000_000, 1_700_000_060_000_000]);
});

test('no base table holds a number that is not an integer', (t) => {
  const db = stored(t, {
    flows: [httpsFlow(1)],
    checkpoint: checkpointOf({
      minutes: [
        { service: serviceIndex('smtp'), startUs: 60_000_000, widthUs: 60_000_000, packets: 3, bytes: 300 },
      ],
      facts: { flows: 1 },
    }),
  });
  const tables = db
    .prepare(
      "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite_%'",
    )
    .pluck()
    .all() as string[];
  assert.ok(tables.length > 10);
  for (const table of tables) {
    const { strict } = db.prepare('SELECT strict FROM pragma_table_list WHERE name = ?').get(table) as Row;
    assert.equal(strict, 1, `${table} is STRICT`);
    const kinds = db.prepare('SELECT type FROM pragma_table_info(?)').pluck().all(table);
    for (const kind of kinds) assert.match(String(kind), /^(INTEGER|TEXT)$/, table);
  }
  assert.deepEqual(db.prepare('SELECT * FROM service_minutes').get(), {
    run_id: 1,
    service: 'smtp',
    start_us: 60_000_000,
    width_us: 60_000_000,
    packets: 3,
    bytes: 300,
  });
});
