import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TickScale } from '../../src/source/ticks.ts';

/** The same by arithmetic on whole numbers of any size. */
function exactUs(high: number, low: number, resolution: number, offset: number): bigint {
  const ticks = (BigInt(high) << 32n) | BigInt(low);
  const exponent = BigInt(resolution & 0x7f);
  const us =
    (resolution & 0x80) !== 0 ? (ticks * 1_000_000n) >> exponent : (ticks * 1_000_000n) / 10n ** exponent;
  return us + BigInt(offset) * 1_000_000n;
}

const half = fc.integer({ min: 0, max: 0xffffffff });

test('ticks become the same microseconds as by exact arithmetic, rounded down', () => {
  fc.assert(
    fc.property(
      half,
      half,
      fc.integer({ min: 0, max: 255 }),
      fc.integer({ min: -1e6, max: 1e6 }),
      (high, low, r, o) => {
        const exact = exactUs(high, low, r, o);
        fc.pre(exact < 2n ** 53n && exact > -(2n ** 53n));
        assert.equal(new TickScale(r, o).toUs(high, low), Number(exact));
      },
    ),
    { numRuns: 20_000 },
  );
});

test('nanoseconds of today lose nothing to floating point', () => {
  const ns = 1_700_000_000_123_456_789n;
  const us = new TickScale(9, 0).toUs(Number(ns >> 32n), Number(ns & 0xffffffffn));
  assert.equal(us, 1_700_000_000_123_456);
});
