// Hand-made rows for tests of what is stored: flows, pairs and a checkpoint, with every field given by name.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { pairKey } from '../../src/audit/tally.ts';
import { VERDICT } from '../../src/audit/terms.ts';
import { D, EndedFlows, ROW_DOUBLES, ROW_WORDS, W } from '../../src/flow/ended.ts';
import { serviceIndex } from '../../src/service/catalog.ts';
import type { AddressTexts, Checkpoint, PairRows, RunStart } from '../../src/store/sink.ts';

/** A directory that is gone after the test. */
export function scratch(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'xports-test-'));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

let uid = 0;

export function runStart(more: Partial<RunStart> = {}): RunStart {
  return {
    runUid: `00000000-0000-4000-8000-${String(process.pid * 1000 + uid++).padStart(12, '0')}`,
    sensor: 'sensor-1',
    source: 'a.pcap',
    sourceKind: 'file',
    profile: 'allow-list',
    options: '{"flows":"all"}',
    version: '0.1.0',
    startedAtUs: 1_700_000_000_000_000,
    ...more,
  };
}

/** Addresses numbered from 1 in the order given. */
export function book(...texts: string[]): AddressTexts {
  return { size: texts.length, text: (id) => texts[id - 1] };
}

export type FlowFields = Partial<Record<keyof typeof W | keyof typeof D, number>>;

export function batchOf(...rows: readonly FlowFields[]): EndedFlows {
  const batch = new EndedFlows(Math.max(rows.length, 1));
  for (const row of rows) {
    const w = batch.count * ROW_WORDS;
    const d = batch.count * ROW_DOUBLES;
    for (const [name, value] of Object.entries(row)) {
      if (name in W) batch.words[w + W[name as keyof typeof W]] = value;
      else batch.doubles[d + D[name as keyof typeof D]] = value;
    }
    batch.count++;
  }
  return batch;
}

/** An ordinary answered HTTPS flow from address 1 to address 2. */
export function httpsFlow(flowId: number, more: FlowFields = {}): FlowFields {
  return {
    ipVersion: 4,
    protocol: 6,
    innerProtocol: 6,
    initiatorPort: 50_000,
    responderPort: 443,
    service: serviceIndex('https-owa'),
    innerService: serviceIndex('https-owa'),
    verdict: VERDICT.expected,
    initiatorId: 1,
    responderId: 2,
    flowId,
    packetsOut: 5,
    packetsBack: 4,
    bytesOut: 500,
    bytesBack: 4000,
    payloadOut: 200,
    payloadBack: 3700,
    firstSeenUs: 1_700_000_000_000_000,
    lastSeenUs: 1_700_000_000_250_000,
    ...more,
  };
}

export interface PairFields {
  readonly initiatorId: number;
  readonly responderId: number;
  readonly service: string;
  readonly protocol: number;
  readonly port: number;
  readonly verdict: number;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly firstSeenUs?: number;
  readonly lastSeenUs?: number;
}

export function pairsOf(...rows: readonly PairFields[]): PairRows {
  const keys = rows.flatMap((row) => [
    row.initiatorId,
    row.responderId,
    pairKey(serviceIndex(row.service), row.protocol, row.verdict),
    row.port,
  ]);
  const sums = rows.flatMap((row) => [
    row.flows,
    row.packets,
    row.bytes,
    row.firstSeenUs ?? 1_700_000_000_000_000,
    row.lastSeenUs ?? 1_700_000_060_000_000,
    row.flows,
  ]);
  return { count: rows.length, keys: Int32Array.from(keys), sums: Float64Array.from(sums) };
}

export function checkpointOf(more: Partial<Checkpoint> = {}): Checkpoint {
  return {
    totals: {
      packets: 9,
      bytes: 4500,
      packetsOutOfOrder: 0,
      kernelDropped: null,
      interfaceDropped: null,
      firstPacketUs: 1_700_000_000_000_000,
      lastPacketUs: 1_700_000_060_000_000,
    },
    sources: [],
    endpoints: [],
    skipped: [],
    pairs: pairsOf(),
    minutes: [],
    findings: [],
    texts: [],
    facts: {},
    exceptions: [],
    hosts: null,
    ...more,
  };
}
