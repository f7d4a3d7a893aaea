// Policies and recognised servers over checkpoints: what is shown in between leaves no trace in what comes out.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { OpenSource } from '../../src/pipeline/merge.ts';
import { PacketPath } from '../../src/pipeline/path.ts';
import { LocalRows } from '../../src/pipeline/run-rows.ts';
import { readPolicy } from '../../src/policy/document.ts';
import { PolicyRules } from '../../src/policy/rules.ts';
import { Capture } from '../../src/source/capture.ts';
import { detectReader } from '../../src/source/detect.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { runStart } from '../store/sample.ts';
import { folder, memorySource } from './memory.ts';

const CAPTURE = readFileSync(join(import.meta.dirname, '../../fixtures/roles/servers-auto.pcap'));
const NO_DROPS = { kernelDropped: null, interfaceDropped: null };
const RULES = new PolicyRules(
  readPolicy('test.yaml', 'exceptions: [{ ports: 873, responder: 10.0.0.5, reason: a copy of mail }]'),
);

type Rows = readonly Record<string, unknown>[];

/** The rows of a run, with a checkpoint after every so many bytes, and what each of those showed. */
async function run(
  path: string,
  servers: string | null,
  rules: PolicyRules,
  chunk: number,
): Promise<{ rows: Rows; shown: Rows[] }> {
  const rows = new LocalRows(
    { db: path, servers, rpcRange: null, flows: 'all' },
    new SqliteSink(path, runStart()),
    rules,
  );
  const packets = new PacketPath(
    { rpcRange: null, payload: true, tcpTimeoutS: 300, otherTimeoutS: 60, activeTimeoutS: 0 },
    rows,
  );
  const db = new Database(path, { readonly: true });
  const all = (): Rows =>
    [
      'SELECT flow_id, service, label_basis, verdict FROM flow_records ORDER BY 1',
      'SELECT initiator, responder, service, transport, port, verdict, flows, packets FROM service_pairs ORDER BY 1, 2, 3, 5',
      'SELECT kind, severity, responder, port, flows FROM findings ORDER BY 1, 3, 4',
      'SELECT address, role, confidence FROM hosts ORDER BY 1, 2',
      'SELECT status, flows, packets FROM policy_exceptions',
    ].flatMap((sql) => db.prepare(sql).all() as Rows);
  const shown: Rows[] = [];
  const source = new OpenSource(await Capture.open('capture', memorySource(CAPTURE), detectReader, chunk));
  while (!source.capture.done || source.next < source.batch.count) {
    if (source.refill()) packets.run(source, Number.POSITIVE_INFINITY);
    else await source.capture.advance();
    await packets.checkpoint([], NO_DROPS, false);
    shown.push(all());
  }
  await packets.checkpoint([], NO_DROPS, true);
  await rows.finish('complete', null);
  const found = all();
  db.close();
  await source.capture.close();
  await rows.close();
  return { rows: found, shown };
}

for (const [what, servers, rules] of [
  ['the servers that are recognised', 'auto', new PolicyRules()],
  ['an exception', null, RULES],
] as const) {
  test(`${what} are the same however many checkpoints there were`, async (t) => {
    const into = folder(t);
    const once = await run(join(into, 'once.db'), servers, rules, 1 << 20);
    const often = await run(join(into, 'often.db'), servers, rules, 512);
    assert.ok(often.shown.length > 8, `${often.shown.length} checkpoints`);
    assert.deepEqual(often.rows, once.rows);
  });
}

test('an exception counts each flow once, whether or not it was shown while it went on', async (t) => {
  const { rows } = await run(join(folder(t), 'x.db'), null, RULES, 512);
  assert.deepEqual(
    rows.filter(({ status }) => status !== undefined),
    [{ status: 'used', flows: 1, packets: 8 }],
  );
});

test('a finding about nobody who is an Exchange server is not shown once one is recognised', async (t) => {
  const { shown } = await run(join(folder(t), 'x.db'), 'auto', new PolicyRules(), 512);
  const last = shown.at(-1) ?? [];
  const findings = last.filter(({ kind }) => kind !== undefined);
  assert.deepEqual(
    findings.map(({ responder, port }) => `${responder} ${port}`),
    ['10.0.0.5 873'],
  );
});
