import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { ipv4Text, ipv6Text } from '../../src/base/address.ts';
import { protocolOf, transportName } from '../../src/base/transport.ts';
import { TupleTable } from '../../src/base/tuple-table.ts';

const word = fc.integer({ min: -0x80000000, max: 0x7fffffff });
/** Words with many zeros, which is where the text of IPv6 is difficult. */
const sparse = fc.oneof(word, fc.constantFrom(0, 1, 0x10000, 0xffff, -0x80000000));

function bytesOf(words: readonly number[]): number[] {
  return words.flatMap((w) => [w >>> 24, (w >>> 16) & 255, (w >>> 8) & 255, w & 255]);
}

test('IPv4 addresses print as an independent library prints them', () => {
  fc.assert(fc.property(word, (w) => ipv4Text(w) === ipaddr.fromByteArray(bytesOf([w])).toString()));
});

test('IPv6 addresses print as RFC 5952 says, by an independent library', () => {
  fc.assert(
    fc.property(sparse, sparse, sparse, sparse, (a, b, c, d) => {
      fc.pre(!(a === 0 && b === 0 && c === 0xffff));
      const other = ipaddr.fromByteArray(bytesOf([a, b, c, d])) as ipaddr.IPv6;
      assert.equal(ipv6Text(a, b, c, d), other.toRFC5952String());
    }),
    { numRuns: 2000 },
  );
});

test('the examples of RFC 5952 print as it says', () => {
  assert.equal(ipv6Text(0x20010db8, 0, 0, 1), '2001:db8::1');
  assert.equal(ipv6Text(0x20010db8, 0, 0x00010000, 0x00000001), '2001:db8::1:0:0:1');
  assert.equal(ipv6Text(0x20010db8, 0x00000001, 0x00010001, 0x00010001), '2001:db8:0:1:1:1:1:1');
  assert.equal(ipv6Text(0, 0, 0xffff, 0x0a000001), '::ffff:10.0.0.1');
  assert.equal(ipv6Text(0, 0, 0, 0), '::');
});

test('every protocol number has a transport name that leads back to it', () => {
  for (let protocol = 0; protocol < 256; protocol++)
    assert.equal(protocolOf(transportName(protocol)), protocol);
  assert.equal(protocolOf('http'), -1);
});

test('a tuple table numbers tuples as a map would, also where their hashes collide', () => {
  const small = fc.integer({ min: -2, max: 2 });
  fc.assert(
    fc.property(fc.array(fc.tuple(small, small, small, small), { maxLength: 300 }), (tuples) => {
      const table = new TupleTable(1, 1);
      const model = new Map<string, number>();
      for (const tuple of tuples) {
        const key = tuple.join();
        const expected = model.get(key) ?? model.size;
        assert.equal(table.find(...tuple), model.get(key) ?? -1);
        model.set(key, expected);
        assert.equal(table.intern(...tuple), expected);
        assert.deepEqual(
          [0, 1, 2, 3].map((i) => table.word(expected, i)),
          tuple,
        );
      }
      assert.equal(table.size, model.size);
    }),
  );
});
