// The proof of the rules: a capture is analyzed, the rules made of it are loaded into a router of its own, the capture
// is sent through that router in both directions, and what comes out is compared with the verdicts of its flows.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { corpusDir, whyNoCorpus } from '../corpus/corpus.ts';
import { scratch } from '../store/sample.ts';
import { query, type Row, runXports } from '../support/analyze.ts';
import { type Counted, cannotReplay, type Kinds, type Replayed, Router } from './replay/router.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const FORMATS = ['nftables', 'iptables'] as const;

interface Proof extends Replayed {
  readonly counted: Counted;
  readonly flows: readonly Row[];
}

async function proven(
  t: TestContext,
  capture: string,
  format: (typeof FORMATS)[number],
  options: readonly string[] = [],
): Promise<Proof> {
  const db = join(scratch(t), 'x.db');
  const analyzed = await runXports(['analyze', '--quiet', '--db', db, capture]);
  assert.ok(analyzed.exit === 0 || analyzed.exit === 4, analyzed.stderr);
  const rules = await runXports(['rules', '--db', db, '--format', format, ...options]);
  assert.equal(rules.exit, 0, rules.stderr);
  const router = new Router();
  try {
    router.load(format, rules.stdout);
    const replayed = router.replay(capture);
    const flows = query(db, 'SELECT * FROM flow_records WHERE encapsulation IS NULL');
    return { ...replayed, counted: router.counted(format), flows };
  } finally {
    router.remove();
  }
}

/** The kinds of packet of a flow, there and back. */
function kindsOf(flow: Row): [there: string, back: string] {
  const { protocol, initiator, responder } = flow;
  const isAh = protocol === 51;
  const from = isAh ? -1 : (flow.initiator_port ?? -1);
  const to = isAh ? -1 : (flow.responder_port ?? -1);
  return [
    `${protocol} ${initiator} ${from} ${responder} ${to}`,
    `${protocol} ${responder} ${to} ${initiator} ${from}`,
  ];
}

function total(kinds: Kinds): number {
  return Object.values(kinds).reduce((sum, packets) => sum + packets, 0);
}

/** Every packet of every expected flow came through, and none of any other; returns how many flows of each there were. */
function assertProven({ sent, came, marker, counted, flows }: Proof): {
  expected: number;
  unexpected: number;
} {
  const wrong: string[] = [];
  const flowsOf = (verdict: string) =>
    flows.filter((flow) => flow.verdict === verdict && kindsOf(flow).some((kind) => kind in sent));
  const expected = flowsOf('expected');
  const unexpected = flowsOf('unexpected');
  for (const kind of new Set(expected.flatMap(kindsOf))) {
    if ((came[kind] ?? 0) !== (sent[kind] ?? 0))
      wrong.push(`${kind}: ${came[kind] ?? 0} of ${sent[kind]} passed`);
  }
  for (const kind of new Set(unexpected.flatMap(kindsOf))) {
    if ((came[kind] ?? 0) !== 0)
      wrong.push(`${kind}: ${came[kind]} of ${sent[kind]} passed, and none should`);
  }
  assert.deepEqual(wrong, []);
  const allowed = new Set([...expected.flatMap(kindsOf), marker]);
  const others = Object.keys(came).filter((kind) => !allowed.has(kind) && !/^(1|58) /.test(kind));
  assert.deepEqual(others, [], 'nothing passes but expected flows and ICMP');
  // The rules' own counters say the same.
  assert.equal(counted.accepted, total(came));
  assert.equal(counted.dropped, total(sent) - total(came));
  return { expected: expected.length, unexpected: unexpected.length };
}

const why = cannotReplay();

for (const format of FORMATS) {
  test(`${format}: every expected flow of the sample passes, every unexpected one is dropped, and no rule is idle`, {
    skip: why,
  }, async (t) => {
    const proof = await proven(t, join(FIXTURES, 'sample.pcap'), format);
    const flows = assertProven(proof);
    assert.ok(flows.expected > 80 && flows.unexpected > 25, JSON.stringify(flows));
    assertNoneIdle(proof);
  });

  for (const name of [
    'allow-list/ipsec-esp',
    'allow-list/ipsec-ah',
    'verdicts/esp-ipv6',
    'verdicts/ah-inner-udp-ipv6',
  ]) {
    test(`${format}: IPsec passes by its protocol (${name})`, { skip: why }, async (t) => {
      const proof = await proven(t, join(FIXTURES, `${name}.pcap`), format);
      assert.equal(assertProven(proof).expected, 1);
    });
  }
}

test('with servers named, what they do not take part in is dropped, and all they expect passes', {
  skip: why,
}, async (t) => {
  const servers = ['10.10.0.11', '10.10.0.12'];
  const proof = await proven(t, join(FIXTURES, 'sample.pcap'), 'nftables', ['--servers', servers.join(',')]);
  const isTheirs = (flow: Row) => servers.some((server) => [flow.initiator, flow.responder].includes(server));
  assert.ok(assertProven({ ...proof, flows: proof.flows.filter(isTheirs) }).expected > 80);
  assertNoneIdle(proof);
});

test('a service without its rule does not pass, so the proof can fail', { skip: why }, async (t) => {
  const capture = join(FIXTURES, 'sample.pcap');
  const db = join(scratch(t), 'x.db');
  await runXports(['analyze', '--quiet', '--db', db, capture]);
  const { stdout } = await runXports(['rules', '--db', db]);
  const router = new Router();
  t.after(() => router.remove());
  router.load('nftables', stdout.replace(/^.*tcp dport 993 .*$/gm, ''));
  const { came, sent } = router.replay(capture);
  const mail = Object.keys(sent).filter((kind) => kind.endsWith(' 993'));
  assert.ok(mail.length > 0);
  assert.deepEqual(
    mail.filter((kind) => kind in came),
    [],
  );
});

/** Captures of other projects: RPC with learned ports, Active Directory, scans, mail, IPsec, DNS. */
const CAPTURES: readonly (readonly [
  file: string,
  format: (typeof FORMATS)[number],
  expected: number,
  unexpected: number,
])[] = [
  ['ntop+nDPI/tests/cfgs/default/pcap/synscan.pcap', 'nftables', 35, 1959],
  ['ntop+nDPI/tests/cfgs/default/pcap/synscan.pcap', 'iptables', 35, 1959],
  ['OISF+suricata-verify/tests/dcerpc/zerologon/input.pcap', 'nftables', 42, 11],
  ['OISF+suricata-verify/tests/dcerpc/zerologon/input.pcap', 'iptables', 42, 11],
  ['OISF+suricata-verify/tests/bug-5162/input.pcap', 'nftables', 6, 3],
  [
    'OTRF+Security-Datasets/datasets/atomic/windows/discovery/network/covenant_ldap_searchrequest_domainuser.cap',
    'nftables',
    6,
    1,
  ],
  ['arkime+arkime/tests/pcap/imap.pcap', 'iptables', 1, 5],
  ['arkime+arkime/tests/pcap/smtp-decrypted.pcap', 'nftables', 2, 2],
  ['arkime+arkime/tests/pcap/wireshark-esp.pcap', 'nftables', 24, 0],
  ['zeek+zeek/testing/btest/Traces/krb/kinit.pcap', 'iptables', 94, 0],
  ['seladb+PcapPlusPlus/Tests/Pcap++Test/PcapExamples/DnsPackets.pcap', 'nftables', 211, 0],
];

for (const [file, format, expected, unexpected] of CAPTURES) {
  test(`${format}: the rules of ${file} hold`, {
    skip: why || whyNoCorpus(),
  }, async (t) => {
    const proof = await proven(t, join(corpusDir, 'captures', file), format);
    const flows = assertProven(proof);
    // Labels may get better; what was seen of each kind must not vanish.
    assert.equal(flows.expected + flows.unexpected, expected + unexpected);
    assertNoneIdle(proof);
  });
}

/** Each rule let something begin: there is none that could be left out. */
function assertNoneIdle({ counted }: Proof): void {
  for (const [text, packets] of counted.rules) assert.ok(packets > 0, text);
}
