// Later fragments follow their first one, in whichever order they come.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FRAGMENT } from '../../src/decode/packet.ts';
import { AddressBook } from '../../src/flow/addresses.ts';
import { FragmentTable } from '../../src/flow/fragments.ts';
import { type Endpoint, flowsOf, packetOf, type Sent, TestMeter } from './support.ts';

const UDP = 17;
const START_US = 1_700_000_000_000_000;
const client: Endpoint = { host: 1, port: 50_000 };
const server: Endpoint = { host: 2, port: 2525 };

function piece(fragment: number, timeUs: number, wire: number, ipId = 77): Sent {
  const ports = fragment === FRAGMENT.first;
  return {
    from: ports ? client : { host: 1, port: 0 },
    to: ports ? server : { host: 2, port: 0 },
    timeUs,
    protocol: UDP,
    wire,
    more: { fragment, ipId },
  };
}

function orders<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, n) => orders(items.toSpliced(n, 1)).map((rest) => [item, ...rest]));
}

const GROUPS = [1, 2, 32];

describe('fragments', () => {
  test('make one flow in any order', () => {
    const { first, later } = FRAGMENT;
    const pieces = [
      [first, 1000],
      [later, 900],
      [later, 500],
      [later, 300],
    ] as const;
    for (const order of orders(pieces)) {
      const packets = order.map(([fragment, wire], n) => piece(fragment, START_US + n, wire));
      for (const group of GROUPS) {
        const flows = flowsOf(packets, { group });
        assert.equal(flows.length, 1);
        const [flow] = flows;
        assert.deepEqual([flow.initiator, flow.responder], ['10.0.0.1:50000', '10.0.0.2:2525']);
        assert.deepEqual([flow.flowId, flow.out.packets, flow.out.bytes], [1, 4, 2700]);
        assert.deepEqual([flow.firstSeenUs, flow.lastSeenUs], [START_US, START_US + 3]);
      }
    }
  });

  test('whose first one never comes make a flow without ports', () => {
    for (const group of GROUPS) {
      const flows = flowsOf(
        [piece(FRAGMENT.later, START_US, 900), piece(FRAGMENT.later, START_US + 1, 500)],
        { group },
      );
      assert.equal(flows.length, 1);
      assert.deepEqual(
        [flows[0].initiator, flows[0].responder, flows[0].out.bytes],
        ['10.0.0.1:-1', '10.0.0.2:-1', 1400],
      );
    }
  });

  test('wait thirty seconds for their first one and no longer', () => {
    for (const group of GROUPS) {
      const inTime = [piece(FRAGMENT.later, START_US, 900), piece(FRAGMENT.first, START_US + 30e6, 1000)];
      assert.equal(flowsOf(inTime, { group }).length, 1);
      const tooLate = [
        piece(FRAGMENT.later, START_US, 900),
        piece(FRAGMENT.first, START_US + 30e6 + 1, 1000),
      ];
      assert.equal(flowsOf(tooLate, { group }).length, 2);
    }
  });

  test('of two datagrams with different identifications stay apart', () => {
    const other = { ...piece(FRAGMENT.first, START_US + 2, 700, 78), from: { host: 1, port: 50_001 } };
    const packets = [
      piece(FRAGMENT.later, START_US, 900, 78),
      piece(FRAGMENT.later, START_US + 1, 300, 77),
      other,
      piece(FRAGMENT.first, START_US + 3, 1000, 77),
    ];
    for (const group of GROUPS) {
      const flows = flowsOf(packets, { group });
      assert.deepEqual(flows.map((flow) => [flow.initiator, flow.out.bytes]).sort(), [
        ['10.0.0.1:50000', 1300],
        ['10.0.0.1:50001', 1600],
      ]);
    }
  });

  test('that waited belong to the flow of their first one, however soon a long silence follows', () => {
    const packets = [
      piece(FRAGMENT.later, START_US, 900),
      piece(FRAGMENT.first, START_US + 1, 1000),
      { from: client, to: server, timeUs: START_US + 200e6, protocol: UDP, wire: 60 },
    ];
    for (const group of GROUPS) {
      const flows = flowsOf(packets, { group });
      assert.deepEqual(
        flows.map((flow) => [flow.flowId, flow.out.bytes]),
        [
          [1, 1900],
          [3, 60],
        ],
        `groups of ${group}`,
      );
    }
  });

  test('are all counted under a flood of datagrams whose first ones never come', () => {
    const count = 150_000;
    const packets = Array.from({ length: count }, (_, n) => ({
      ...piece(FRAGMENT.later, START_US + n, 100, n & 0xffff),
      from: { host: 10 + (n >> 16), port: 0 },
    }));
    const flows = flowsOf(packets, { group: 32 });
    const total = flows.reduce((sum, flow) => sum + flow.out.packets + flow.back.packets, 0);
    assert.equal(total, count);
    assert.ok(flows.every((flow) => flow.initiator.endsWith(':-1')));
  });
});

/** What a reader sees of the flows between the two hosts. */
function rows(packets: readonly Sent[], group: number): unknown[] {
  return flowsOf(packets, { group })
    .filter((flow) => flow.initiator.startsWith('10.0.0.1:'))
    .map(({ initiator, out, firstSeenUs, lastSeenUs, end }) => ({
      ...{ initiator, packets: out.packets, end },
      ...{ fromS: (firstSeenUs - START_US) / 1e6, toS: (lastSeenUs - START_US) / 1e6 },
    }));
}

/** A first fragment of other hosts' each second, so that nothing waits longer than it may. */
function unrelated(seconds: number): Sent[] {
  return Array.from({ length: seconds }, (_, s) => ({
    ...piece(FRAGMENT.first, START_US + s * 1e6 + 7, 100, s),
    from: { host: 900, port: 40_000 },
  }));
}

/** 20,000 flows in the last microsecond of a second: too many for the table not to be swept. */
function crowd(second: number): Sent[] {
  return Array.from({ length: 20_000 }, (_, n) => ({
    from: { host: 1000 + second, port: 1024 + n },
    to: server,
    timeUs: START_US + second * 1e6 + 999_999,
    protocol: UDP,
  }));
}

describe('fragments whose first one never comes', () => {
  const orphans = (...seconds: number[]) =>
    seconds.map((s) => piece(FRAGMENT.later, START_US + s * 1e6, 500, 5000 + s));
  const cut = (s: number): Sent => ({
    ...{ from: { host: 1, port: 0 }, to: { host: 2, port: 0 } },
    ...{ timeUs: START_US + s * 1e6, protocol: UDP, more: { portsUnread: 1 } },
  });
  const noPorts = '10.0.0.1:-1';
  const one = (fromS: number, toS: number, packets: number, end: string) => ({
    ...{ initiator: noPorts, packets, end, fromS, toS },
  });

  const cases: [string, Sent[], unknown[]][] = [
    ['are one flow at the idle timeout', orphans(0, 60), [one(0, 60, 2, 'end')]],
    ['are two flows after it', orphans(0, 61), [one(0, 0, 1, 'idle'), one(61, 61, 1, 'end')]],
    ['keep their flow alive', orphans(0, 40, 80, 120), [one(0, 120, 4, 'end')]],
    [
      'share their flow with what was cut before its ports, whichever came first',
      [...orphans(0), cut(50), ...orphans(100), cut(170)],
      [one(0, 100, 3, 'idle'), one(170, 170, 1, 'end')],
    ],
    [
      'count where they came, though a packet that came later was counted before',
      [...orphans(0), cut(10), cut(75)],
      [one(0, 10, 2, 'idle'), one(75, 75, 1, 'end')],
    ],
  ];
  for (const [what, packets, expected] of cases) {
    test(`${what}, whatever else the run holds`, () => {
      const byTime = (more: readonly Sent[]) => [...packets, ...more].sort((a, b) => a.timeUs - b.timeUs);
      const lastS = Math.max(...packets.map((sent) => (sent.timeUs - START_US) / 1e6));
      for (const group of GROUPS) {
        assert.deepEqual(rows(packets, group), expected);
        assert.deepEqual(rows(byTime(unrelated(lastS)), group), expected, 'with other fragments');
        for (const second of [29, 59, 60, 62, 89, 90, 92].filter((s) => s < lastS)) {
          assert.deepEqual(rows(byTime(crowd(second)), group), expected, `swept at second ${second}`);
        }
      }
    });
  }

  test('take the first time there is, where they came before it', () => {
    const untimed = piece(FRAGMENT.later, -Infinity, 500, 1);
    const clock: Sent = { from: { host: 8, port: 5 }, to: server, timeUs: START_US, protocol: UDP };
    for (const group of GROUPS) {
      const [flow] = new TestMeter({ group }).add([untimed]).add([clock]).finish();
      assert.deepEqual([flow.initiator, flow.firstSeenUs, flow.lastSeenUs], [noPorts, START_US, START_US]);
      // Its thirty seconds begin there too.
      const first = piece(FRAGMENT.first, START_US + 30e6, 900, 1);
      const joined = new TestMeter({ group }).add([untimed]).add([clock, first]).finish();
      assert.equal(joined[0].initiator, '10.0.0.1:50000');
      assert.equal(joined[0].out.packets, 2);
    }
  });
});

describe('the fragment table', () => {
  const later = (protocol: number, ipVersion: 4 | 6 = 4) => {
    const sent = { ...piece(FRAGMENT.later, START_US, 500), protocol };
    const packet = packetOf(sent, 1, ipVersion);
    packet.clockUs = START_US;
    return packet;
  };

  test('keeps nothing where the first fragment would tell nothing new', () => {
    for (const protocol of [2, 50, 88, 89, 103, 112, 254]) {
      const table = new FragmentTable(new AddressBook(), () => assert.fail('nothing was kept'));
      assert.equal(table.later(later(protocol)), true);
      assert.equal(table.size, 0);
    }
  });

  test('says that ports are unread only where the protocol has ports', () => {
    for (const [protocol, ipVersion, portsUnread] of [
      ...([6, 17, 132, 51] as const).map((protocol) => [protocol, 4, 1] as const),
      ...([6, 17, 132, 51, 60] as const).map((protocol) => [protocol, 6, 1] as const),
      [1, 4, 0],
      [58, 6, 0],
      [50, 6, 0],
      [89, 6, 0],
    ] as const) {
      const seen: number[] = [];
      const table = new FragmentTable(new AddressBook(), (fragment) => seen.push(fragment.portsUnread));
      assert.equal(table.later(later(protocol, ipVersion)), false);
      table.expire(Infinity);
      assert.deepEqual(seen, [portsUnread], `protocol ${protocol}`);
    }
  });

  test('holds one datagram, however often its first fragment is repeated', () => {
    const table = new FragmentTable(new AddressBook(), () => assert.fail('nothing was kept'));
    for (let n = 0; n < 100_000; n++) {
      const packet = packetOf(piece(FRAGMENT.first, START_US + n, 500), n + 1);
      packet.clockUs = packet.timeUs;
      table.first(packet, packet);
      assert.equal(table.size, 1);
    }
  });

  test('holds 65536 datagrams at most', () => {
    const table = new FragmentTable(new AddressBook(), () => assert.fail('nothing was kept'));
    for (let n = 0; n < 200_000; n++) {
      const sent = {
        ...piece(FRAGMENT.first, START_US + n, 500, n & 0xffff),
        from: { host: 9 + (n >> 16), port: 1 },
      };
      const packet = packetOf(sent, n + 1);
      packet.clockUs = packet.timeUs;
      table.first(packet, packet);
      assert.ok(table.size <= 65_536);
    }
  });

  test('counts the thirty seconds from the last first fragment of a repeated identification', () => {
    const first = (s: number, port: number) => ({
      ...piece(FRAGMENT.first, START_US + s * 1e6, 500),
      from: { host: 1, port },
    });
    const packets = [first(0, 50_000), first(20, 50_001), piece(FRAGMENT.later, START_US + 50e6, 700)];
    for (const group of GROUPS) {
      const flows = flowsOf(packets, { group });
      assert.deepEqual(
        flows.map((flow) => [flow.initiator, flow.out.bytes]),
        [
          ['10.0.0.1:50000', 500],
          ['10.0.0.1:50001', 1200],
        ],
      );
    }
  });
});
