// The parts of live capture that need no device: which engine is used, counters that wrap, the queue behind cap, and
// who the process becomes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { XportsError } from '../../src/base/errors.ts';
import type { ByteSource } from '../../src/source/bytes.ts';
import { Capture } from '../../src/source/capture.ts';
import { detectReader } from '../../src/source/detect.ts';
import { packetsThatFit } from '../../src/source/live/dump-file.ts';
import { chooseEngine, type LiveEngine } from '../../src/source/live/engine.ts';
import { WideCounter } from '../../src/source/live/pcap-handle.ts';
import { accountToBe } from '../../src/source/live/privileges.ts';
import { RecordQueue } from '../../src/source/live/record-queue.ts';
import { RecordBatch } from '../../src/source/record.ts';

const engine = (name: 'libpcap' | 'cap', reason: string | null): LiveEngine => ({
  name,
  unavailable: () => reason,
  open: () => assert.fail('it is not to be opened'),
});

test('the first engine that can be used is used, unless one is named', () => {
  const both = [engine('libpcap', null), engine('cap', null)];
  assert.equal(chooseEngine(null, both).name, 'libpcap');
  assert.equal(chooseEngine('cap', both).name, 'cap');
  assert.equal(chooseEngine(null, [engine('libpcap', 'gone'), engine('cap', null)]).name, 'cap');
});

test('without any engine live capture says what to install, and what works without', () => {
  const none = [engine('libpcap', 'there is no libpcap'), engine('cap', 'cap is not built')];
  assert.throws(
    () => chooseEngine(null, none),
    (error: XportsError) => {
      assert.equal(error.exitCode, 5);
      assert.match(error.message, /there is no libpcap; cap is not built/);
      assert.match(error.hint ?? '', /tcpdump -i IFACE -U -w - \| xports analyze -/);
      if (process.platform === 'linux') assert.match(error.hint ?? '', /apt install libpcap0\.8/);
      return true;
    },
  );
  assert.throws(
    () => chooseEngine('cap', [engine('libpcap', null), engine('cap', 'cap is not built')]),
    /cap is not/,
  );
});

test('a counter of 32 bits that starts again counts on', () => {
  const counter = new WideCounter();
  for (const value of [5, 4_294_967_290, 3, 10]) counter.update(value);
  assert.equal(counter.total, 4_294_967_296 + 10);
  counter.restart();
  counter.update(2);
  assert.equal(counter.total, 4_294_967_296 + 12);
});

test('as many packets fit into a buffer as it has room for with their headers and a tag', () => {
  for (const [bytes, snaplen] of [
    [1 << 20, 1024],
    [1 << 20, 65_535],
    [1 << 20, 262_144],
  ]) {
    const count = packetsThatFit(bytes, snaplen);
    assert.ok(count >= 1);
    assert.ok(24 + count * (16 + snaplen) < bytes);
  }
});

interface Record {
  readonly captured: number;
  readonly original: number;
  readonly timeUs: number;
}

/** Whatever the reader of files finds in those bytes. */
async function recordsIn(pieces: readonly Uint8Array[]): Promise<Record[]> {
  const left = [...pieces];
  const source: ByteSource = {
    size: null,
    read: async (into, at) => {
      const piece = left.shift();
      if (piece !== undefined) into.set(piece, at);
      return piece?.length ?? 0;
    },
    close: async () => {},
  };
  const capture = await Capture.open('queue', source, detectReader);
  const batch = new RecordBatch();
  const records: Record[] = [];
  while (!capture.done) {
    capture.fill(batch);
    for (let n = 0; n < batch.count; n++) {
      records.push({ captured: batch.length[n], original: batch.wireLength[n], timeUs: batch.timeUs[n] });
    }
    if (batch.count === 0 && !capture.done) await capture.advance();
  }
  assert.equal(capture.damage, null);
  return records;
}

test('what goes through the queue is a capture of exactly the packets that found room, in order', async () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 300 }) }),
    fc.record({ take: fc.integer({ min: 216, max: 900 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120 }), async (steps) => {
      const queue = new RecordQueue(200, 1, 1000);
      const packet = Buffer.alloc(300, 7);
      const into = new Uint8Array(1000);
      const taken: Uint8Array[] = [];
      const added: Record[] = [];
      let adds = 0;
      const take = (length: number) => {
        const count = queue.take(into, 0, length);
        if (count > 0) taken.push(into.slice(0, count));
        return count;
      };
      take(900);
      for (const one of steps) {
        if ('take' in one) {
          take(one.take);
          continue;
        }
        const timeUs = 1_700_000_000_000_000 + ++adds;
        if (queue.add(packet, one.add, timeUs)) {
          added.push({ captured: Math.min(one.add, 200), original: one.add, timeUs });
        }
      }
      while (take(900) > 0);
      // Detection wants a little more than the header.
      if (added.length > 0) assert.deepEqual(await recordsIn(taken), added);
      assert.equal(queue.dropped, adds - added.length);
    }),
  );
});

test('root goes on as the user behind sudo, and a user that is none is a usage error', (t) => {
  if (process.getuid?.() !== 0) {
    assert.equal(accountToBe(null, { SUDO_UID: '1000' }), null);
    return t.skip('needs root');
  }
  assert.equal(accountToBe(null, {}), null);
  assert.equal(accountToBe(null, { SUDO_UID: '0' }), null);
  assert.equal(accountToBe(null, { SUDO_UID: '65534' })?.uid, 65_534);
  assert.equal(accountToBe('65534', {})?.uid, 65_534);
  assert.throws(
    () => accountToBe('no-such-user-here', {}),
    (error: unknown) => error instanceof XportsError && error.exitCode === 2,
  );
});
