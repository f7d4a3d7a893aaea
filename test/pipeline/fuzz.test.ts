import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { NotACapture } from '../../src/source/record.ts';
import { runPath } from './support.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const MUTATIONS = 1500;
const SEED = 20_240_305;

const captures = readdirSync(FIXTURES, { recursive: true })
  .map(String)
  .filter((name) => /\.pcap(ng)?$/.test(name))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(FIXTURES, name))) }))
  .filter(({ bytes }) => bytes.length > 64 && bytes.length < 8000);

/** Mulberry32: small, seeded, and the same everywhere. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

function mutated(bytes: Uint8Array, pick: (below: number) => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let i = 1 + pick(6); i > 0; i--) {
    const at = pick(copy.length);
    const kind = pick(4);
    if (kind === 0) copy[at] = pick(256);
    else if (kind === 1) copy[at] ^= 1 << pick(8);
    else if (kind === 2) copy.fill(pick(2) * 255, at, Math.min(copy.length, at + 1 + pick(8)));
    else copy.copyWithin(at, pick(copy.length), pick(copy.length));
  }
  return pick(8) === 0 ? copy.subarray(0, pick(copy.length)) : copy;
}

test('whatever a capture holds, nothing throws and every packet is in one place', async () => {
  const pick = random(SEED);
  let read = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const { name, bytes } = captures[pick(captures.length)];
    const input = mutated(bytes, pick);
    try {
      // The path itself throws where the account does not close.
      const { checkpoint, packets } = await runPath([input]);
      assert.equal(checkpoint.totals.packets, packets);
      read++;
    } catch (error) {
      assert.ok(
        error instanceof NotACapture,
        `mutation ${i} of ${name}: ${error instanceof Error ? error.stack : error}`,
      );
    }
  }
  assert.ok(read > MUTATIONS / 2, `${read} of ${MUTATIONS} could be read`);
});

test('results do not depend on how the bytes arrive', async () => {
  for (const { name, bytes } of captures) {
    const whole = await runPath([bytes]).catch(() => null);
    if (whole === null) continue;
    const { flows, checkpoint } = await runPath([bytes], new Array(3000).fill(61));
    assert.deepEqual(flows, whole.flows, name);
    assert.deepEqual(checkpoint.skipped, whole.checkpoint.skipped, name);
  }
});
