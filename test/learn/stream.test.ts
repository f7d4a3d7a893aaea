// TCP segments in any order a network brings them, against the bytes that were sent.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ByteBudget } from '../../src/learn/budget.ts';
import { RpcWatch } from '../../src/learn/rpc-watch.ts';
import { StreamOrder } from '../../src/learn/stream.ts';
import { viewOf } from './bytes.ts';
import { bind, bindAck, EMSMDB, NDR } from './rpc-builder.ts';

interface Piece {
  readonly at: number;
  readonly size: number;
}

const LIMIT = 1 << 20;
const sent = Uint8Array.from({ length: 4000 }, (_, i) => (i * 7919) >>> 4);

/** Pushes pieces of `sent` and answers what came out. */
function received(pieces: readonly Piece[], begin: number | null, firstSeq: number) {
  const out: number[] = [];
  const budget = new ByteBudget(LIMIT);
  const order = new StreamOrder((view, start, end) => {
    for (let i = start; i < end; i++) out.push(view.getUint8(i));
  }, budget);
  if (begin !== null) order.begin(firstSeq + begin);
  for (const { at, size } of pieces) {
    const data = sent.slice(at, at + size);
    order.push((firstSeq + at) | 0, viewOf(data), 0, data.length, data.length);
  }
  const { ended } = order;
  order.end();
  assert.equal(budget.left, LIMIT);
  return { out, ended };
}

/** The sent bytes in adjoining pieces of the sizes given. */
function cut(sizes: readonly number[], total = sent.length): Piece[] {
  const pieces: Piece[] = [];
  for (let at = 0, turn = 0; at < total; turn++) {
    const size = Math.min(sizes[turn % sizes.length], total - at);
    pieces.push({ at, size });
    at += size;
  }
  return pieces;
}

const sizes = fc.array(fc.integer({ min: 100, max: 900 }), { minLength: 1, maxLength: 20 });
const seqs = fc.constantFrom(0, 1, 0x7fffff00, -2000, -1, 123456789);

describe('a direction of a TCP flow', () => {
  test('comes out as it was sent, however its segments are cut, shuffled, repeated and overlapping', () => {
    fc.assert(
      fc.property(
        sizes,
        seqs,
        fc.array(fc.tuple(fc.nat(3800), fc.integer({ min: 1, max: 400 })), { maxLength: 10 }),
        fc.infiniteStream(fc.nat(1000)),
        (cuts, seq, extra, keys) => {
          const pieces = [
            ...cut(cuts),
            ...extra.map(([at, size]) => ({ at, size: Math.min(size, 4000 - at) })),
          ];
          const shuffled = pieces
            .slice(0, 32)
            .map((piece) => ({ piece, key: keys.next().value as number }))
            .sort((a, b) => a.key - b.key)
            .map(({ piece }) => piece);
          const { out } = received([...shuffled, ...pieces], 0, seq);
          assert.deepEqual(Uint8Array.from(out), sent);
        },
      ),
    );
  });

  test('begins with its first segment where no SYN was captured', () => {
    const { out } = received(
      [
        { at: 500, size: 100 },
        { at: 600, size: 50 },
      ],
      null,
      0x7fffffff,
    );
    assert.deepEqual(Uint8Array.from(out), sent.slice(500, 650));
  });

  test('is not looked at further behind a gap, and before it all was delivered', () => {
    const far = Array.from({ length: 40 }, (_, i) => ({ at: 200 + i * 50, size: 50 }));
    const { out, ended } = received([{ at: 0, size: 100 }, ...far], 0, 5);
    assert.equal(ended, true);
    assert.deepEqual(Uint8Array.from(out), sent.slice(0, 100));
  });

  test('ends where a segment was captured in part', () => {
    const out: number[] = [];
    const order = new StreamOrder((_, start, end) => out.push(end - start), new ByteBudget(LIMIT));
    order.push(0, viewOf(sent), 0, 60, 1460);
    order.push(1460, viewOf(sent), 60, 100, 40);
    assert.deepEqual([out, order.ended], [[60], true]);
  });

  test('takes a keep-alive for nothing', () => {
    const { out } = received(
      [
        { at: 0, size: 10 },
        { at: 9, size: 1 },
        { at: 10, size: 10 },
      ],
      0,
      77,
    );
    assert.deepEqual(Uint8Array.from(out), sent.slice(0, 20));
  });

  test('holds no more than its budget', () => {
    const budget = new ByteBudget(1000);
    const order = new StreamOrder(() => {}, budget);
    order.begin(0);
    for (let i = 1; i < 30 && !order.ended; i++) {
      order.push(i * 100, viewOf(sent), 0, 100, 100);
      assert.ok(budget.left >= 0);
    }
    assert.equal(order.ended, true);
    assert.equal(budget.left, 1000);
  });
});

describe('a flow that is watched', () => {
  const offer = bind([{ id: 0, interfaceUuid: EMSMDB, syntaxes: [NDR] }], true);
  const answer = bindAck([NDR], true);

  function watched(run: (watch: RpcWatch) => void): { learned: string[]; done: boolean; left: number } {
    const learned: string[] = [];
    const budget = new ByteBudget(LIMIT);
    const listener = {
      accepted: (side: number, uuid: string) => learned.push(`${side} ${uuid}`),
      mapped: () => {},
    };
    const watch = new RpcWatch(false, listener, budget);
    run(watch);
    const { done } = watch;
    watch.end();
    return { learned, done, left: budget.left };
  }

  test('learns from a bind that spans segments which come in the wrong order, and is done then', () => {
    for (let at = 1; at < offer.length; at++) {
      const result = watched((watch) => {
        watch.begin(0, 1000);
        watch.begin(1, -5);
        watch.push(0, 1000 + at, viewOf(offer), at, offer.length, offer.length - at);
        watch.push(0, 1000, viewOf(offer), 0, at, at);
        watch.push(1, -5, viewOf(answer), 0, answer.length, answer.length);
      });
      assert.deepEqual(result, { learned: [`1 ${EMSMDB}`], done: true, left: LIMIT }, `cut at ${at}`);
    }
  });

  test('learns nothing from a bind with a hole in it', () => {
    const result = watched((watch) => {
      watch.push(0, 0, viewOf(offer), 0, 40, 40);
      watch.push(0, 41, viewOf(offer), 41, offer.length, offer.length - 41);
    });
    assert.deepEqual(result, { learned: [], done: false, left: LIMIT });
  });
});
