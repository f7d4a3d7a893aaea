// RPC endpoints that an earlier run of the same database learned, and the run that goes by them.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { startUs } from '../../fixtures/builder/conversation.ts';
import { ip } from '../../fixtures/builder/ip.ts';
import { ethernet } from '../../fixtures/builder/link.ts';
import { type Packet, pcap } from '../../fixtures/builder/pcap.ts';
import { tcp } from '../../fixtures/builder/transport.ts';
import type { EndpointLesson } from '../../src/learn/lessons.ts';
import { PacketPath } from '../../src/pipeline/path.ts';
import { LocalRows, type RowSettings } from '../../src/pipeline/run-rows.ts';
import { style } from '../../src/report/style.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import { StoreReader } from '../../src/store/sqlite/reader.ts';
import { runStart } from '../store/sample.ts';
import { folder, runCapture } from './memory.ts';

const client = '10.0.0.1';
const server = '10.0.0.2';
const DAY_US = 86_400_000_000;
const NETLOGON = '12345678-1234-abcd-ef00-01234567cffb';
const DRSUAPI = 'e3514235-4b06-11d1-ab04-00c04fc2dcd2';
const NO_DROPS = { kernelDropped: null, interfaceDropped: null };

function connection(port: number, timeUs: number, greeting = ''): Packet[] {
  const ends = { sourcePort: 50_000, destinationPort: port };
  const back = { sourcePort: port, destinationPort: 50_000 };
  const data = new TextEncoder().encode(greeting);
  return [
    ip(client, server, tcp({ ...ends, seq: 1, flags: 'S' })),
    ip(server, client, tcp({ ...back, seq: 9, ack: 2, flags: 'SA' })),
    ip(client, server, tcp({ ...ends, seq: 2, ack: 10, flags: 'A' })),
    ip(server, client, tcp({ ...back, seq: 10, ack: 2, flags: 'A' }, data)),
  ].map((packet, n) => ({ timeUs: timeUs + n, bytes: ethernet()(packet) }));
}

function named(port: number, timeUs: number, interfaceUuid = NETLOGON): EndpointLesson {
  const at = { ipVersion: 4, server: [0x0a00_0002], udp: false } as const;
  return { kind: 'endpoint', ...at, port, interfaceUuid, basis: 'map', firstSeenUs: timeUs };
}

interface Part {
  readonly packets?: readonly Packet[];
  readonly lessons?: readonly EndpointLesson[];
}

/** Stores a run of these parts, with a checkpoint after each. */
async function store(db: string, settings: Partial<RowSettings>, ...parts: readonly Part[]): Promise<void> {
  const start = { ...runStart(), runUid: `${Math.random()}`, ...settings.start };
  const rows = await LocalRows.open({ db, servers: null, rpcRange: null, flows: 'all', ...settings, start });
  const path = new PacketPath(
    { rpcRange: null, payload: true, tcpTimeoutS: 300, otherTimeoutS: 60, activeTimeoutS: 0 },
    rows,
  );
  const sources = [];
  for (const [n, { packets = [], lessons = [] }] of parts.entries()) {
    for (const lesson of lessons) rows.learn(lesson);
    const times = packets.map((packet) => packet.timeUs);
    if (packets.length > 0) {
      const source = await runCapture(path, pcap([...packets]));
      sources.push({
        path: `part ${n}`,
        format: 'pcap',
        linkTypes: 'ethernet',
        snaplen: 65_535,
        packets: source.packets,
        bytes: source.bytes,
        firstPacketUs: Math.min(...times),
        lastPacketUs: Math.max(...times),
        damageOffset: null,
        damage: null,
      });
    }
    await path.checkpoint(sources, NO_DROPS, n === parts.length - 1);
  }
  await rows.finish('complete', null);
  await rows.close();
}

function opened(t: TestContext, db: string): (sql: string) => unknown[] {
  const reader = new Database(db, { readonly: true });
  t.after(() => reader.close());
  return (sql) => reader.prepare(sql).raw().all();
}

function reportOf(t: TestContext, db: string): string {
  const reader = new StoreReader(db);
  t.after(() => reader.close());
  return terminalReport(reader, reader.latestRunId(), style(200, false));
}

const FLOWS =
  'SELECT responder_port, service, label_basis, verdict FROM flow_records WHERE run_id = 2 ORDER BY flow_id';
const MEMORY = 'SELECT port, status, learned_run_id FROM remembered_endpoints WHERE run_id = 2 ORDER BY port';
const FINDINGS = 'SELECT kind, port, status FROM findings WHERE run_id = 2 ORDER BY port';

/** A run that learned Netlogon's port, a day before the next begins. */
async function withYesterday(t: TestContext): Promise<string> {
  const db = join(folder(t), 'x.db');
  const timeUs = startUs - DAY_US;
  await store(db, {}, { packets: connection(49_670, timeUs), lessons: [named(49_670, timeUs)] });
  return db;
}

describe('an endpoint that an earlier run learned', () => {
  test('makes a flow to it expected, and nothing else, for as many days as was said', async (t) => {
    const db = await withYesterday(t);
    const packets = [...connection(49_670, startUs), ...connection(49_671, startUs + 100)];
    await store(db, { rememberDays: 2 }, { packets });
    const of = opened(t, db);
    assert.deepEqual(of(FLOWS), [
      [49_670, 'rpc-dynamic', 'rpc-endpoint', 'expected'],
      [49_671, 'unlisted', 'port', 'unexpected'],
    ]);
    assert.deepEqual(of(FINDINGS), [['unexpected-port', 49_671, 'open']]);
    assert.deepEqual(of(MEMORY), [[49_670, 'remembered', 1]]);
    assert.deepEqual(of('SELECT * FROM rpc_endpoints WHERE run_id = 2'), [], 'this run learned nothing');
  });

  test('stands in the report as remembered and not seen, with the run that learned it', async (t) => {
    const db = await withYesterday(t);
    await store(db, { rememberDays: 2 }, { packets: connection(49_670, startUs) });
    const text = reportOf(t, db);
    assert.match(
      text,
      /10\.0\.0\.2 tcp\/49670 +Netlogon +remembered, not seen in this run +learned last in run 1, /,
    );
    assert.match(text, /Expected only because an earlier run learned their RPC port[^:]*: 1 of 1 flow\s/);
  });

  test('is forgotten once the days are over, by the time of the flow', async (t) => {
    const db = await withYesterday(t);
    const packets = [...connection(49_670, startUs), ...connection(49_670, startUs + 2 * DAY_US)];
    await store(db, { rememberDays: 2 }, { packets });
    assert.deepEqual(
      opened(t, db)(FLOWS).map((row) => (row as string[])[3]),
      ['expected', 'unexpected'],
    );
  });

  test('is nothing to a run that is not told to remember, and to one of another sensor', async (t) => {
    for (const settings of [{}, { rememberDays: 2, start: { ...runStart(), sensor: 'elsewhere' } }]) {
      const db = await withYesterday(t);
      await store(db, settings, { packets: connection(49_670, startUs) });
      const of = opened(t, db);
      assert.deepEqual(of(FLOWS), [[49_670, 'unlisted', 'port', 'unexpected']]);
      assert.deepEqual(of(MEMORY), []);
    }
  });

  test('does not cover a flow whose payload is another service', async (t) => {
    const db = await withYesterday(t);
    const packets = connection(49_670, startUs, '220 mail.example ESMTP ready\r\n');
    await store(db, { rememberDays: 2 }, { packets });
    assert.deepEqual(opened(t, db)(FLOWS), [[49_670, 'unlisted', 'port', 'unexpected']]);
  });

  test('is void for the whole run once the mapper names another port for the interface', async (t) => {
    const db = await withYesterday(t);
    const packets = connection(49_670, startUs);
    await store(db, { rememberDays: 2 }, { packets }, { lessons: [named(50_001, startUs + 10)] });
    const of = opened(t, db);
    assert.deepEqual(of(FLOWS), [[49_670, 'unlisted', 'port', 'unexpected']]);
    assert.deepEqual(of('SELECT service, verdict, flows FROM service_counts WHERE run_id = 2'), [
      ['unlisted', 'unexpected', 1],
    ]);
    assert.deepEqual(of(FINDINGS), [['unexpected-port', 49_670, 'open']]);
    assert.deepEqual(of(MEMORY), [[49_670, 'voided', 1]]);
    assert.match(reportOf(t, db), /tcp\/49670 +Netlogon +void: its endpoint mapper names another port now/);
  });

  test('is no longer recalled by a third run after that', async (t) => {
    const db = await withYesterday(t);
    await store(db, { rememberDays: 9 }, { lessons: [named(50_001, startUs)] });
    await store(db, { rememberDays: 9 }, { packets: connection(50_001, startUs + DAY_US) });
    const ports = opened(t, db)('SELECT port FROM remembered_endpoints WHERE run_id = 3');
    assert.deepEqual(ports, [[50_001]]);
  });

  test('is merely seen again where the mapper names it too, or names another interface', async (t) => {
    const db = await withYesterday(t);
    const lessons = [named(50_001, startUs), named(49_670, startUs), named(50_002, startUs, DRSUAPI)];
    await store(db, { rememberDays: 2 }, { packets: connection(49_670, startUs) }, { lessons });
    const of = opened(t, db);
    assert.deepEqual(of(FLOWS), [[49_670, 'rpc-dynamic', 'rpc-endpoint', 'expected']]);
    assert.deepEqual(of(MEMORY), [[49_670, 'seen', 1]]);
    assert.deepEqual(of(FINDINGS), []);
    assert.deepEqual(of("SELECT value FROM run_facts WHERE run_id = 2 AND name = 'remembered_flows'"), [[0]]);
  });

  test('counts from when it was named last', async (t) => {
    const db = join(folder(t), 'x.db');
    const timeUs = startUs - 5 * DAY_US;
    const again = named(49_670, startUs - DAY_US);
    const parts = [
      { packets: connection(49_670, timeUs), lessons: [named(49_670, timeUs)] },
      { lessons: [again] },
    ];
    await store(db, {}, ...parts);
    await store(db, { rememberDays: 2 }, { packets: connection(49_670, startUs) });
    assert.deepEqual(opened(t, db)(FLOWS), [[49_670, 'rpc-dynamic', 'rpc-endpoint', 'expected']]);
  });
});
