// Flows that are stored early for want of room, and time that passes on a silent wire.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACK, type Sent, SYN, SYN_ACK, TestMeter } from './support.ts';

const START_US = 1_700_000_000_000_000;
const SERVER = { host: 1, port: 443 };

/** A SYN of client `n`, which is later than those of the clients before it. */
function attempt(n: number, timeUs = START_US + n * 1000): Sent {
  return { from: { host: 100 + n, port: 50_000 }, to: SERVER, timeUs, flags: SYN, seq: n };
}

function evictedOf(maxFlows: number, all: readonly Sent[]) {
  const meter = new TestMeter();
  meter.meter.maxFlows = maxFlows;
  let most = 0;
  for (const one of all) {
    meter.add([one]);
    most = Math.max(most, meter.meter.size);
  }
  return { most, flows: meter.finish(), evicted: meter.meter.evicted };
}

test('with room for as many flows as there are, none is stored early', () => {
  const attempts = Array.from({ length: 64 }, (_, n) => attempt(n));
  const { flows, evicted } = evictedOf(64, attempts);
  assert.equal(evicted, 0);
  assert.ok(flows.every(({ end }) => end === 'end'));
});

test('one more than there is room for drives out the eighth that was quiet longest, and no packet is lost', () => {
  const attempts = Array.from({ length: 65 }, (_, n) => attempt(n));
  const { flows, evicted, most } = evictedOf(64, attempts);
  assert.equal(most, 64);
  assert.equal(flows.length, 65);
  assert.deepEqual(
    flows.filter(({ end }) => end === 'evicted').map(({ flowId }) => flowId),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  assert.equal(evicted, 9);
});

test('it is the longest quiet that go, not those that began first', () => {
  const attempts = Array.from({ length: 64 }, (_, n) => attempt(n));
  const again = Array.from({ length: 32 }, (_, n) => attempt(n, START_US + 200_000 + n));
  const { flows } = evictedOf(64, [...attempts, ...again, attempt(64, START_US + 300_000)]);
  assert.deepEqual(
    flows.filter(({ end }) => end === 'evicted').map(({ flowId }) => flowId),
    [33, 34, 35, 36, 37, 38, 39, 40, 41],
  );
});

test('what has ended by its timeout goes first, as idle', () => {
  const early = Array.from({ length: 60 }, (_, n) => attempt(n));
  const late = Array.from({ length: 10 }, (_, n) => attempt(100 + n, START_US + 400e6 + n));
  const { flows, evicted } = evictedOf(64, [...early, ...late]);
  assert.equal(evicted, 0);
  assert.equal(flows.filter(({ end }) => end === 'idle').length, 60);
});

test('a flow whose packets go on after it was evicted begins anew', () => {
  const attempts = Array.from({ length: 9 }, (_, n) => attempt(n));
  const { flows } = evictedOf(8, [
    ...attempts,
    { from: { host: 100, port: 50_000 }, to: SERVER, timeUs: START_US + 90_000, flags: ACK },
  ]);
  assert.equal(flows.length, 10);
  assert.equal(flows[0].end, 'evicted');
  assert.equal(flows[9].state, 'mid-stream');
  assert.equal(flows[9].continues, 0);
});

test('a flood costs no more memory than there is room, and every packet is in a flow', () => {
  const attempts = Array.from({ length: 20_000 }, (_, n) => attempt(n, START_US + n));
  const { flows, most } = evictedOf(1000, attempts);
  assert.equal(most, 1000);
  assert.equal(
    flows.reduce((sum, { out, back }) => sum + out.packets + back.packets, 0),
    20_000,
  );
});

test('on a silent wire a flow ends when its timeout has passed by the wall clock', () => {
  const meter = new TestMeter().add([attempt(0)]);
  meter.pass(START_US + 300e6);
  assert.equal(meter.meter.size, 1);
  meter.pass(START_US + 300e6 + 1);
  assert.equal(meter.meter.size, 0);
  assert.deepEqual(
    meter.finish().map(({ end }) => end),
    ['idle'],
  );
});

test('the clock never goes back, and before the first packet there is none', () => {
  const meter = new TestMeter();
  meter.meter.passTime(START_US);
  assert.equal(meter.meter.endUs, 0);
  meter.add([attempt(0)]);
  meter.meter.passTime(START_US - 1);
  assert.equal(meter.meter.endUs, START_US);
});

test('what comes after the time that passed is as it would be without: a session that was quiet is continued', () => {
  const client = { host: 100, port: 50_000 };
  const session: Sent[] = [
    { from: client, to: SERVER, timeUs: START_US, flags: SYN, seq: 1 },
    { from: SERVER, to: client, timeUs: START_US + 1, flags: SYN_ACK, seq: 9, ack: 2 },
    { from: client, to: SERVER, timeUs: START_US + 2, flags: ACK, seq: 2, ack: 10 },
  ];
  const later: Sent = { from: client, to: SERVER, timeUs: START_US + 900e6, flags: ACK, seq: 2, ack: 10 };
  const passing = new TestMeter().add(session);
  for (let s = 1; s < 890; s += 50) passing.pass(START_US + s * 1e6);
  assert.deepEqual(passing.add([later]).finish(), new TestMeter().add([...session, later]).finish());
});
