// Packets and bytes by service over time.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ServiceMinutes } from '../../src/flow/minutes.ts';
import { TestMeter } from './support.ts';

const MINUTE_US = 60_000_000;
const BUCKETS = 1440;
const START_US = 1_700_000_000_123_456;
const SERVICES = 4;

interface Added {
  readonly afterUs: number;
  readonly service: number;
  readonly bytes: number;
}

/** What each bucket holds, once it is known how far the capture reaches. */
function expectedRows(added: readonly Added[]): string[] {
  const baseUs = Math.floor((START_US + added[0].afterUs) / MINUTE_US) * MINUTE_US;
  const lastUs = START_US + Math.max(...added.map((one) => one.afterUs));
  let widthUs = MINUTE_US;
  while (lastUs >= baseUs + BUCKETS * widthUs) widthUs *= 2;
  const sums = new Map<string, [number, number]>();
  for (const { afterUs, service, bytes } of added) {
    // Packets from before the first minute are counted in it.
    const bucket = Math.max(0, Math.floor((START_US + afterUs - baseUs) / widthUs));
    const key = `${baseUs + bucket * widthUs} +${widthUs} service ${service}`;
    const sum = sums.get(key) ?? [0, 0];
    sums.set(key, [sum[0] + 1, sum[1] + bytes]);
  }
  return [...sums].map(([key, sum]) => `${key}: ${sum.join(' ')}`).sort();
}

function rowsOf(minutes: ServiceMinutes): string[] {
  return minutes
    .rows()
    .map((row) => `${row.startUs} +${row.widthUs} service ${row.service}: ${row.packets} ${row.bytes}`)
    .sort();
}

const service = fc.integer({ min: 0, max: SERVICES - 1 });
const bytes = fc.constantFrom(60, 1514, 0xffff_ffff);

describe('service minutes', () => {
  for (const [reach, spanUs] of [
    ['an hour', 3600e6],
    ['two days', 172_800e6],
    ['three months', 7_776_000e6],
  ] as const) {
    test(`keep every packet in its bucket over ${reach}, however coarse the buckets become`, () => {
      const afterUs = fc.integer({ min: 0, max: spanUs });
      const added = fc.array(fc.record({ afterUs, service, bytes }), { minLength: 1, maxLength: 60 });
      const property = fc.property(added, fc.boolean(), (packets, inOrder) => {
        const all = inOrder ? packets.toSorted((a, b) => a.afterUs - b.afterUs) : packets;
        const minutes = new ServiceMinutes(SERVICES);
        for (const one of all) minutes.add(START_US + one.afterUs, one.service, one.bytes);
        assert.deepEqual(rowsOf(minutes), expectedRows(all));
      });
      fc.assert(property, { numRuns: 100, seed: 5 });
    });
  }

  test('begin with the first packet that was read, be it counted after one from the past', () => {
    const minutes = new ServiceMinutes(SERVICES);
    minutes.startClock(START_US);
    minutes.add(START_US - 2 * MINUTE_US, 1, 60);
    minutes.add(START_US, 2, 60);
    const baseUs = Math.floor(START_US / MINUTE_US) * MINUTE_US;
    assert.deepEqual(
      minutes.rows().map(({ startUs }) => startUs),
      [baseUs, baseUs],
    );
  });

  test('begin at the first time there is when packets without one came before', () => {
    const minutes = new ServiceMinutes(SERVICES);
    minutes.add(0, 1, 100);
    minutes.startClock(START_US);
    minutes.add(START_US + 1, 1, 50);
    const startUs = Math.floor(START_US / MINUTE_US) * MINUTE_US;
    assert.deepEqual(rowsOf(minutes), [`${startUs} +${MINUTE_US} service 1: 2 150`]);
  });
});

describe('a packet without a time', () => {
  const packet = { from: { host: 1, port: 50_000 }, to: { host: 2, port: 443 }, flags: 2, seq: 1 };
  const untimed = { ...packet, timeUs: -Infinity };

  for (const group of [1, 7]) {
    test(`takes the first time there is, or the clock's once there is one (groups of ${group})`, () => {
      const one = new TestMeter({ group });
      one.add([untimed, { ...packet, timeUs: START_US }, { ...packet, timeUs: START_US + 5 }, untimed]);
      const [flow] = one.finish();
      assert.deepEqual([flow.out.packets, flow.firstSeenUs, flow.lastSeenUs], [4, START_US, START_US + 5]);
      assert.equal(one.meter.packetsOutOfOrder, 0);
    });

    test(`stays a packet of its flow where none has a time (groups of ${group})`, () => {
      const one = new TestMeter({ group }).add([untimed, untimed, untimed]);
      const flows = one.finish();
      assert.equal(flows.length, 1);
      assert.equal(flows[0].out.packets, 3);
    });
  }
});
