// Live capture on a cable between two network namespaces: what is counted, stored and said. Needs root and libpcap.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { sampleCapture } from '../../fixtures/sample.ts';
import { loadCap } from '../../src/source/live/native.ts';
import { query, type Row, runXports } from '../support/analyze.ts';
import { Cable, cannotTry, NOBODY } from './namespaces.ts';

/** Whole packets, none longer than the devices take. */
const SAMPLE = join(mkdtempSync(join(tmpdir(), 'xports-sample-')), 'sample.pcap');
writeFileSync(SAMPLE, sampleCapture(1514));
const SAMPLE_PACKETS = packetsOf(SAMPLE);
const skip = cannotTry();
let cable: Cable;

/** Packets and bytes on the wire of a classic capture, counted by its headers alone. */
function packetsOf(path: string): { packets: number; bytes: number } {
  const file = readFileSync(path);
  let packets = 0;
  let bytes = 0;
  for (let at = 24; at < file.length; at += 16 + file.readUInt32LE(at + 8)) {
    packets++;
    bytes += file.readUInt32LE(at + 12);
  }
  return { packets, bytes };
}

function runRow(database = cable.path('live.db')): Row {
  const rows = query(database, 'SELECT * FROM runs ORDER BY id DESC LIMIT 1');
  assert.equal(rows.length, 1);
  return rows[0];
}

/** What a run says of the traffic, without what is about the run. */
function storyOf(database: string): Readonly<Record<string, Row[]>> {
  const tables = ['flow_records', 'service_counts', 'service_pairs', 'findings', 'skipped'];
  const story: Record<string, Row[]> = {};
  for (const table of tables) {
    story[table] = query(database, `SELECT * FROM ${table}`).sort((a, b) =>
      JSON.stringify(a) < JSON.stringify(b) ? -1 : 1,
    );
  }
  return story;
}

after(() => rmSync(dirname(SAMPLE), { recursive: true }));

describe('live capture', { skip }, () => {
  before(() => {
    assert.ok(SAMPLE_PACKETS.packets > 100);
  });

  beforeEach(() => {
    cable = new Cable();
  });

  // One cable a test, so that none sees another's packets.
  const onCable = (name: string, body: () => Promise<void>, options: { skip?: string | false } = {}) =>
    test(name, options, async () => {
      try {
        await body();
      } finally {
        cable.remove();
      }
    });

  onCable('Ctrl-C right after the last packet loses none, and the run is complete', async () => {
    const listener = await cable.listen();
    const sent = cable.send(SAMPLE);
    const ended = await listener.stop();
    assert.equal(ended.exit, 0, ended.err);
    const run = runRow();
    assert.equal(run.status, 'complete');
    assert.equal(run.source, cable.device);
    assert.equal(run.source_kind, 'interface');
    assert.equal(run.packets, sent);
    assert.equal(run.packets, SAMPLE_PACKETS.packets);
    assert.equal(run.bytes, SAMPLE_PACKETS.bytes);
    assert.equal(run.kernel_dropped, 0);
    assert.equal(run.interface_dropped, 0);
    const [source] = query(cable.path('live.db'), 'SELECT * FROM sources');
    assert.equal(source.format, 'pcap-ns');
    assert.equal(source.link_types, 'ethernet');
    assert.match(ended.out, /^Run 1\n/);
  });

  onCable('the kept packets, analyzed as a file, give what the live run stored', async () => {
    const file = cable.path('kept.pcap');
    const listener = await cable.listen('--write', file, '--snaplen', '2000', '--checkpoint', '0.2');
    cable.send(SAMPLE);
    cable.send(SAMPLE);
    assert.equal((await listener.stop()).exit, 0);
    const offline = cable.path('offline.db');
    const analyzed = await runXports([
      'analyze',
      file,
      '--db',
      offline,
      '--active-timeout',
      '1800',
      '--quiet',
    ]);
    assert.equal(analyzed.exit, 0, analyzed.stderr);
    assert.deepEqual(storyOf(cable.path('live.db')), storyOf(offline));
    assert.equal(packetsOf(file).packets, 2 * SAMPLE_PACKETS.packets);
    assert.equal(statSync(file).mode & 0o777, 0o600);
  });

  onCable('what is counted for each service is what the file that was sent holds', async () => {
    const listener = await cable.listen();
    cable.send(SAMPLE);
    assert.equal((await listener.stop()).exit, 0);
    const offline = cable.path('offline.db');
    await runXports(['analyze', SAMPLE, '--db', offline, '--quiet']);
    // Timers depend on how fast it was sent; packets and bytes do not.
    const sums =
      'SELECT service, transport, port, verdict, packets, bytes FROM service_counts ORDER BY 1, 2, 3, 4';
    assert.deepEqual(query(cable.path('live.db'), sums), query(offline, sums));
  });

  onCable('after root is given away no thread has a capability, and the capture goes on', async () => {
    const listener = await cable.listen('--user', String(NOBODY), '--write', cable.path('kept.pcap'));
    const tasks = `/proc/${listener.child.pid}/task`;
    const statuses = readdirSync(tasks).map((task) => readFileSync(join(tasks, task, 'status'), 'utf8'));
    assert.ok(statuses.length > 1);
    for (const status of statuses) {
      assert.match(status, new RegExp(`^Uid:\\t${NOBODY}\\t${NOBODY}\\t${NOBODY}\\t${NOBODY}$`, 'm'));
      assert.match(status, new RegExp(`^Gid:\\t${NOBODY}\\t${NOBODY}\\t${NOBODY}\\t${NOBODY}$`, 'm'));
      assert.match(status, new RegExp(`^Groups:\\t${NOBODY} $`, 'm'));
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'])
        assert.match(status, new RegExp(`^${set}:\\t0+$`, 'm'));
    }
    const sent = cable.send(SAMPLE);
    const ended = await listener.stop();
    assert.equal(ended.exit, 0, ended.err);
    assert.equal(runRow().packets, sent);
    for (const name of ['live.db', 'kept.pcap']) assert.equal(statSync(cable.path(name)).uid, NOBODY);
  });

  onCable('who may not open the device is told what to type, and no database is made', async () => {
    const database = cable.path('none.db');
    const args = ['live', '--iface', cable.device, '--db', database];
    const ended = await cable.xports(args, NOBODY).ended;
    assert.equal(ended.exit, 5);
    assert.match(ended.err, /permission/);
    assert.match(ended.err, /sudo xports live --iface listen0/);
    assert.match(ended.err, /sudo setcap cap_net_raw=ep \//);
    assert.match(ended.err, /tcpdump -i listen0 -U -w - \| xports analyze -/);
    assert.equal(ended.out, '');
    assert.ok(!readdirSync(cable.directory).includes('none.db'));
  });

  onCable('a device that is not there is exit code 5 in libpcap’s words', async () => {
    const ended = await cable.xports(['live', '--iface', 'nowhere0', '--db', cable.path('x.db')]).ended;
    assert.equal(ended.exit, 5);
    assert.match(ended.err, /nowhere0 cannot be opened: No such device exists\n {2}xports interfaces/);
  });

  onCable('a device that is down is exit code 5 and the command that brings it up', async () => {
    cable.atListener('link', 'set', cable.device, 'down');
    const ended = await cable.xports(['live', '--iface', cable.device, '--db', cable.path('x.db')]).ended;
    assert.equal(ended.exit, 5);
    assert.match(ended.err, /not up\n {2}sudo ip link set listen0 up/);
  });

  onCable('a filter that is none is a usage error in libpcap’s words', async () => {
    const args = ['live', '--iface', cable.device, '--db', cable.path('x.db'), '--filter', 'prot 25'];
    const ended = await cable.xports(args).ended;
    assert.equal(ended.exit, 2);
    assert.match(ended.err, /--filter "prot 25": .*syntax error/);
  });

  onCable('a filter takes what it says, and the user hears that it may miss tagged frames', async () => {
    const listener = await cable.listen('--filter', 'tcp port 443');
    cable.send(SAMPLE);
    const ended = await listener.stop();
    assert.match(ended.err, /may miss frames with a VLAN tag/);
    assert.match(ended.err, /\(tcp port 443\) or \(vlan and \(tcp port 443\)\)/);
    const ports = query(cable.path('live.db'), 'SELECT DISTINCT port FROM service_counts');
    assert.deepEqual(ports, [{ port: 443 }]);
  });

  onCable('--count ends after exactly so many packets, and --duration ends on a silent wire', async () => {
    const counting = await cable.listen('--count', '77', '--json');
    await new Promise((resolve) => setTimeout(resolve, 1500));
    cable.send(SAMPLE);
    const counted = await counting.ended;
    assert.equal(counted.exit, 0, counted.err);
    assert.equal(JSON.parse(counted.out).run.packets, 77);
    const silent = await cable.xports([
      ...['live', '--iface', cable.device, '--db', cable.path('silent.db')],
      ...['--duration', '0.5', '--json'],
    ]).ended;
    assert.equal(silent.exit, 0, silent.err);
    const { run } = JSON.parse(silent.out);
    assert.equal(run.packets, 0);
    assert.equal(run.status, 'complete');
  });

  onCable('a device that goes down and comes up again is listened to on, and the gap is kept', async () => {
    const listener = await cable.listen();
    const first = cable.send(SAMPLE);
    // What the ring holds is handed over within a block's time; before that it would not be lost, but not seen first.
    cable.atListener('link', 'set', cable.device, 'down');
    await listener.says(/went down/);
    cable.atListener('link', 'set', cable.device, 'up');
    await listener.says(/was not there from/);
    const second = cable.send(SAMPLE);
    const ended = await listener.stop();
    assert.equal(ended.exit, 0, ended.err);
    const run = runRow();
    assert.equal(run.packets, first + second);
    assert.match(String(run.message), /listen0 was not there from .* to .*went down/);
  });

  onCable('a device that is taken away and made anew is opened anew', async () => {
    const listener = await cable.listen();
    const first = cable.send(SAMPLE);
    cable.atListener('link', 'del', cable.device);
    await listener.says(/waiting for it/);
    cable.plugIn();
    await listener.says(/was not there from/);
    const second = cable.send(SAMPLE);
    const ended = await listener.stop();
    assert.equal(ended.exit, 0, ended.err);
    assert.equal(runRow().packets, first + second);
  });

  onCable('a second Ctrl-C leaves a database that is whole', async () => {
    const listener = await cable.listen();
    cable.send(SAMPLE);
    listener.child.kill('SIGINT');
    listener.child.kill('SIGINT');
    await listener.ended;
    const database = cable.path('live.db');
    assert.deepEqual(query(database, 'PRAGMA integrity_check'), [{ integrity_check: 'ok' }]);
    // Nobody was left to say so; the next to write there does.
    const ended = await cable.xports(['live', '--iface', cable.device, '--db', database, '--duration', '0.1'])
      .ended;
    assert.equal(ended.exit, 0, ended.err);
    assert.notEqual(query(database, 'SELECT status FROM runs ORDER BY id')[0].status, 'running');
  });

  onCable('interfaces lists the device, what it is, and what would open it', async () => {
    const asRoot = await cable.xports(['interfaces', '--json']).ended;
    const asNobody = await cable.xports(['interfaces', '--json'], NOBODY).ended;
    assert.equal(asRoot.exit, 0, asRoot.err);
    const find = (text: string) =>
      JSON.parse(text).interfaces.find((one: { name: string }) => one.name === cable.device);
    const open = find(asRoot.out);
    assert.equal(open.link_type, 'ethernet');
    assert.equal(open.up, true);
    assert.equal(open.can_open, true);
    const refused = find(asNobody.out);
    assert.equal(refused.can_open, false);
    assert.match(refused.hint, /^sudo setcap cap_net_raw=ep \//);
    const table = await cable.xports(['interfaces']).ended;
    assert.match(table.out, /listen0\s+up\s+ethernet\s+yes/);
  });

  onCable(
    'the engine cap counts the same packets, and its drops are unknown',
    async () => {
      const listener = await cable.listen('--engine', 'cap');
      const sent = cable.send(SAMPLE);
      // It has no ring of blocks to drain: what was taken in is there after a moment.
      await new Promise((resolve) => setTimeout(resolve, 500));
      const ended = await listener.stop();
      assert.equal(ended.exit, 0, ended.err);
      assert.match(ended.err, /knows no times .* and no drops/);
      const run = runRow();
      assert.equal(run.packets, sent);
      assert.equal(run.bytes, SAMPLE_PACKETS.bytes);
      assert.equal(run.kernel_dropped, null);
      assert.equal(run.interface_dropped, null);
    },
    { skip: withoutCap() },
  );
});

function withoutCap(): string | false {
  try {
    loadCap();
    return false;
  } catch {
    return 'needs the package cap';
  }
}
