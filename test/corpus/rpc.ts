// Every port that an endpoint mapper names in the corpus is learned, and every flow to it is labelled, also those
// from before the reply.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { listCaptures, parseTsv, readCorpusText, whyNoCorpus } from './corpus.ts';
import { analyzeOnce, type Outcome, type Stored } from './run.ts';

interface Named {
  readonly server: string;
  readonly ports: readonly number[];
}

/** What the independent dissector read of the mappers' replies, by capture. */
function namedPorts(): Map<string, Named[]> {
  const named = new Map<string, Named[]>();
  for (const row of parseTsv(readCorpusText('EPM.tsv'))) {
    const ports = row.epm_tcp_ports.split(',').filter(Boolean).map(Number);
    if (ports.length === 0) continue;
    const file = row.file.replace(/^captures\//, '');
    named.set(file, [...(named.get(file) ?? []), { server: row.server_ip, ports }]);
  }
  return named;
}

describe('RPC in the corpus', { skip: whyNoCorpus() }, () => {
  const outcomes = new Map<string, Outcome>();
  const named = whyNoCorpus() === false ? namedPorts() : new Map<string, Named[]>();
  const exchange = 'cisco-system-traffic-generator+trex-core/scripts/avl/exchange.pcap';
  const flowsOf = (file: string): readonly Stored[] => outcomes.get(file)?.rows.flow_records ?? [];

  before(async () => {
    for (const { file, path } of listCaptures()) {
      if (named.has(file) || file === exchange) outcomes.set(file, await analyzeOnce(path));
    }
  });

  test('names endpoints, each of which is stored with its server and port', () => {
    assert.ok(named.size > 5);
    for (const [file, all] of named) {
      const stored = outcomes.get(file)?.rows.rpc_endpoints ?? [];
      const told = new Set(
        stored.filter(({ basis }) => basis !== 'bind').map(({ server, port }) => `${server} ${port}`),
      );
      for (const { server, ports } of all)
        for (const port of ports) assert.ok(told.has(`${server} ${port}`), `${file}: ${server} ${port}`);
    }
  });

  test('labels every flow to such an endpoint from 1024 on, and its pair with it', () => {
    let flows = 0;
    for (const [file, all] of named) {
      for (const { server, ports } of all) {
        const isTo = (row: Stored) => row.transport === 'tcp' && row.responder === server;
        for (const flow of flowsOf(file).filter(isTo)) {
          const port = Number(flow.responder_port);
          if (port < 1024 || !ports.includes(port)) continue;
          flows++;
          assert.equal(flow.service, 'rpc-dynamic', `${file}: flow ${flow.flow_id}`);
          assert.equal(flow.verdict, 'expected');
          assert.match(String(flow.label_basis), /^rpc-(endpoint|bind)$/);
        }
        const pairs = outcomes.get(file)?.rows.service_pairs ?? [];
        for (const pair of pairs.filter((row) => isTo(row) && ports.includes(Number(row.port))))
          assert.equal(pair.service, 'rpc-dynamic', `${file}: ${server} ${pair.port}`);
      }
    }
    assert.ok(flows > 5);
  });

  test('shows the Outlook connection to 5003 by its own bind', () => {
    const flows = flowsOf(exchange).filter((row) => row.responder_port === 5003);
    assert.ok(flows.length > 0);
    for (const flow of flows) {
      assert.equal(flow.service, 'rpc-dynamic');
      assert.equal(flow.label_basis, 'rpc-bind');
      assert.equal(flow.rpc_interface, 'a4f1db00-ca47-1067-b31f-00dd010662da');
    }
  });

  test('says nothing of the same number as a client port, or on another host', () => {
    for (const [file, all] of named) {
      for (const flow of flowsOf(file).filter((row) => row.service === 'rpc-dynamic')) {
        const servers = all.filter(({ server }) => server === flow.responder);
        const bound = flow.label_basis === 'rpc-bind';
        const known = servers.some(({ ports }) => ports.includes(Number(flow.responder_port)));
        const learned = (outcomes.get(file)?.rows.rpc_endpoints ?? []).some(
          ({ server, port }) => server === flow.responder && port === flow.responder_port,
        );
        assert.ok(bound || known || learned, `${file}: flow ${flow.flow_id}`);
      }
    }
  });
});
