// How long, and how many, quiet sessions are remembered so that what follows continues them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ACK, type Endpoint, FIN_ACK, flowsOf, RST, type Sent, SYN, SYN_ACK, TestMeter } from './support.ts';

const START_US = 1_700_000_000_000_000;
const IDLE_US = 300e6;
const TWO_HOURS_US = 7200e6;
const client: Endpoint = { host: 1, port: 50_000 };
const server: Endpoint = { host: 2, port: 993 };

function handshake(from: Endpoint, timeUs: number): Sent[] {
  return [
    { from, to: server, timeUs, flags: SYN, seq: 100 },
    { from: server, to: from, timeUs, flags: SYN_ACK, seq: 900, ack: 101 },
    { from, to: server, timeUs, flags: ACK, seq: 101, ack: 901 },
  ];
}

/** What the server says into a session whose client was last heard of long ago. */
function again(from: Endpoint, timeUs: number): Sent {
  return { from: server, to: from, timeUs, flags: ACK, seq: 901, ack: 101 };
}

describe('a SYN', () => {
  const syn = (seq: number): Sent => ({ from: client, to: server, timeUs: START_US + 1, flags: SYN, seq });
  const before = (seq: number, flags: number): Sent => ({
    ...{ from: client, to: server, timeUs: START_US, flags, seq },
  });

  test('that was overtaken by its own first segment is of that flow, also at the end of the number space', () => {
    assert.equal(flowsOf([before(101, ACK), syn(100)]).length, 1);
    assert.equal(flowsOf([before(0, ACK), syn(0xffff_ffff)]).length, 1);
  });

  test('is never taken for that by a number that was cut off', () => {
    for (const seq of [0, 1, 0xffff_ffff]) assert.equal(flowsOf([before(0, 0), syn(seq)]).length, 2);
  });
});

describe('a quiet session', () => {
  test('goes on as the same conversation within two hours after it expired, and not later', () => {
    const endedUs = START_US + IDLE_US;
    for (const [afterUs, goesOn] of [
      [1, true],
      [TWO_HOURS_US, true],
      [TWO_HOURS_US + 1, false],
    ] as const) {
      const flows = flowsOf([...handshake(client, START_US), again(client, endedUs + afterUs)]);
      assert.equal(flows.length, 2);
      const [, next] = flows;
      assert.equal(next.continues, goesOn ? 1 : 0);
      assert.equal(next.state, goesOn ? 'established' : 'mid-stream');
      assert.deepEqual([next.initiator, next.responder], ['10.0.0.1:50000', '10.0.0.2:993']);
      assert.equal(next.basis, goesOn ? 'handshake' : 'port-guess');
    }
  });

  test('is not continued by a SYN, nor once it was closed or reset', () => {
    const lateUs = START_US + IDLE_US + 10e6;
    const open = handshake(client, START_US);
    const syn: Sent = { from: client, to: server, timeUs: lateUs, flags: SYN, seq: 100 };
    const fins: Sent[] = [
      { from: client, to: server, timeUs: START_US, flags: FIN_ACK, seq: 101, ack: 901 },
      { from: server, to: client, timeUs: START_US, flags: FIN_ACK, seq: 901, ack: 102 },
    ];
    const reset: Sent = { from: server, to: client, timeUs: START_US, flags: RST, seq: 901 };
    for (const packets of [
      [...open, syn],
      [...open, ...fins, again(client, lateUs)],
      [...open, reset, again(client, lateUs)],
    ]) {
      const flows = flowsOf(packets);
      assert.equal(flows.length, 2);
      assert.equal(flows[1].continues, 0);
    }
  });

  test('is one of 65536 that are remembered at most, the latest of them', () => {
    const sessions = 70_000;
    const bound = 65_536;
    const meter = new TestMeter({ group: 32 });
    const clientOf = (n: number): Endpoint => ({ host: 100 + (n >> 14), port: 1024 + (n & 16_383) });
    for (let n = 0; n < sessions; n++) meter.add(handshake(clientOf(n), START_US + n * 1000));
    // So many other flows that the table has to be swept while the sessions are silent.
    const quietUs = START_US + sessions * 1000 + IDLE_US + 1;
    for (let n = 0; n < 140_000; n++) {
      const from = { host: 5000 + (n >> 14), port: 1024 + (n & 16_383) };
      meter.add([{ from, to: server, timeUs: quietUs, protocol: 17 }]);
    }
    for (let n = 0; n < sessions; n++) meter.add([again(clientOf(n), quietUs + 1)]);
    const flows = meter.finish().filter((flow) => flow.protocol === 6);
    assert.equal(flows.length, 2 * sessions);
    const goOn = flows.filter((flow) => flow.continues > 0).map((flow) => flow.continues);
    assert.equal(goOn.length, bound);
    // The oldest are those that began first; each handshake is three packets.
    assert.equal(goOn[0], 3 * (sessions - bound) + 1);
  });
});
