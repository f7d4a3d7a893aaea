// xports rules: every firewall's language, from the same plan, with nothing from a capture that it would obey.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { ADDRESSES, storeExchangeRun } from '../store/exchange-run.ts';
import { checkpointOf, pairsOf, runStart, scratch } from '../store/sample.ts';
import { xports } from './call.ts';

function exchangeRun(t: TestContext): string {
  const db = join(scratch(t), 'x.db');
  storeExchangeRun(db);
  return db;
}

async function rules(...args: string[]): Promise<string> {
  const called = await xports('rules', ...args);
  assert.equal(called.code, 0, called.err);
  return called.out;
}

interface JsonRule {
  readonly server: string;
  readonly direction: string;
  readonly transport: string;
  readonly ports: readonly number[];
  readonly peers: readonly string[];
  readonly reasons: readonly { readonly service: string; readonly flows: number }[];
}

test('the document for programs has servers, rules with their reasons, and what nobody used', async (t) => {
  const document = JSON.parse(await rules('--db', exchangeRun(t), '--format', 'json'));
  assert.deepEqual(document.servers, ['10.0.0.5', '10.0.0.9']);
  const shown = document.rules.map(({ server, direction, transport, ports, peers }: JsonRule) =>
    [server, direction, transport, ports.join(','), peers.join(',')].join(' '),
  );
  assert.deepEqual(shown, [
    '10.0.0.5 in tcp 25,443 192.0.2.10',
    '10.0.0.9 in udp 53 10.0.0.5',
    '10.0.0.9 in esp  10.0.0.5',
  ]);
  assert.deepEqual(
    document.rules[0].reasons.map(({ service, flows }: JsonRule['reasons'][number]) => [service, flows]),
    [
      ['smtp', 310],
      ['https-owa', 12_345],
    ],
  );
  const unused = document.unused.map((row: { service: string }) => row.service);
  assert.ok(unused.includes('pop3') && !unused.includes('smtp'));
  assert.equal(document.otherwise, 'drop');
});

test('without --servers every responder is protected, with it the named ones, to and from', async (t) => {
  const db = exchangeRun(t);
  const sides = async (...args: string[]) =>
    JSON.parse(await rules('--db', db, '--json', ...args)).rules.map(
      (rule: JsonRule) => `${rule.server} ${rule.direction}`,
    );
  assert.deepEqual([...new Set(await sides())], ['10.0.0.5 in', '10.0.0.9 in']);
  assert.deepEqual([...new Set(await sides('--servers', '10.0.0.5'))], ['10.0.0.5 in', '10.0.0.5 out']);
  assert.deepEqual([...new Set(await sides('--servers', '10.0.0.8/29'))], ['10.0.0.9 in']);
});

test('the servers that a run was made with are those of its rules', async (t) => {
  const db = join(scratch(t), 'x.db');
  const sink = new SqliteSink(db, runStart({ options: '{"servers":"10.0.0.9"}' }));
  const pairs = pairsOf({
    initiatorId: 2,
    responderId: 5,
    service: 'dns',
    protocol: 17,
    port: 53,
    verdict: 0,
    flows: 1,
    packets: 2,
    bytes: 200,
  });
  sink.checkpoint(checkpointOf({ pairs }), ADDRESSES);
  sink.finish('complete', null);
  sink.close();
  assert.match(await rules('--db', db), /# Protected: 10\.0\.0\.9\./);
  assert.match(await rules('--db', db, '--servers', '10.0.0.5'), /chain out_10_0_0_5/);
});

test('servers that take no part, and runs without expected traffic, are said to be', async (t) => {
  const wrong = await xports('rules', '--db', exchangeRun(t), '--servers', '192.0.2.200');
  assert.deepEqual([wrong.code, wrong.out], [2, '']);
  assert.match(wrong.err, /none of the servers 192\.0\.2\.200/);
  const db = join(scratch(t), 'empty.db');
  const sink = new SqliteSink(db, runStart());
  sink.finish('complete', null);
  sink.close();
  const empty = await xports('rules', '--db', db);
  assert.equal(empty.code, 0);
  assert.match(empty.err, /no expected traffic/);
  assert.match(empty.out, /counter drop comment "everything else"/);
});

test('addresses are widened only where that is asked for, and it is said', async (t) => {
  const db = exchangeRun(t);
  assert.doesNotMatch(await rules('--db', db), /widened/);
  const widened = await rules('--db', db, '--aggregate');
  assert.match(widened, /ip saddr 192\.0\.2\.0\/24 tcp dport/);
  assert.match(widened, /widened/);
  assert.match(await rules('--db', db, '--aggregate', '28'), /ip saddr 192\.0\.2\.0\/28/);
});

test('every language allows the same, says why with counts, keeps ICMP working, and drops the rest', async (t) => {
  const db = exchangeRun(t);
  const cases: readonly (readonly [format: string, ...patterns: RegExp[]])[] = [
    [
      'nftables',
      /ip saddr 192\.0\.2\.10 tcp dport \{ 25, 443 \} counter accept comment "smtp https-owa: 12,655 flows/,
      /ct state established,related counter accept/,
      /icmp type \{ destination-unreachable/,
      /icmpv6 type \{ destination-unreachable, packet-too-big/,
      /meta l4proto (50|esp) counter accept/,
      /^ {4}counter drop comment "everything else"$/m,
    ],
    [
      'iptables',
      /-s 192\.0\.2\.10 -p tcp -m multiport --dports 25,443 -m comment --comment "smtp https-owa: 12,655 flows/,
      /--ctstate ESTABLISHED,RELATED/,
      /icmpv6-type packet-too-big/,
      /-p 50 /,
      /^-A xports -m comment --comment "everything else" -j DROP$/m,
    ],
    [
      'windows',
      /-Direction Inbound -Action Allow -Protocol TCP -LocalPort 25,443 -LocalAddress '10\.0\.0\.5' -RemoteAddress '192\.0\.2\.10' -Description 'smtp https-owa: 12,655 flows/,
      /-Direction Outbound -Action Allow -Protocol UDP -RemotePort 53 -LocalAddress '10\.0\.0\.5' -RemoteAddress '10\.0\.0\.9'/,
      /-Protocol ICMPv6 -IcmpType 1,2,/,
      /-Protocol 50 /,
      /-DefaultInboundAction Block -DefaultOutboundAction Block/,
    ],
    [
      'cisco-asa',
      /^access-list XPORTS-IN remark smtp 25\/tcp: 310 flows/m,
      /^access-list XPORTS-IN extended permit tcp host 192\.0\.2\.10 host 10\.0\.0\.5 eq 25$/m,
      /^access-list XPORTS-OUT extended permit udp host 10\.0\.0\.5 host 10\.0\.0\.9 eq 53$/m,
      /^access-list XPORTS-IN extended permit icmp6 any6 any6 packet-too-big$/m,
      /permit esp host 10\.0\.0\.5 host 10\.0\.0\.9$/m,
      /^access-list XPORTS-OUT extended deny ip any any log$/m,
    ],
  ];
  for (const [format, ...patterns] of cases) {
    const text = await rules('--db', db, '--format', format, '--servers', '10.0.0.5,10.0.0.9');
    for (const pattern of patterns) assert.match(text, pattern, format);
    assert.match(text, /Allowed by the list and not used:/, format);
    assert.doesNotMatch(text, /3389|445/, `${format}: what was not expected is not allowed`);
  }
});

test('masks and prefixes are those of the language', async (t) => {
  const db = exchangeRun(t);
  const asa = await rules('--db', db, '--format', 'cisco-asa', '--aggregate', '20');
  assert.match(asa, /permit tcp 192\.0\.0\.0 255\.255\.240\.0 host 10\.0\.0\.5 eq 25/);
});

test('a name that a capture brings cannot become a rule, a command or a control character', async (t) => {
  const db = join(scratch(t), 'x.db');
  const evil = 'x\'\u2019"; $(reboot) `id`\nRULES\naccept\r\n}\u001b[31m?\u2028\u0000.pcap';
  const sink = new SqliteSink(db, runStart({ source: evil }));
  sink.finish('complete', null);
  sink.close();
  for (const format of ['nftables', 'iptables', 'windows', 'cisco-asa']) {
    const text = await rules('--db', db, '--format', format);
    const lines = text.split(/\r?\n/).filter((line) => line.includes('reboot'));
    assert.equal(lines.length, 1, format);
    assert.match(lines[0], /^[#!] run 1: x/, format);
    assert.doesNotMatch(text.replaceAll('\r\n', '\n'), /[^\n\x20-\x7e]/, format);
  }
  // A question mark would call for help where a configuration is typed in.
  assert.doesNotMatch(await rules('--db', db, '--format', 'cisco-asa'), /\?/);
  const document = JSON.parse(await rules('--db', db, '--json'));
  assert.equal(document.about.length, 4);
});

test('what makes no sense is a usage error', async (t) => {
  const db = exchangeRun(t);
  for (const [args, words] of [
    [['--format', 'pf'], /nftables, iptables, windows, cisco-asa, json/],
    [['--servers', 'mail.example'], /address, or a block/],
    [['--servers', ','], /addresses or blocks/],
    [['--aggregate', '4'], /prefix lengths/],
    [['--run', '9'], /no run 9/],
  ] as const) {
    const called = await xports('rules', '--db', db, ...args);
    assert.equal(called.code, 2, args.join(' '));
    assert.match(called.err, words);
  }
});
