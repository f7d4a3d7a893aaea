// What the size of a table, of its sums and of its hash must not change.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setKey } from '../../src/flow/key.ts';
import { asReference, referenceFlows } from './reference.ts';
import { ACK, type Endpoint, flowsOf, packetOf, type Sent, SYN, SYN_ACK } from './support.ts';

const UDP = 17;
const START_US = 1_700_000_000_000_000;
const client: Endpoint = { host: 1, port: 50_000 };
const server: Endpoint = { host: 2, port: 443 };

/** The same numbers on every run (a linear congruential generator). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function handshake(from: Endpoint, to: Endpoint, timeUs: number): Sent[] {
  return [
    { from, to, timeUs, flags: SYN, seq: 100 },
    { from: to, to: from, timeUs: timeUs + 1, flags: SYN_ACK, seq: 900, ack: 101 },
    { from, to, timeUs: timeUs + 2, flags: ACK, seq: 101, ack: 901 },
  ];
}

/** Packets of which two each have one and the same hash under `seed`, though their flows differ. */
function collidingPairs(seed: number): Sent[][] {
  const byHash = new Map<number, Sent>();
  const pairs: Sent[][] = [];
  const roll = dice(3);
  for (let n = 0; n < 300_000; n++) {
    const from = { host: roll(1 << 23), port: 1024 + roll(60_000) };
    const to = { host: (1 << 23) + roll(1 << 23), port: 1024 + roll(60_000) };
    const sent: Sent = { from, to, timeUs: START_US, protocol: UDP, wire: 100 + (n % 1000) };
    const packet = packetOf(sent, 1);
    setKey(packet, seed);
    const twin = byHash.get(packet.hash);
    if (twin !== undefined) pairs.push([twin, sent]);
    byHash.set(packet.hash, sent);
  }
  return pairs;
}

describe('a flow table', () => {
  test('sums beyond 2^32 bytes and payload bytes each way', () => {
    const wire = 0xffff_ffff;
    const packets: Sent[] = Array.from({ length: 2000 }, (_, n) => ({
      from: n % 4 === 0 ? client : server,
      to: n % 4 === 0 ? server : client,
      timeUs: START_US + n,
      protocol: UDP,
      wire: wire - n,
      payload: wire - 2 * n,
    }));
    for (const group of [1, 32]) {
      const [flow] = flowsOf(packets, { group });
      const sum = (from: Endpoint, of: 'wire' | 'payload') =>
        packets.reduce((total, sent) => total + (sent.from === from ? (sent[of] ?? 0) : 0), 0);
      assert.deepEqual(flow.out, {
        packets: 500,
        bytes: sum(client, 'wire'),
        payload: sum(client, 'payload'),
      });
      assert.deepEqual(flow.back, {
        packets: 1500,
        bytes: sum(server, 'wire'),
        payload: sum(server, 'payload'),
      });
      assert.ok(flow.out.bytes > 2 ** 32);
    }
  });

  test('keeps flows apart whose keys have the same hash', () => {
    const seed = 0x5eed;
    const pairs = collidingPairs(seed);
    assert.ok(pairs.length > 5, `only ${pairs.length} pairs collide`);
    const forth = pairs.flat();
    const back = forth.map((sent) => ({ ...sent, from: sent.to, to: sent.from }));
    const packets = [...forth, ...back, ...forth.toReversed()];
    const expected = referenceFlows(packets);
    assert.equal(expected.length, forth.length);
    for (const group of [1, 7, 32])
      assert.deepEqual(flowsOf(packets, { group, seed }).map(asReference), expected);
  });

  test('gives the same flows under any hash seed', () => {
    const roll = dice(7);
    const packets: Sent[] = Array.from({ length: 3000 }, (_, n) => ({
      from: { host: 1 + roll(20), port: 1024 + roll(20) },
      to: { host: 30 + roll(20), port: 443 },
      timeUs: START_US + n * 20_000,
      protocol: UDP,
    }));
    const expected = referenceFlows(packets);
    for (const seed of [0, 1, -1, 0x7fff_ffff, -0x8000_0000]) {
      assert.deepEqual(flowsOf(packets, { group: 32, seed }).map(asReference), expected);
    }
  });

  test('has the same flows whether or not it was swept and grown while time passed', () => {
    const roll = dice(11);
    const packets: Sent[] = [];
    let timeUs = START_US;
    // Sessions that fall silent and go on after a sweep has stored them.
    const quiet = Array.from({ length: 50 }, (_, n) => ({ host: 1000 + n, port: 50_000 }));
    for (const from of quiet) packets.push(...handshake(from, server, timeUs));
    for (let n = 0; n < 60_000; n++) {
      timeUs += 12_000;
      const from = { host: 2000 + (n >> 4), port: 1024 + roll(3) };
      if (n % 3 === 0) packets.push({ from, to: server, timeUs, flags: SYN, seq: n });
      else packets.push({ from, to: server, timeUs, protocol: UDP, wire: 60 + roll(1000) });
      if (n > 40_000 && n % 400 === 0) {
        const back = quiet[(n / 400) % quiet.length];
        packets.push({ from: server, to: back, timeUs, flags: ACK, seq: 901 });
      }
      if (n % 50 === 0) packets.push({ from, to: server, timeUs: timeUs - roll(100e6), protocol: UDP });
    }
    const expected = referenceFlows(packets);
    assert.ok(expected.filter((flow) => flow.continues > 0).length >= 20);
    for (const group of [1, 32]) assert.deepEqual(flowsOf(packets, { group }).map(asReference), expected);
  });

  test('keeps the own times of flows that are wholly from the past, through sweeps and growth', () => {
    const clock: Sent = { from: client, to: server, timeUs: START_US, protocol: UDP };
    const old = (n: number, agoUs: number): Sent => ({
      from: { host: 1000 + (n >> 8), port: 1024 + (n & 255) },
      to: server,
      timeUs: START_US - agoUs,
      protocol: UDP,
    });
    const packets = [clock];
    for (let n = 0; n < 40_000; n++) packets.push(old(n, 1000 + n), old(n, 500 + n), old(n, 2000 + n));
    const flows = flowsOf(packets, { group: 32 }).slice(1);
    assert.equal(flows.length, 40_000);
    flows.forEach((flow, n) => {
      assert.equal(flow.firstSeenUs, START_US - 2000 - n);
      assert.equal(flow.lastSeenUs, START_US - 500 - n);
    });
  });

  test('has the same flows when more are alive at once than it began with', () => {
    const packets: Sent[] = [];
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 40_000; n++) {
        const from = { host: 1 + (n >> 8), port: 1024 + (n & 255) };
        packets.push({
          from,
          to: server,
          timeUs: START_US + round * 40_000 + n,
          protocol: UDP,
          wire: 60 + round,
        });
      }
    }
    const flows = flowsOf(packets, { group: 32 });
    assert.equal(flows.length, 40_000);
    assert.ok(flows.every((flow) => flow.out.packets === 3 && flow.out.bytes === 60 + 61 + 62));
    assert.deepEqual(
      flows.map((flow) => flow.flowId),
      Array.from({ length: 40_000 }, (_, n) => n + 1),
    );
  });

  test('keys IPv6 flows by whole addresses', () => {
    const packets: Sent[] = [];
    for (let n = 0; n < 40; n++) {
      const more = { src1: n & 1, src2: n & 2, dst1: n & 4, dst2: n & 8 };
      const back = { dst1: n & 1, dst2: n & 2, src1: n & 4, src2: n & 8 };
      packets.push({ from: client, to: server, timeUs: START_US + n, protocol: UDP, more });
      packets.push({ from: server, to: client, timeUs: START_US + n, protocol: UDP, more: back });
    }
    const flows = flowsOf(packets, { group: 7, ipVersion: 6 });
    assert.equal(flows.length, 16);
    assert.ok(flows.every((flow) => flow.state === 'two-way' && flow.out.packets === flow.back.packets));
  });

  test('ends a flow at the active timeout, and the next continues it as what it was', () => {
    const packets = handshake(client, server, START_US);
    for (let s = 1; s <= 25; s++) {
      packets.push({
        from: s % 2 ? client : server,
        to: s % 2 ? server : client,
        timeUs: START_US + s * 1e6,
        flags: ACK,
      });
    }
    const flows = flowsOf(packets, { activeS: 10, group: 7 });
    assert.deepEqual(
      flows.map(({ flowId, continues, end, state, initiator, basis }) => [
        flowId,
        continues,
        end,
        state,
        initiator,
        basis,
      ]),
      [
        [1, 0, 'active', 'established', '10.0.0.1:50000', 'handshake'],
        [14, 1, 'active', 'established', '10.0.0.1:50000', 'handshake'],
        [25, 14, 'end', 'established', '10.0.0.1:50000', 'handshake'],
      ],
    );
  });
});
