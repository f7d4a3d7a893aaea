// The allow-list of the program against the list it is built on, and what is documented beside it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { ALLOW_LIST } from '../../src/service/allow-list.ts';
import {
  PROTOCOL_SERVICES,
  SERVICE_IDS,
  serviceIndex,
  serviceOfPort,
  serviceRow,
  TCP_SERVICES,
  UDP_SERVICES,
} from '../../src/service/catalog.ts';
import { DOCUMENTED_PORTS, documentedPort } from '../../src/service/documented.ts';

const catalog = resolve(import.meta.dirname, '../../../shared/catalog/allow-list.tsv');

/** False when the list is there; otherwise the sentence for a skipped test, or a failure where it is required. */
function whyNoCatalog(): string | false {
  if (existsSync(catalog)) return false;
  const sentence = `no list at ${catalog}`;
  assert.notEqual(process.env.XPORTS_REQUIRE_CORPUS, '1', sentence);
  return sentence;
}

/** A row without its note, which the program says in its own words. */
function lineOf(row: (typeof ALLOW_LIST)[number]): string {
  const port = row.lastPort === undefined ? row.port : `${row.port}-${row.lastPort}`;
  return [row.id, row.label, row.transport, port, row.lists].join('\t');
}

describe('the allow-list', () => {
  test('is every row of the list it is built on, and no other', (t) => {
    const why = whyNoCatalog();
    if (why) return t.skip(why);
    const lines = readFileSync(catalog, 'utf8')
      .split('\n')
      .slice(1)
      .filter((line) => line !== '');
    assert.deepEqual(
      ALLOW_LIST.map(lineOf).sort(),
      lines.map((line) => line.split('\t').slice(0, 5).join('\t')).sort(),
    );
  });

  test('says of each row of which the list is silent that something else decided', (t) => {
    const why = whyNoCatalog();
    if (why) return t.skip(why);
    const rows = readFileSync(catalog, 'utf8')
      .split('\n')
      .map((line) => line.split('\t'));
    for (const [id, , transport, , , note] of rows) {
      if (!note?.includes('gives no transport')) continue;
      assert.match(serviceRow(id, transport)?.note ?? '', /transport/i, `${id} ${transport}`);
    }
  });

  test('has a service for each single port and protocol, and for no other', () => {
    const tables = { tcp: TCP_SERVICES, udp: UDP_SERVICES, ip: PROTOCOL_SERVICES };
    for (const [transport, table] of Object.entries(tables)) {
      const single = ALLOW_LIST.filter((row) => row.transport === transport && row.lastPort === undefined);
      for (const row of single) assert.equal(SERVICE_IDS[table[row.port]], row.id);
      assert.equal(table.filter((service) => service !== 0).length, single.length, transport);
    }
  });

  test('allows no range as a whole', () => {
    assert.equal(TCP_SERVICES.indexOf(serviceIndex('rpc-dynamic')), -1);
    assert.equal(TCP_SERVICES[49_152], 0);
  });

  test('has ports of TCP and UDP only, so that SCTP to port 25 is not listed', () => {
    assert.equal(SERVICE_IDS[serviceOfPort(6, 25)], 'smtp');
    assert.equal(SERVICE_IDS[serviceOfPort(17, 53)], 'dns');
    assert.equal(SERVICE_IDS[serviceOfPort(132, 25)], 'unlisted');
  });
});

describe('documented ports', () => {
  test('are found by transport and port, ranges with both ends', () => {
    assert.equal(documentedPort('tcp', 2525)?.vendor, true);
    assert.equal(documentedPort('udp', 2525), undefined);
    for (const port of [137, 138]) assert.equal(documentedPort('udp', port)?.port, 137);
    assert.equal(documentedPort('udp', 136), undefined);
    assert.equal(documentedPort('udp', 4500)?.vendor, true);
    assert.equal(documentedPort('tcp', 64_337)?.vendor, false);
    assert.equal(documentedPort('sctp', 2525), undefined);
    assert.equal(documentedPort('tcp', 20_000), undefined);
  });

  test('do not overlap, and are none of the list', () => {
    const seen = new Map<string, string>();
    for (const row of DOCUMENTED_PORTS) {
      for (const transport of row.transports) {
        for (let port = row.port; port <= (row.lastPort ?? row.port); port++) {
          const key = `${port}/${transport}`;
          assert.equal(seen.get(key), undefined, `${key} is documented twice`);
          seen.set(key, row.name);
          const services = transport === 'tcp' ? TCP_SERVICES : UDP_SERVICES;
          assert.equal(services[port], 0, `${key} is on the list`);
        }
      }
    }
  });

  test('explain something, in words that fit into a sentence', () => {
    for (const { name, remark } of DOCUMENTED_PORTS) {
      assert.ok(name !== '' && !name.endsWith('.'), name);
      assert.match(remark, /\.$/);
    }
  });
});
