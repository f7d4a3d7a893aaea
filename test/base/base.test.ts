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

test('IPv6 addresses that hold an IPv4 address show it, by an independent library', () => {
  fc.assert(
    fc.property(word, (w) => {
      const text = ipv6Text(0, 0, 0xffff, w);
      const read = ipaddr.IPv6.parse(text);
      assert.deepEqual(read.toByteArray(), bytesOf([0, 0, 0xffff, w]));
      assert.ok(read.isIPv4MappedAddress());
      assert.equal(text, `::ffff:${read.toIPv4Address().toString()}`);
    }),
  );
});

test('the examples of RFC 5952 print as it says', () => {
  assert.equal(ipv6Text(0x20010db8, 0, 0, 1), '2001:db8::1');
  assert.equal(ipv6Text(0x20010db8, 0, 0x00010000, 0x00000001), '2001:db8::1:0:0:1');
  assert.equal(ipv6Text(0x20010db8, 0x00000001, 0x00010001, 0x00010001), '2001:db8:0:1:1:1:1:1');
  assert.equal(ipv6Text(0, 0, 0xffff, 0x0a000001), '::ffff:10.0.0.1');
  assert.equal(ipv6Text(0, 0, 0, 0), '::');
});

test('the transports that reports speak of go by their names', () => {
  const named = { 1: 'icmp', 2: 'igmp', 6: 'tcp', 17: 'udp', 50: 'esp', 51: 'ah', 58: 'icmp6', 132: 'sctp' };
  for (const [protocol, name] of Object.entries(named)) assert.equal(transportName(Number(protocol)), name);
  for (const protocol of [0, 4, 41, 47, 88, 89, 103, 112, 255]) {
    assert.equal(transportName(protocol), `ip-${protocol}`);
  }
});

test('every protocol number has a transport name that leads back to it', () => {
  for (let protocol = 0; protocol < 256; protocol++)
    assert.equal(protocolOf(transportName(protocol)), protocol);
  assert.equal(protocolOf('http'), -1);
});

/** Few values, so that tuples come again; the ends of the range, so that no sign is lost. */
const few = fc.constantFrom(-0x80000000, -2, -1, 0, 1, 2, 0x7fffffff);
const tuple = fc.tuple(few, few, few, few);

test('a tuple table numbers tuples as a map would, also where their hashes collide', () => {
  // A table that begins with sixteen slots and grows when half full has collisions all the way.
  const property = fc.property(fc.array(tuple, { maxLength: 300 }), fc.nat(400), (tuples, room) => {
    const table = new TupleTable(1, 1);
    const model = new Map<string, number>();
    tuples.forEach((one, turn) => {
      if (turn === 20) table.reserve(room);
      const key = one.join();
      const expected = model.get(key) ?? model.size;
      assert.equal(table.find(...one), model.get(key) ?? -1);
      model.set(key, expected);
      assert.equal(table.intern(...one), expected);
      assert.deepEqual(
        [0, 1, 2, 3].map((i) => table.word(expected, i)),
        one,
      );
    });
    assert.equal(table.size, model.size);
    const inOrder = [...model.keys()].join();
    assert.equal([...table.tuples.subarray(0, 4 * table.size)].join(), inOrder);
  });
  fc.assert(property, { seed: 11, numRuns: 200 });
});

test('a tuple table with room made for its tuples moves none of them', () => {
  const table = new TupleTable(1, 1);
  table.reserve(5000);
  const before = table.tuples;
  for (let n = 0; n < 5000; n++) assert.equal(table.intern(n, -n, n * n, 7), n);
  assert.equal(table.tuples, before);
  for (let n = 0; n < 5000; n++) assert.equal(table.find(n, -n, n * n, 7), n);
});
