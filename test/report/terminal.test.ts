// The report of a run: what it says, in which order, and that it fits the terminal.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { VERDICT } from '../../src/audit/terms.ts';
import { jsonReport } from '../../src/report/json.ts';
import { style } from '../../src/report/style.ts';
import { terminalReport } from '../../src/report/terminal.ts';
import type { Checkpoint } from '../../src/store/sink.ts';
import { StoreReader } from '../../src/store/sqlite/reader.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { ADDRESSES, storeExchangeRun } from '../store/exchange-run.ts';
import { checkpointOf, pairsOf, runStart, scratch } from '../store/sample.ts';

function exchangeRun(t: TestContext): StoreReader {
  const path = join(scratch(t), 'x.db');
  storeExchangeRun(path);
  const store = new StoreReader(path);
  t.after(() => store.close());
  return store;
}

function runWith(t: TestContext, more: Partial<Checkpoint>): string {
  const path = join(scratch(t), 'x.db');
  const sink = new SqliteSink(path, runStart());
  sink.checkpoint(checkpointOf(more), ADDRESSES);
  sink.finish('complete', null);
  sink.close();
  const store = new StoreReader(path);
  t.after(() => store.close());
  return terminalReport(store, 1, style(80, false));
}

/** Asserts that the pieces stand in the text in this order. */
function assertOrder(text: string, ...pieces: readonly string[]): void {
  let from = 0;
  for (const piece of pieces) {
    const at = text.indexOf(piece, from);
    assert.ok(at >= 0, `${JSON.stringify(piece)} comes next in:\n${text}`);
    from = at + piece.length;
  }
}

test('the report goes from what was read to services, findings, skipped packets and confidence', (t) => {
  const text = terminalReport(exchangeRun(t), 1, style(80, false));
  assertOrder(
    text,
    'Run 1',
    'monday.pcapng (pcapng, ethernet)',
    '2023-11-14 22:13:20 to 23:15:25 UTC (1 h 2 min)',
    '1,234,567 packets',
    'Services',
    'expected',
    'https-owa',
    'smtp',
    'dns',
    'unexpected',
    'tcp/3389',
    'infrastructure',
    'icmp',
    'undetermined',
    'Findings  1 high, 1 low',
    'HIGH',
    'tcp 3389 of 10.0.0.5 answers',
    'LOW',
    'Skipped  333 packets',
    'arp',
    'Confidence',
  );
});

test('a service has flows, packets, bytes, distinct clients and servers', (t) => {
  const text = terminalReport(exchangeRun(t), 1, style(80, false));
  const line = text.split('\n').find((candidate) => candidate.includes('https-owa'));
  assert.deepEqual(line?.trim().split(/ {2,}/), [
    'https-owa',
    'tcp/443',
    '12,350',
    '1,000,100',
    '858.4 MiB',
    '2',
    '1',
  ]);
});

test('labels of the catalog are shown where all of them fit', (t) => {
  const text = terminalReport(exchangeRun(t), 1, style(120, false));
  assertOrder(text, 'SSL secured HTTP for Outlook Web Access (HTTPS)', 'SMTP', 'Domain Name System (DNS)');
});

test('every finding says who, to whom, how much, and whether it was answered', (t) => {
  const text = terminalReport(exchangeRun(t), 1, style(120, false));
  assertOrder(
    text,
    '198.51.100.99 → 10.0.0.5, tcp/3389: 3 flows, 4,000 packets, 2.9 MiB; the server answered',
    'Port 3389 is Remote Desktop.',
    '→ Close it',
    '198.51.100.99 and 2 others → 10.0.0.5, tcp/445: 2 flows, 4 packets, 240 B; the server refused',
  );
});

test('confidence names damage, loss, duplicates, blind spots and the missing servers', (t) => {
  const text = terminalReport(exchangeRun(t), 1, style(80, false)).replace(/\s+/g, ' ');
  for (const words of [
    'damaged at byte 88,123,456: the file ends inside a packet',
    '40 of 1,234,607 packets',
    'about 3.0 % of the packets',
    '2,000 of 12,666 TCP flows (16 %)',
    '120 of 12,666 TCP flows (0.9 %)',
    '9 of 1,234,567 packets',
    '77 packets, 96.7 KiB',
    'Out of order in time: 12',
    'No servers were named',
  ]) {
    assert.ok(text.includes(words), words);
  }
});

test('nothing is said against a run without trouble', (t) => {
  const text = runWith(t, { facts: { flows: 1, tcp_flows: 1, servers_named: 1 } });
  assertOrder(text, 'Findings', 'none', 'Confidence', 'nothing stands against these numbers');
});

test('few duplicates are mentioned, many are a warning', (t) => {
  const few = runWith(t, { facts: { sampled_packets: 1000, duplicate_packets: 5 } });
  assert.match(few, /· Seen twice: about 0\.5 %/);
  assert.doesNotMatch(few, /!/);
  assert.match(
    runWith(t, { facts: { sampled_packets: 1000, duplicate_packets: 11 } }),
    /! Seen twice: about 1\.1 %/,
  );
});

test('no line is longer than the terminal, from 80 columns on, with or without colour', (t) => {
  const store = exchangeRun(t);
  for (const width of [80, 100, 120, 200]) {
    for (const colour of [false, true]) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences
      const text = terminalReport(store, 1, style(width, colour)).replace(/\u001b\[[\d;]*m/g, '');
      for (const line of text.split('\n')) assert.ok([...line].length <= width, line);
    }
  }
});

test('without colour there is no escape sequence', (t) => {
  assert.ok(!terminalReport(exchangeRun(t), 1, style(80, false)).includes('\u001b'));
});

test('long lists are cut, and say where the rest is', (t) => {
  const pair = {
    initiatorId: 1,
    responderId: 2,
    service: 'unlisted',
    protocol: 6,
    verdict: VERDICT.unexpected,
    flows: 1,
    packets: 2,
    bytes: 120,
  };
  const finding = {
    kind: 'unexpected-port',
    severity: 'high',
    status: 'open',
    protocol: 6,
    responderId: 2,
    initiatorId: 1,
    initiators: 1,
    flows: 1,
    packets: 2,
    bytes: 120,
    outcome: 'answered',
    firstSeenUs: 1,
    lastSeenUs: 2,
    text: 0,
  } as const;
  const ports = Array.from({ length: 100 }, (_, i) => 10_000 + i);
  const text = runWith(t, {
    pairs: pairsOf(...ports.map((port) => ({ ...pair, port }))),
    findings: ports.map((port) => ({ ...finding, port })),
    texts: [{ title: 'port {port}', explanation: 'the same for all', suggestion: '' }],
  });
  assertOrder(
    text,
    'and 80 more with 80 flows, 160 packets: xports services --run 1',
    'and 70 more: xports findings --run 1',
  );
  assert.equal(text.split('the same for all').length, 2, 'words that are shared are said once');
});

test('JSON is one document with the names of the columns', (t) => {
  const document = JSON.parse(jsonReport(exchangeRun(t), 1));
  assert.deepEqual(Object.keys(document), ['run', 'sources', 'services', 'findings', 'skipped']);
  assert.equal(document.run.packets, 1_234_567);
  assert.equal(document.sources[0].damage_offset, 88_123_456);
  assert.deepEqual(document.services[0].service, 'https-owa');
  assert.equal(document.services[0].initiators, 2);
  assert.equal(document.findings[0].title, 'tcp 3389 of 10.0.0.5 answers and is not on the allow-list');
  assert.deepEqual(document.skipped[0], { run_id: 1, reason: 'arp', packets: 321, bytes: 13_482 });
});
