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

/** Of each half its ends and what is around them, and two of no special form. */
const HALVES = [
  0, 1, 999, 1000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 1_700_123_457,
];
const RESOLUTIONS = [
  ...Array.from({ length: 20 }, (_, exponent) => exponent),
  ...Array.from({ length: 64 }, (_, exponent) => 0x80 | exponent),
];

test('every resolution there is, of ten and of two, agrees with exact arithmetic to the last microsecond', () => {
  let compared = 0;
  for (const resolution of RESOLUTIONS) {
    for (const offset of [0, 1, -1, 3600, -2_208_988_800]) {
      const scale = new TickScale(resolution, offset);
      for (const high of HALVES) {
        for (const low of HALVES) {
          const exact = exactUs(high, low, resolution, 0);
          // Beyond 2^53 microseconds, in the year 2255, numbers are not whole any more.
          if (exact >= 2n ** 53n) continue;
          const expected = Number(exactUs(high, low, resolution, offset));
          assert.equal(scale.toUs(high, low), expected, `${high} ${low} at ${resolution} and ${offset}`);
          compared++;
        }
      }
    }
  }
  assert.ok(compared > 10_000, `${compared} timestamps`);
});

test('nanoseconds of today lose nothing to floating point', () => {
  const ns = 1_700_000_000_123_456_789n;
  const us = new TickScale(9, 0).toUs(Number(ns >> 32n), Number(ns & 0xffffffffn));
  assert.equal(us, 1_700_000_000_123_456);
});

test('no timestamp, resolution and offset, however false, make a time that is not a whole number', () => {
  const anyOffset = fc.oneof(fc.integer({ min: -1e6, max: 1e6 }), fc.constantFrom(-(2 ** 63), 2 ** 63));
  const property = fc.property(half, half, fc.integer({ min: 0, max: 255 }), anyOffset, (high, low, r, o) => {
    assert.ok(Number.isSafeInteger(new TickScale(r, o).toUs(high, low)));
  });
  fc.assert(property, { numRuns: 5000, seed: 12 });
});
