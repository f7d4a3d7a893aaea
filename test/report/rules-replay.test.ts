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
    for (const [text, packets] of proof.counted.rules) assert.ok(packets > 0, text);
  });
}
