// An endpoint that is learned late: flows, pairs and findings that were stored before become what they would have been.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { startUs } from '../../fixtures/builder/conversation.ts';
import { ip } from '../../fixtures/builder/ip.ts';
import { ethernet } from '../../fixtures/builder/link.ts';
import { type Packet, pcap } from '../../fixtures/builder/pcap.ts';
import { tcp } from '../../fixtures/builder/transport.ts';
import { PacketPath } from '../../src/pipeline/path.ts';
import type { FlowsKept } from '../../src/pipeline/row-path.ts';
import { LocalRows } from '../../src/pipeline/run-rows.ts';
import { runStart } from '../store/sample.ts';
import { folder, runCapture } from './memory.ts';

const client = '10.0.0.1';
const server = '10.0.0.2';
const NO_DROPS = { kernelDropped: null, interfaceDropped: null };

function handshake(port: number, afterUs: number): Packet[] {
  const toServer = (flags: string, seq: number, ack = 0) =>
    ip(client, server, tcp({ sourcePort: 50_000, destinationPort: port, seq, ack, flags }));
  const answer = ip(
    server,
    client,
    tcp({ sourcePort: port, destinationPort: 50_000, seq: 9, ack: 2, flags: 'SA' }),
  );
  return [toServer('S', 1), answer, toServer('A', 2, 10)].map((packet, n) => ({
    timeUs: startUs + afterUs + n,
    bytes: ethernet()(packet),
  }));
}

async function run(t: TestContext, flows: FlowsKept): Promise<Database.Database> {
  const db = join(folder(t), 'x.db');
  const rows = await LocalRows.open({ db, start: runStart(), servers: null, rpcRange: null, flows });
  const path = new PacketPath(
    { rpcRange: null, payload: true, tcpTimeoutS: 300, otherTimeoutS: 60, activeTimeoutS: 0 },
    rows,
  );
  await runCapture(path, pcap([...handshake(49_670, 0), ...handshake(49_671, 1000)]));
  await path.checkpoint([], NO_DROPS, false);
  rows.learn({
    kind: 'endpoint',
    ipVersion: 4,
    server: [0x0a00_0002],
    port: 49_670,
    udp: false,
    interfaceUuid: '12345678-1234-abcd-ef00-01234567cffb',
    basis: 'map',
    firstSeenUs: startUs,
  });
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
