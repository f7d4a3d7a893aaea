import assert from 'node:assert/strict';
import { test } from 'node:test';
import { progressLine } from '../../src/cli/progress.ts';

const MIB = 1024 * 1024;

test('a file has a bar, a share, a rate and the time left', async () => {
  const line = progressLine({ bytesRead: 256 * MIB, bytesTotal: 1024 * MIB, packets: 500_000 }, 2000, 100);
  assert.equal(
    line,
    `${'█'.repeat(6)}${'░'.repeat(18)}  25 %  256.0 MiB of 1.0 GiB  250,000 packets/s  6.0 s left`,
  );
});

test('a stream has no end to compare with', async () => {
  const line = progressLine({ bytesRead: 10 * MIB, bytesTotal: null, packets: 1000 }, 1000, 100);
  assert.equal(line, '10.0 MiB read  1,000 packets  1,000 packets/s');
});

test('the line never leaves the terminal, nor the share its bounds', async () => {
  for (const width of [10, 30, 60, 79]) {
    assert.ok(
      progressLine({ bytesRead: 3 * MIB, bytesTotal: 2 * MIB, packets: 9 }, 5000, width).length <= width,
    );
  }
  assert.match(progressLine({ bytesRead: 3 * MIB, bytesTotal: 2 * MIB, packets: 9 }, 5000, 79), /100 %/);
});

test('nothing is guessed before there is something to guess from', async () => {
  assert.doesNotMatch(progressLine({ bytesRead: 1, bytesTotal: 9 * MIB, packets: 0 }, 10, 100), /left/);
});
