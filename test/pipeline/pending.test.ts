import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pending } from '../../src/pipeline/pending.ts';

test('work that goes on is not there yet, and is there at once when it has ended', async () => {
  let end = () => {};
  const pending = new Pending(
    new Promise((resolve) => {
      end = resolve;
    }),
  );
  assert.equal(await pending.within(1), false);
  assert.equal(await pending.within(1), false);
  const waiting = pending.within(60_000);
  end();
  assert.equal(await waiting, true);
  assert.equal(await pending.within(60_000), true);
});

test('work that fails says so when it is waited for, and not before', async () => {
  const pending = new Pending(Promise.reject(new Error('gone')));
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(pending.within(60_000), /gone/);
});
