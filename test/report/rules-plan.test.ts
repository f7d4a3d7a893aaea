// From expected traffic to rules: they let pass what was seen, nothing more, and are as few as can be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { blocksOf, compareAddresses } from '../../src/report/rules/blocks.ts';
import { type PlanInput, planRules, type Rule } from '../../src/report/rules/plan.ts';
import type { ExpectedPairRow, PairFactRow } from '../../src/store/sqlite/rule-reader.ts';

const v4 = fc.integer({ min: 0, max: 63 }).map((host) => `10.0.0.${host}`);
const v6 = fc.integer({ min: 0, max: 63 }).map((host) => `2001:db8::${(host + 1).toString(16)}`);

function contains(block: string, address: string): boolean {
  const [base, bits] = block.includes('/')
    ? ipaddr.parseCIDR(block)
    : [ipaddr.parse(block), block.includes(':') ? 128 : 32];
  const candidate = ipaddr.parse(address);
  return (
    (base as ipaddr.IPv4 | ipaddr.IPv6).kind() === candidate.kind() && candidate.match(base, bits as number)
  );
}

/** The fewest blocks by definition: a block that is full stands for itself, any other for what its halves need. */
function fewest(hosts: ReadonlySet<number>, first: number, size: number): number {
  const inside = [...hosts].filter((host) => host >= first && host < first + size).length;
  if (inside === 0) return 0;
  if (inside === size) return 1;
  return fewest(hosts, first, size / 2) + fewest(hosts, first + size / 2, size / 2);
}

test('blocks contain the addresses and no others, and there is no way with fewer', () => {
  fc.assert(
    fc.property(fc.uniqueArray(v4, { minLength: 1 }), (addresses) => {
      const blocks = blocksOf(addresses, null);
      for (let host = 0; host < 64; host++) {
        const address = `10.0.0.${host}`;
        assert.equal(
          blocks.filter((block) => contains(block, address)).length,
          Number(addresses.includes(address)),
        );
      }
      const hosts = new Set(addresses.map((address) => Number(address.split('.')[3])));
      assert.equal(blocks.length, fewest(hosts, 0, 64));
    }),
  );
});

test('blocks of IPv6 hold to the same, and are written as RFC 5952 says', () => {
  assert.deepEqual(blocksOf(['2001:db8::2', '2001:db8::3', '2001:db8::5'], null), [
    '2001:db8::2/127',
    '2001:db8::5',
  ]);
  fc.assert(
    fc.property(fc.uniqueArray(v6, { minLength: 1 }), (addresses) => {
      const blocks = blocksOf(addresses, null);
      for (let host = 0; host < 64; host++) {
        const address = `2001:db8::${(host + 1).toString(16)}`;
        assert.equal(
          blocks.filter((block) => contains(block, address)).length,
          Number(addresses.includes(address)),
        );
      }
    }),
  );
});

test('blocks reach to both ends of the address space', () => {
  assert.deepEqual(blocksOf(['0.0.0.0', '255.255.255.255'], null), ['0.0.0.0', '255.255.255.255']);
  assert.deepEqual(blocksOf(['255.255.255.254', '255.255.255.255'], null), ['255.255.255.254/31']);
});

test('widened, addresses stand for their networks, and neighbours among those are one', () => {
  const widening = { v4: 24, v6: 64 };
  assert.deepEqual(blocksOf(['10.0.0.7', '10.0.1.9', '10.0.4.1'], widening), ['10.0.0.0/23', '10.0.4.0/24']);
  assert.deepEqual(blocksOf(['2001:db8:0:1::7'], widening), ['2001:db8:0:1::/64']);
});

test('addresses are ordered by their numbers, IPv4 first', () => {
  assert.deepEqual(['2001:db8::10', '10.0.0.10', '2001:db8::9', '10.0.0.9'].sort(compareAddresses), [
    '10.0.0.9',
    '10.0.0.10',
    '2001:db8::9',
    '2001:db8::10',
  ]);
});

function pair(
  initiator: string,
  responder: string,
  transport: string,
  port: number | null,
  more: Partial<ExpectedPairRow> = {},
): ExpectedPairRow {
  const service = transport === 'esp' ? 'ipsec-esp' : transport === 'ah' ? 'ipsec-ah' : `service-${port}`;
  return {
    initiator,
    responder,
    service,
    transport,
    port,
    flows: 2,
    packets: 20,
    bytes: 2000,
    first_seen_us: 5,
    last_seen_us: 9,
    ...more,
  };
}

function fact(of: ExpectedPairRow, more: Partial<PairFactRow> = {}): PairFactRow {
  const { initiator, responder, transport, port } = of;
  return {
    initiator,
    responder,
    transport,
    port,
    answered: 1,
    both_ways: 1,
    guessed: 0,
    tunnelled: 0,
    ...more,
  };
}

function planOf(pairs: readonly ExpectedPairRow[], more: Partial<PlanInput> = {}) {
  return planRules({
    pairs,
    facts: pairs.map((row) => fact(row)),
    rpcPorts: [],
    isServer: null,
    answeredOnly: false,
    widening: null,
    boundary: 'network',
    ...more,
  });
}

/** Whether a set of rules lets a first packet pass. */
function passes(
  rules: readonly Rule[],
  from: string,
  to: string,
  transport: string,
  port: number | null,
): boolean {
  return rules.some((rule) => {
    const [own, other] = rule.direction === 'in' ? [to, from] : [from, to];
    return (
      rule.server === own &&
      rule.transport === transport &&
      (port === null ? rule.ports.length === 0 : rule.ports.includes(port)) &&
      rule.peers.some((block) => contains(block, other))
    );
  });
}

const anyPair = fc
  .record({
    ends: fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6)),
    transport: fc.constantFrom('tcp', 'udp'),
    port: fc.constantFrom(25, 53, 88, 443),
  })
  .map(({ ends: [initiator, responder], transport, port }) => pair(initiator, responder, transport, port));
const keyOf = (row: ExpectedPairRow) => `${row.initiator} ${row.responder} ${row.transport} ${row.port}`;
const anyPairs = fc.uniqueArray(anyPair, { selector: keyOf, minLength: 1, maxLength: 40 });

test('all that was seen passes, and no other pair of those hosts, transports and ports does', () => {
  fc.assert(
    fc.property(anyPairs, fc.boolean(), (pairs, named) => {
      const servers = new Set(pairs.slice(0, 3).map((row) => row.responder));
      const isServer = named ? (address: string) => servers.has(address) : null;
      const { rules } = planOf(pairs, { isServer });
      const seen = new Set(
        pairs.filter((row) => !named || servers.has(row.initiator) || servers.has(row.responder)).map(keyOf),
      );
      const hosts = [...new Set(pairs.flatMap((row) => [row.initiator, row.responder]))];
      for (const from of hosts) {
        for (const to of hosts) {
          for (const transport of ['tcp', 'udp']) {
            for (const port of [25, 53, 88, 443]) {
              const wanted = seen.has(`${from} ${to} ${transport} ${port}`);
              assert.equal(
                passes(rules, from, to, transport, port),
                wanted,
                `${from} ${to} ${transport} ${port}`,
              );
            }
          }
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('no rule says again what another of the same server, direction and transport could say', () => {
  fc.assert(
    fc.property(anyPairs, (pairs) => {
      const keys = planOf(pairs).rules.map((rule) =>
        [rule.server, rule.direction, rule.transport, ...rule.peers].join(' '),
      );
      assert.equal(new Set(keys).size, keys.length);
    }),
  );
});

test('counts behind the rules add up to the traffic, each flow once', () => {
  fc.assert(
    fc.property(anyPairs, (pairs) => {
      const flows = planOf(pairs).rules.flatMap((rule) => rule.reasons.map((reason) => reason.flows));
      assert.equal(
        flows.reduce((sum, count) => sum + count, 0),
        pairs.length * 2,
      );
    }),
  );
});

test('between two servers one firewall needs one rule, and two hosts need one each', () => {
  const pairs = [pair('10.0.0.5', '10.0.0.6', 'tcp', 25)];
  const isServer = () => true;
  const directions = (boundary: 'network' | 'host') =>
    planOf(pairs, { isServer, boundary }).rules.map((rule) => `${rule.server} ${rule.direction}`);
  assert.deepEqual(directions('network'), ['10.0.0.6 in']);
  assert.deepEqual(directions('host'), ['10.0.0.5 out', '10.0.0.6 in']);
});

test('IPsec is allowed back where it was seen both ways, and not otherwise', () => {
  const esp = pair('10.0.0.5', '10.0.0.6', 'esp', null);
  const back = (facts: readonly PairFactRow[] | null) =>
    passes(planOf([esp], { facts }).rules, '10.0.0.6', '10.0.0.5', 'esp', null);
  assert.equal(back([fact(esp)]), true);
  assert.equal(back([fact(esp, { both_ways: 0 })]), false);
  assert.equal(back(null), false);
});

test('what was never answered is said to be, and left out where that is asked for', () => {
  const pairs = [pair('10.0.0.1', '10.0.0.5', 'tcp', 25), pair('10.0.0.2', '10.0.0.5', 'tcp', 443)];
  const facts = [fact(pairs[0]), fact(pairs[1], { answered: 0 })];
  const all = planOf(pairs, { facts }).rules.flatMap((rule) => rule.reasons.map((reason) => reason.answered));
  assert.deepEqual(all, [true, false]);
  const some = planOf(pairs, { facts, answeredOnly: true });
  assert.deepEqual(
    some.rules.map((rule) => rule.ports),
    [[25]],
  );
  assert.equal(some.flows_left_out, 2);
});

test('addresses that no router passes on make no rule of a router', () => {
  const pairs = [
    pair('127.0.0.1', '127.0.0.1', 'tcp', 25),
    pair('10.0.0.1', '224.0.0.251', 'udp', 53),
    pair('fe80::1', 'fe80::2', 'tcp', 25),
  ];
  assert.deepEqual(planOf(pairs).rules, []);
  assert.equal(planOf(pairs).flows_local, 6);
  assert.deepEqual(planOf(pairs, { boundary: 'host' }).servers, ['224.0.0.251', 'fe80::2']);
});

test('learned RPC ports are named by their interfaces, and those nobody used are told', () => {
  const plan = planOf([pair('10.0.0.1', '10.0.0.5', 'tcp', 49_664, { service: 'rpc-dynamic' })], {
    rpcPorts: [
      { server: '10.0.0.5', port: 49_664, interfaces: 'Netlogon' },
      { server: '10.0.0.5', port: 49_700, interfaces: 'LSA' },
    ],
  });
  assert.equal(plan.rules[0].reasons[0].interfaces, 'Netlogon');
  assert.deepEqual(
    plan.unused_rpc.map((row) => row.port),
    [49_700],
  );
});
