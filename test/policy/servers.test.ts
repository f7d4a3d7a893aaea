// The servers that the user names.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { XportsError } from '../../src/base/errors.ts';
import { ServerSet } from '../../src/policy/servers.ts';

/** Whether the IPv4 address is in the set. */
function hasV4(servers: ServerSet, text: string): boolean {
  const word = text.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0);
  return servers.has(true, () => word);
}

function hasV6(servers: ServerSet, ...words: number[]): boolean {
  return servers.has(false, (index) => words[index] | 0);
}

describe('the servers', () => {
  test('match by address', () => {
    const servers = ServerSet.parse('10.0.0.5,192.0.2.255');
    assert.ok(hasV4(servers, '10.0.0.5'));
    assert.ok(hasV4(servers, '192.0.2.255'));
    assert.ok(!hasV4(servers, '10.0.0.4'));
    assert.ok(!hasV4(servers, '10.0.0.6'));
  });

  test('match by network, whose first and last addresses belong to it', () => {
    const servers = ServerSet.parse('10.1.0.16/28');
    for (const inside of ['10.1.0.16', '10.1.0.20', '10.1.0.31']) assert.ok(hasV4(servers, inside), inside);
    for (const outside of ['10.1.0.15', '10.1.0.32', '11.1.0.16'])
      assert.ok(!hasV4(servers, outside), outside);
  });

  test('match a network that is written with one of its hosts', () => {
    assert.ok(hasV4(ServerSet.parse('10.1.0.21/28'), '10.1.0.16'));
  });

  test('match everything of one version with a prefix of zero, and one address with the longest', () => {
    assert.ok(hasV4(ServerSet.parse('0.0.0.0/0'), '255.255.255.255'));
    assert.ok(!hasV6(ServerSet.parse('0.0.0.0/0'), 0, 0, 0, 0));
    assert.ok(hasV6(ServerSet.parse('::/0'), 0xffff_ffff, 0, 0, 1));
    assert.ok(!hasV4(ServerSet.parse('::/0'), '10.0.0.5'));
    assert.ok(!hasV4(ServerSet.parse('200.0.0.5/32'), '200.0.0.4'));
  });

  test('match IPv6 networks whose prefix ends within a word or on its border', () => {
    const servers = ServerSet.parse('2001:db8:ffff::/64,2001:db8:1::/44');
    assert.ok(hasV6(servers, 0x2001_0db8, 0xffff_0000, 0xdead_beef, 1));
    assert.ok(!hasV6(servers, 0x2001_0db8, 0xffff_0001, 0, 1));
    assert.ok(hasV6(servers, 0x2001_0db8, 0x000f_ffff, 0, 1));
    assert.ok(!hasV6(servers, 0x2001_0db8, 0x0010_0000, 0, 1));
  });

  test('may be written with spaces and a comma at the end', () => {
    const servers = ServerSet.parse(' 10.0.0.5 , 10.1.0.0/28, ');
    assert.ok(hasV4(servers, '10.0.0.5'));
    assert.ok(hasV4(servers, '10.1.0.15'));
  });

  for (const entry of [
    'mail.example.com',
    '10.0.0.5/33',
    '10.0.0.256',
    '2001:db8::/129',
    '10.0.0.5-10.0.0.9',
    '10.0.0.5/',
  ]) {
    test(`are a usage error that names the entry "${entry}"`, () => {
      assert.throws(
        () => ServerSet.parse(`10.0.0.1,${entry}`),
        (error) => {
          assert.ok(error instanceof XportsError);
          assert.equal(error.exitCode, 2);
          assert.ok(error.message.includes(`"${entry}"`), error.message);
          assert.ok(error.hint?.includes('--servers'));
          return true;
        },
      );
    });
  }

  test('are never read from a number or a part of an address, which could mean another host', () => {
    for (const entry of ['10', '10.1', '0x0a000005', '010.0.0.5']) {
      assert.throws(() => ServerSet.parse(entry), XportsError, entry);
    }
  });
});
