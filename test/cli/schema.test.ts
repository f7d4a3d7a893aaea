// Every JSON output against the schema that is shipped for it, by a validator of JSON Schema 2020-12.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import Database from 'better-sqlite3';
import type { Finding } from '../../src/audit/findings.ts';
import { FindingNews } from '../../src/pipeline/news.ts';
import { SCHEMA_NAMES } from '../../src/report/schema/index.ts';
import { TABLE_NAMES } from '../../src/store/tables.ts';
import { storeExchangeRun } from '../store/exchange-run.ts';
import { xports } from './call.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const folder = mkdtempSync(join(tmpdir(), 'xports-schema-'));
const db = join(folder, 'x.db');

before(async () => {
  for (const capture of ['sample.pcap', 'roles', 'findings']) {
    await xports('analyze', '--quiet', '--db', db, join(FIXTURES, capture));
  }
  const policy = join(folder, 'p.yaml');
  writeFileSync(
    policy,
    'version: 1\nexceptions:\n  - ports: 4444\n    reason: a test\n    expires: 2030-12-31\n',
  );
  await xports('analyze', '--quiet', '--db', db, '--policy', policy, join(FIXTURES, 'sample.pcap'));
  storeExchangeRun(db);
  const file = new Database(db);
  file.exec(`INSERT INTO rpc_endpoints VALUES (5, '10.0.0.5', 'tcp', 6001, NULL, NULL, 'bind', 1, NULL),
    (5, '10.0.0.5', 'tcp', 6002, 'a4f1db00-ca47-1067-b31f-00dd010662da', 'EMSMDB', 'map', 2, 3)`);
  file.exec(`INSERT INTO remembered_endpoints
    VALUES (5, '10.0.0.5', 'tcp', 6003, NULL, NULL, 'remembered', 4, 1)`);
  file.close();
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** The schema with nothing more allowed than it names, so that a field nobody described is found. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, strict(value)]));
  return 'properties' in parts ? { ...parts, additionalProperties: false } : parts;
}

async function validatorOf(name: string): Promise<ValidateFunction> {
  const { code, out } = await xports('schema', name);
  assert.equal(code, 0);
  // In strict mode a word of the schema that means nothing is an error.
  return new Ajv2020({ strict: true, strictTypes: false, allErrors: true }).compile(
    strict(JSON.parse(out)) as object,
  );
}

async function assertFits(name: string, values: readonly unknown[]): Promise<void> {
  const validate = await validatorOf(name);
  for (const value of values) {
    const fits = validate(value);
    assert.ok(fits, `${name}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
  }
}

async function documentOf(...args: readonly string[]): Promise<unknown> {
  const { code, out, err } = await xports(...args, '--db', db);
  assert.equal(code, 0, err);
  return JSON.parse(out);
}

async function linesOf(...args: readonly string[]): Promise<unknown[]> {
  const { code, out, err } = await xports(...args, '--db', db);
  assert.equal(code, 0, err);
  const lines = out.split('\n').slice(0, -1);
  assert.ok(lines.length > 0, args.join(' '));
  return lines.map((line) => JSON.parse(line));
}

test('schemas are listed with what prints such JSON, and each names its dialect', async () => {
  const { out } = await xports('schema');
  for (const name of SCHEMA_NAMES) {
    assert.match(out, new RegExp(`^${name} +xports `, 'm'));
    const schema = JSON.parse((await xports('schema', name)).out);
    assert.equal(schema.$schema, 'https://json-schema.org/draft/2020-12/schema');
  }
  const unknown = await xports('schema', 'raport');
  assert.equal(unknown.code, 2);
  assert.match(unknown.err, /Allowed choices are report/);
});

test('reports of a run, from analyze as well', async () => {
  const reports = await Promise.all(
    ['1', '2', '3', '4', '5'].map((run) => documentOf('report', '--run', run, '--json')),
  );
  const again = join(folder, 'again.db');
  const { out } = await xports('analyze', '--json', '--quiet', '--db', again, join(FIXTURES, 'sample.pcap'));
  await assertFits('report', [...reports, JSON.parse(out)]);
});

test('the catalog, and what runs saw of it', async () => {
  await assertFits('catalog', [await documentOf('services', '--json')]);
  await assertFits('services', [await documentOf('services', '--json', '--run', 'all')]);
  await assertFits('service', await linesOf('services', '--format', 'jsonl'));
  await assertFits('service_counts', await linesOf('services', '--run', 'all', '--format', 'jsonl'));
});

test('explanations of ports, protocols and services, with a database and without', async () => {
  const words = [
    '443',
    '2525/tcp',
    '6001-6010',
    'esp',
    'ip-47',
    'dag-replication',
    'rpc-dynamic',
    '5353/udp',
  ];
  const explained = await Promise.all(
    words.map((word) => documentOf('explain', word, '--run', 'all', '--json')),
  );
  const none = await xports('explain', '25', '--json', '--db', join(folder, 'none.db'));
  await assertFits('explain', [...explained, JSON.parse(none.out)]);
});

test('firewall rules, differences and interfaces', async () => {
  await assertFits('rules', [
    await documentOf('rules', '--json', '--run', '1'),
    await documentOf('rules', '--json', '--run', 'all', '--answered'),
  ]);
  await assertFits('diff', [
    await documentOf('diff', '1', '2', '--json'),
    await documentOf('diff', '3', '5', '--json'),
  ]);
  const { code, out } = await xports('interfaces', '--json');
  if (code === 0) await assertFits('interfaces', [JSON.parse(out)]);
  const doctors = ['x.db', 'none.db'].map((name) => xports('doctor', '--json', '--db', join(folder, name)));
  await assertFits(
    'doctor',
    (await Promise.all(doctors)).map((called) => JSON.parse(called.out)),
  );
});

test('lines of listings and of every table', async () => {
  await assertFits('run', await linesOf('runs', '--format', 'jsonl'));
  await assertFits('findings', await linesOf('findings', '--run', 'all', '--format', 'jsonl'));
  await assertFits('flow_records', await linesOf('flows', '--run', 'all', '--format', 'jsonl'));
  for (const name of TABLE_NAMES) {
    await assertFits(name, await linesOf('export', name, '--run', 'all', '--format', 'jsonl'));
  }
});

test('findings as live capture tells them', async () => {
  const finding: Finding = {
    kind: 'unexpected-port',
    severity: 'high',
    status: 'open',
    protocol: 6,
    port: 8443,
    responderId: 1,
    initiatorId: 2,
    initiators: 1,
    flows: 3,
    packets: 30,
    bytes: 3000,
    outcome: 'answered',
    firstSeenUs: 1,
    lastSeenUs: 2,
    text: 0,
  };
  const scan: Finding = { ...finding, kind: 'port-scan', port: null, severity: 'low', initiatorId: 2 };
  const texts = [{ title: 'a', explanation: 'b', suggestion: 'c' }];
  const news = new FindingNews(7, { size: 3, text: (id: number) => `10.0.0.${id}` });
  const told = [[finding], [finding], [scan], [scan]].flatMap(
    (findings, i) => news.of({ findings, texts }, i === 3).notes,
  );
  assert.deepEqual([...new Set(told.map(({ status }) => status))].sort(), ['open', 'resolved']);
  await assertFits('note', told);
});
