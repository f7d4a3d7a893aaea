// What may be asked about, and what is known of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALLOW_LIST } from '../../src/service/allow-list.ts';
import { DOCUMENTED_PORTS } from '../../src/service/documented.ts';
import { knowledgeOf, otherTransports, standingsOf } from '../../src/service/knowledge.ts';
import { parseQuestion, suggestionsFor } from '../../src/service/question.ts';
import { talkersOf } from '../../src/service/talkers.ts';

function asked(word: string) {
  const question = parseQuestion(word);
  assert.ok(question !== null, word);
  return { question, known: knowledgeOf(question) };
}

function standings(word: string): Record<string, string> {
  const { question, known } = asked(word);
  return Object.fromEntries(standingsOf(question, known).map((row) => [row.transport, row.standing]));
}

test('a port, a range, a protocol and a service are understood in every usual spelling', () => {
  const ports = (first: number, last: number, ...transports: string[]) => ({
    kind: 'ports',
    transports,
    first,
    last,
  });
  assert.deepEqual(parseQuestion('25'), ports(25, 25, 'tcp', 'udp'));
  assert.deepEqual(parseQuestion('2525/TCP'), ports(2525, 2525, 'tcp'));
  assert.deepEqual(parseQuestion('udp/4500'), ports(4500, 4500, 'udp'));
  assert.deepEqual(parseQuestion('6001-6004/tcp'), ports(6001, 6004, 'tcp'));
  assert.deepEqual(parseQuestion('esp'), { kind: 'protocol', transport: 'esp', protocol: 50 });
  assert.deepEqual(parseQuestion('ip-50'), { kind: 'protocol', transport: 'esp', protocol: 50 });
  assert.deepEqual(parseQuestion('gre'), { kind: 'protocol', transport: 'ip-47', protocol: 47 });
  assert.deepEqual(parseQuestion('dag-replication'), { kind: 'service', service: 'dag-replication' });
});

test('what is none of these is not understood', () => {
  for (const word of [
    '',
    '65536',
    '30-20',
    '25/esp',
    'ip-256',
    'unlisted',
    '25/',
    'gopher',
    '-25',
    '1-2-3',
  ]) {
    assert.equal(parseQuestion(word), null, word);
  }
});

test('a typing error brings what was meant', () => {
  assert.deepEqual(suggestionsFor('smpt').slice(0, 1), ['smtp']);
  assert.deepEqual(suggestionsFor('25/tpc'), ['25/tcp']);
  assert.ok(suggestionsFor('replication').includes('dag-replication'));
  assert.deepEqual(suggestionsFor('quantum-entanglement'), []);
});

test('every row of the list is found by its port and by its name, allowed, with who talks to it and its source', () => {
  for (const row of ALLOW_LIST) {
    const word = row.transport === 'ip' ? `ip-${row.port}` : `${row.port}/${row.transport}`;
    for (const { known } of [asked(word), asked(row.id)]) {
      const found = known.find((thing) => thing.service === row.id);
      if (row.lastPort !== undefined && found === undefined) continue;
      assert.ok(found !== undefined, `${word} ${row.id}`);
      assert.equal(found.standing, row.lastPort === undefined ? 'listed' : 'conditional');
      assert.match(found.source, /list/);
    }
    assert.ok(talkersOf(row.id) !== null, row.id);
  }
});

test('every documented port is found and allowed by nothing', () => {
  for (const row of DOCUMENTED_PORTS) {
    for (const transport of row.transports) {
      const found = asked(`${row.port}/${transport}`).known.find((thing) => thing.name === row.name);
      assert.equal(found?.standing, 'not-listed');
      assert.equal(/vendor's documentation/.test(found.source), row.vendor);
    }
  }
});

test('what is allowed depends on the transport', () => {
  assert.deepEqual(standings('25'), { tcp: 'listed', udp: 'not-listed' });
  assert.deepEqual(standings('443/udp'), { udp: 'not-listed' });
  assert.deepEqual(otherTransports(asked('443/udp').question), [
    '443/tcp (SSL secured HTTP for Outlook Web Access (HTTPS))',
  ]);
});

test('a port from 1024 on is allowed where it is shown to be RPC, and the range hides no name', () => {
  assert.deepEqual(standings('49667/tcp'), { tcp: 'conditional' });
  assert.deepEqual(standings('64327/tcp'), { tcp: 'listed' });
  assert.ok(!asked('64327/tcp').known.some((thing) => thing.service === 'rpc-dynamic'));
  assert.deepEqual(standings('1023/tcp'), { tcp: 'not-listed' });
});

test('a range is allowed in part where the list has some of it', () => {
  assert.deepEqual(standings('20-30/tcp'), { tcp: 'partly' });
  assert.deepEqual(standings('25-26/tcp'), { tcp: 'listed' });
  assert.deepEqual(
    asked('6001-6004/tcp')
      .known.filter((thing) => thing.standing === 'not-listed')
      .map((thing) => thing.first),
    [6001, 6002, 6004],
  );
});

test('what the network itself needs is told apart', () => {
  assert.deepEqual(standings('67/udp'), { udp: 'infrastructure' });
  assert.deepEqual(standings('icmp'), { icmp: 'infrastructure' });
  assert.deepEqual(standings('ip-47'), { 'ip-47': 'not-listed' });
});
