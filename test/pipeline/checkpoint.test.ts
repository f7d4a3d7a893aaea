// What a checkpoint writes of flows that go on.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { startUs } from '../../fixtures/builder/conversation.ts';
import { ip } from '../../fixtures/builder/ip.ts';
import { ethernet } from '../../fixtures/builder/link.ts';
import { type Packet, pcap } from '../../fixtures/builder/pcap.ts';
import { udp } from '../../fixtures/builder/transport.ts';
import { PacketPath } from '../../src/pipeline/path.ts';
import { LocalRows } from '../../src/pipeline/run-rows.ts';
import { runStart } from '../store/sample.ts';
import { folder, runCapture } from './memory.ts';

const NO_DROPS = { kernelDropped: null, interfaceDropped: null };

function query(sourcePort: number, afterUs: number): Packet {
  const datagram = udp(sourcePort, 53, new Uint8Array(20));
  return { timeUs: startUs + afterUs, bytes: ethernet()(ip('10.0.0.1', '10.0.0.2', datagram)) };
}

test('a checkpoint writes the flows that changed since the one before, and the account closes all the same', async (t) => {
  const path = join(folder(t), 'x.db');
  const rows = await LocalRows.open({
    db: path,
    start: runStart(),
    servers: null,
    rpcRange: null,
    flows: 'all',
  });
  const options = { rpcRange: null, payload: true, tcpTimeoutS: 300, otherTimeoutS: 60, activeTimeoutS: 0 };
  const packets = new PacketPath(options, rows);
  const db = new Database(path);
  t.after(() => db.close());
  const ports = () => db.prepare('SELECT initiator_port FROM flow_records ORDER BY 1').pluck().all();
  const placed = () => db.prepare('SELECT sum(packets) FROM service_counts').pluck().get();
  await runCapture(packets, pcap([query(1001, 0), query(1002, 10), query(1003, 20)]));
  await packets.checkpoint([], NO_DROPS, false);
  assert.deepEqual(ports(), [1001, 1002, 1003]);
  await runCapture(packets, pcap([query(1002, 30)]));
  // Whatever is written again comes back.
  db.exec('DELETE FROM flows');
  await packets.checkpoint([], NO_DROPS, false);
  // The last packet before a checkpoint may have had others at its microsecond.
  assert.deepEqual(ports(), [1002, 1003]);
  assert.equal(placed(), 4);
  db.exec('DELETE FROM flows');
  await packets.checkpoint([], NO_DROPS, true);
  assert.deepEqual(ports(), [1001, 1002, 1003]);
  assert.equal(placed(), 4);
  await rows.finish('complete', null);
  await rows.close();
});
