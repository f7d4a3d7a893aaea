// An endpoint that is learned late: flows, pairs and findings that were stored before become what they would have been.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { startUs } from '../../fixtures/builder/conversation.ts';
import { type IpPayload, ip } from '../../fixtures/builder/ip.ts';
import { ethernet, type Link } from '../../fixtures/builder/link.ts';
import { type Packet, pcap } from '../../fixtures/builder/pcap.ts';
import { ah, tcp } from '../../fixtures/builder/transport.ts';
import { erspan, ipInIp, tunnel, vxlan } from '../../fixtures/builder/tunnel.ts';
import { PacketPath } from '../../src/pipeline/path.ts';
import type { FlowsKept } from '../../src/pipeline/row-path.ts';
import { LocalRows, type RowSettings } from '../../src/pipeline/run-rows.ts';
import { runStart } from '../store/sample.ts';
import { folder, runCapture } from './memory.ts';

const client = '10.0.0.1';
const server = '10.0.0.2';
const NO_DROPS = { kernelDropped: null, interfaceDropped: null };

/** How a flow's packets travel: what is around IP, and whether AH is inside. */
interface Way {
  readonly link?: Link;
  readonly inAh?: boolean;
  readonly clientPort?: number;
}

function handshake(port: number, afterUs: number, way: Way = {}): Packet[] {
  const { link = ethernet(), inAh = false, clientPort = 50_000 } = way;
  const wrapped = (segment: IpPayload) => (inAh ? ah(7, 1, segment) : segment);
  const toServer = (flags: string, seq: number, ack = 0) =>
    ip(client, server, wrapped(tcp({ sourcePort: clientPort, destinationPort: port, seq, ack, flags })));
  const back = { sourcePort: port, destinationPort: clientPort, seq: 9, ack: 2 };
  const answer = ip(server, client, wrapped(tcp({ ...back, flags: 'SA' })));
  return [toServer('S', 1), answer, toServer('A', 2, 10)].map((packet, n) => ({
    timeUs: startUs + afterUs + n,
    bytes: link(packet),
  }));
}

const LESSON = {
  kind: 'endpoint',
  ipVersion: 4,
  server: [0x0a00_0002],
  port: 49_670,
  udp: false,
  interfaceUuid: '12345678-1234-abcd-ef00-01234567cffb',
  basis: 'map',
  firstSeenUs: startUs,
} as const;

async function run(t: TestContext, flows: FlowsKept): Promise<Database.Database> {
  const db = join(folder(t), 'x.db');
  const rows = await LocalRows.open({ db, start: runStart(), servers: null, rpcRange: null, flows });
  const path = new PacketPath(
    { rpcRange: null, payload: true, tcpTimeoutS: 300, otherTimeoutS: 60, activeTimeoutS: 0 },
    rows,
  );
  await runCapture(path, pcap([...handshake(49_670, 0), ...handshake(49_671, 1000)]));
  await path.checkpoint([], NO_DROPS, false);
  rows.learn(LESSON);
  await path.checkpoint([], NO_DROPS, true);
  await rows.finish('complete', null);
  await rows.close();
  const opened = new Database(db, { readonly: true });
  t.after(() => opened.close());
  return opened;
}

describe('an endpoint that is learned after a checkpoint', () => {
  test('relabels the flows and pairs that stand, and no others', async (t) => {
    const db = await run(t, 'all');
    const of = (sql: string) => db.prepare(sql).raw().all();
    assert.deepEqual(
      of('SELECT responder_port, service, label_basis, verdict FROM flow_records ORDER BY responder_port'),
      [
        [49_670, 'rpc-dynamic', 'rpc-endpoint', 'expected'],
        [49_671, 'unlisted', 'port', 'unexpected'],
      ],
    );
    assert.deepEqual(of('SELECT port, service, verdict, flows, packets FROM service_counts ORDER BY port'), [
      [49_670, 'rpc-dynamic', 'expected', 1, 3],
      [49_671, 'unlisted', 'unexpected', 1, 3],
    ]);
    assert.deepEqual(of('SELECT server, transport, port, basis FROM rpc_endpoints'), [
      [server, 'tcp', 49_670, 'map'],
    ]);
  });

  test('resolves the finding that was stored, and keeps it', async (t) => {
    const db = await run(t, 'all');
    const findings = db.prepare('SELECT port, status FROM findings ORDER BY port').raw().all();
    assert.deepEqual(findings, [
      [49_670, 'resolved'],
      [49_671, 'open'],
    ]);
  });

  test('takes stored flows away where only unexpected ones are kept', async (t) => {
    const db = await run(t, 'unexpected');
    assert.deepEqual(db.prepare('SELECT responder_port FROM flow_records').raw().all(), [[49_671]]);
  });
});

/** Every way to the endpoint, and to another port; a mirror's tunnel ends elsewhere, the others on the two hosts. */
const WAYS: readonly Way[] = [
  { clientPort: 50_001 },
  { clientPort: 50_002, inAh: true },
  { clientPort: 50_003, link: tunnel(['192.0.2.1', '192.0.2.2'], client, erspan(2)) },
  { clientPort: 50_004, link: tunnel([client, server], client, ipInIp) },
  { clientPort: 50_005, link: tunnel(['192.0.2.3', server], client, vxlan(5)), inAh: true },
  { clientPort: 50_006, link: tunnel(['192.0.2.3', '192.0.2.4'], client, vxlan(5)), inAh: true },
];

/** What a reader of the database sees, without the findings that are void. */
async function seen(t: TestContext, settings: Partial<RowSettings>, isEarly: boolean): Promise<unknown[][]> {
  const db = join(folder(t), 'x.db');
  const rows = await LocalRows.open({
    db,
    start: runStart(),
    servers: null,
    rpcRange: null,
    flows: 'all',
    ...settings,
  });
  const path = new PacketPath(
    { rpcRange: null, payload: true, tcpTimeoutS: 300, otherTimeoutS: 60, activeTimeoutS: 0 },
    rows,
  );
  if (isEarly) rows.learn(LESSON);
  const packets = WAYS.flatMap((way, n) =>
    [49_670, 49_671].flatMap((port) => handshake(port, n * 1000 + port, way)),
  );
  await runCapture(path, pcap(packets.sort((a, b) => a.timeUs - b.timeUs)));
  await path.checkpoint([], NO_DROPS, false);
  if (!isEarly) rows.learn(LESSON);
  await path.checkpoint([], NO_DROPS, false);
  await path.checkpoint([], NO_DROPS, true);
  await rows.finish('complete', null);
  await rows.close();
  const opened = new Database(db, { readonly: true });
  t.after(() => opened.close());
  return [
    'SELECT * FROM flow_records ORDER BY flow_id',
    'SELECT service, transport, port, verdict, flows, packets, bytes FROM service_pairs ORDER BY 1, 2, 3, 4',
    `SELECT kind, severity, transport, port, responder, flows, packets, title, explanation FROM findings
     WHERE status = 'open' ORDER BY kind, transport, port`,
  ].map((sql) => opened.prepare(sql).raw().all());
}

describe('in AH and in tunnels', () => {
  const choices: Readonly<Record<string, Partial<RowSettings>>> = {
    'with every host judged': {},
    'with the server named': { servers: server },
    'with another server named': { servers: '10.9.9.9' },
    'with a tunnel end named': { servers: '192.0.2.1' },
    'with unexpected flows stored alone': { flows: 'unexpected' },
  };
  for (const [how, settings] of Object.entries(choices)) {
    test(`a late lesson leaves what an early one would have, ${how}`, async (t) => {
      const early = await seen(t, settings, true);
      assert.deepEqual(await seen(t, settings, false), early);
    });
  }

  test('AH to the endpoint and a mirrored flow are expected, and a tunnel between the hosts is not', async (t) => {
    const [flows] = await seen(t, {}, false);
    const to = (flows as unknown[][])
      .filter((row) => row[8] === 49_670)
      .map((row) => [row[6], ...row.slice(21, 25)]);
    assert.deepEqual(to, [
      [50_001, 'rpc-dynamic', null, 'rpc-endpoint', 'expected'],
      [50_002, 'ipsec-ah', 'rpc-dynamic', 'protocol', 'expected'],
      [50_003, 'rpc-dynamic', null, 'rpc-endpoint', 'expected'],
      [50_004, 'rpc-dynamic', null, 'rpc-endpoint', 'unexpected'],
      [50_005, 'ipsec-ah', 'rpc-dynamic', 'protocol', 'unexpected'],
      [50_006, 'ipsec-ah', 'rpc-dynamic', 'protocol', 'expected'],
    ]);
  });
});
