// Later fragments follow their first one, in whichever order they come.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FRAGMENT } from '../../src/decode/packet.ts';
import { type Endpoint, flowsOf, type Sent } from './support.ts';

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
    more: { fragment, rare: fragment, ipId },
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
