import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { ipv4Text, ipv6Text } from '../../src/base/address.ts';
import { anonymizer } from '../../src/report/anonymize.ts';
import { xports } from '../cli/call.ts';
import { scratch } from '../store/sample.ts';

const word = fc.nat(0xffffffff);
const v4 = word.map((n) => ipv4Text(n >>> 0));
const v6 = fc.tuple(word, word, word).map(([a, b, c]) => ipv6Text((0x20000000 | (a >>> 3)) >>> 0, a, b, c));

/** How many leading bits two addresses have in common. */
function shared(a: string, b: string): number {
  const bits = (text: string) =>
    ipaddr
      .parse(text)
      .toByteArray()
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('');
  const [x, y] = [bits(a), bits(b)];
  let n = 0;
  while (n < x.length && x[n] === y[n]) n++;
  return n;
}

describe('addresses that were replaced', () => {
  test('have exactly as long a prefix in common as those they stand for', () => {
    const { address } = anonymizer('secret');
    const isHost = (text: string) => ipaddr.parse(text).range() !== 'multicast';
    for (const one of [v4.filter(isHost), v6]) {
      fc.assert(
        fc.property(one, one, fc.nat(127), (a, b, keep) => {
          assert.equal(shared(address(a), address(b)), shared(a, b), `${a} ${b}`);
          // Neighbours, which two random ones hardly ever are.
          const bytes = ipaddr.parse(a).toByteArray();
          const bit = keep % (bytes.length * 8);
          bytes[bit >> 3] ^= 0x80 >> (bit & 7);
          const near = ipaddr.fromByteArray(bytes).toString();
          if (ipaddr.parse(near).range() === 'multicast' || near.startsWith('::')) return;
          if (a.includes(':') && ipaddr.parse(near).range() === 'ipv4Mapped') return;
          assert.equal(shared(address(a), address(near)), bit, `${a} ${near}`);
        }),
      );
    }
  });

  test('stay private, public, link-local or loopback, as they were', () => {
    const { address } = anonymizer(null);
    fc.assert(
      fc.property(v4, (text) => {
        const of = (other: string) =>
          ['private', 'loopback', 'linkLocal', 'multicast', 'carrierGradeNat'].find(
            (range) => ipaddr.parse(other).range() === range,
          );
        assert.equal(of(address(text)), of(text), text);
      }),
    );
    for (const same of ['127.0.0.1', '224.0.0.251', '255.255.255.255', '0.0.0.0', '::', '::1', 'ff02::fb']) {
      assert.equal(address(same), same);
    }
  });

  test('do not show through the groups that are made of them', () => {
    const { address } = anonymizer('secret');
    const shown = address('ff02::1:ff12:3456');
    assert.match(shown, /^ff02::1:ff/);
    assert.notEqual(shown, 'ff02::1:ff12:3456');
    assert.match(address('fe80::1234:56ff:fe78:9abc'), /^fe80::/);
    assert.notEqual(address('fe80::1234:56ff:fe78:9abc'), 'fe80::1234:56ff:fe78:9abc');
  });

  test('are the same for the same passphrase, and others for another or none', () => {
    const of = (passphrase: string | null) => anonymizer(passphrase).address('203.0.113.66');
    assert.equal(of('one'), of('one'));
    assert.notEqual(of('one'), of('two'));
    const random = new Set([1, 2, 3, 4].map(() => of(null)));
    assert.ok(random.size > 1);
  });

  test('are replaced within words, networks among them, and nothing else is', () => {
    const { address, text } = anonymizer('secret');
    const network = address('10.1.2.0').split('.').slice(0, 3).join('.');
    assert.equal(
      text('from 10.1.2.0/24 to [10.1.2.9, 2001:db8::7]: port 25, at 09:00:12, version 1.2.3.'),
      `from ${network}.0/24 to [${address('10.1.2.9')}, ${address('2001:db8::7')}]: port 25, at 09:00:12, version 1.2.3.`,
    );
    assert.equal(text('it came from 10.1.2.9.'), `it came from ${address('10.1.2.9')}.`);
    assert.equal(text('10.1.2.9:25'), `${address('10.1.2.9')}:25`);
  });
});

test('no report or listing has an address of the capture, nor its name, when they are replaced', async (t) => {
  const dir = scratch(t);
  const db = join(dir, 'x.db');
  const sample = join(import.meta.dirname, '../../fixtures/sample.pcap');
  const other = join(import.meta.dirname, '../../fixtures/findings/best-outcome.pcap');
  assert.equal((await xports('analyze', '--quiet', '--db', db, other)).code, 0);
  const analyzed = await xports(
    'analyze',
    '--quiet',
    '--sensor',
    'mailhost',
    '--servers',
    '10.10.0.0/28',
    '--db',
    db,
    sample,
  );
  assert.equal(analyzed.code, 0, analyzed.err);
  const calls = [
    ['report'],
    ['report', '--json'],
    ['report', '--html', '-'],
    ['findings', '--format', 'csv'],
    ['flows', '--limit', '0', '--format', 'csv'],
    ['rules'],
    ['rules', '--format', 'json'],
    ['export', 'service_pairs'],
    ['explain', '3389/tcp', '--json'],
    ['diff', '1', '2', '--json'],
  ];
  for (const call of calls) {
    const shown = await xports(...call, '--db', db, '--anonymize', 'pass');
    assert.equal(shown.code, 0, shown.err);
    assert.doesNotMatch(shown.out, /10\.10\.|203\.0\.113|198\.51\.100|sample\.pcap|mailhost/, call.join(' '));
    const plain = await xports(...call, '--db', db);
    assert.match(plain.out, /10\.10\.0\.11/, call.join(' '));
  }
});
