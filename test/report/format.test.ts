import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  byteSize,
  counted,
  endpoint,
  grouped,
  percent,
  spanText,
  timeText,
} from '../../src/report/format.ts';

test('digits stand in groups of three', () => {
  const cases: readonly [number, string][] = [
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [123_456, '123,456'],
    [9_007_199_254_740_991, '9,007,199,254,740,991'],
  ];
  for (const [value, text] of cases) assert.equal(grouped(value), text);
});

test('sizes use the largest unit that leaves one or more, and never print 1024.0', () => {
  const cases: readonly [number, string][] = [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1536, '1.5 KiB'],
    [1024 * 1024 - 1, '1.0 MiB'],
    [1024 ** 3 * 2.5, '2.5 GiB'],
  ];
  for (const [value, text] of cases) assert.equal(byteSize(value), text);
});

test('one is singular and all else plural', () => {
  assert.deepEqual(
    [counted(0, 'flow'), counted(1, 'flow'), counted(2000, 'flow')],
    ['0 flows', '1 flow', '2,000 flows'],
  );
});

test('times are in UTC and spans in the two largest units', () => {
  assert.equal(timeText(1_700_000_000_999_999), '2023-11-14 22:13:20 UTC');
  const cases: readonly [number, string][] = [
    [0, '0.0 s'],
    [450_000, '0.5 s'],
    [9_940_000, '9.9 s'],
    [59_000_000, '59 s'],
    [59_900_000, '1 min'],
    [200_000_000, '3 min 20 s'],
    [3_600_000_000, '1 h'],
    [3_605_000_000, '1 h'],
    [90_000_000_000, '1 d 1 h'],
  ];
  for (const [us, text] of cases) assert.equal(spanText(us), text);
});

test('a share is never rounded to nothing or to all', () => {
  assert.deepEqual(
    [
      percent(0, 10),
      percent(1, 1_000_000),
      percent(5, 10_000),
      percent(34, 1000),
      percent(1, 2),
      percent(9999, 10_000),
      percent(3, 3),
      percent(1, 0),
    ],
    ['0 %', 'under 0.01 %', '0.05 %', '3.4 %', '50 %', 'over 99 %', '100 %', '0 %'],
  );
});

test('an endpoint without a port is its transport', () => {
  assert.deepEqual([endpoint('tcp', 443), endpoint('icmp', null)], ['tcp/443', 'icmp']);
});
