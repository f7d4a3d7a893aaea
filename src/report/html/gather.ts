// Reads a run into the model of its page, from one state of the database.

import type { ServiceCountRow } from '../../store/rows.ts';
import { addressTexts, allowedServices, type PairCells } from '../../store/sqlite/page-reader.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import { confidenceRemarks } from '../confidence.ts';
import { AddressList } from './addresses.ts';
import { findingsOf } from './findings-model.ts';
import { busiest, endpointsOf, hostsOf, unusedOf } from './lists.ts';
import {
  type AmountModel,
  FINDING_FIELDS,
  type MatrixModel,
  type PageModel,
  type ServiceModel,
} from './model.ts';
import { type Pass, passOver } from './pass.ts';
import { roleName } from './roles.ts';
import { type RulesBasis, rulesOf } from './rules-model.ts';
import { runOf } from './run-model.ts';
import { trafficOf } from './traffic.ts';
import { verdictOf } from './verdict.ts';

const MOST_SERVICES = 2000;
const MOST_SKIPPED = 200;

export interface PageRequest extends RulesBasis {
  readonly anonymized: boolean;
  readonly madeAtUs: number;
}

/** The model of a run's page. Throws XportsError where there is no such run. */
export function pageModel(store: StoreReader, runId: number, request: PageRequest): PageModel {
  return store.snapshot(() => gathered(store, runId, request));
}

function gathered(store: StoreReader, runId: number, request: PageRequest): PageModel {
  const run = store.run(runId);
  const counts = store.serviceCounts(runId);
  const allowed = allowedServices(store, runId);
  const labels = new Map(allowed.map((row) => [row.service, row.label]));
  const pass = passOver(store, runId);
  const addresses = new AddressList();
  const texts = textsOf(store, runId, pass);
  const addressOf = (id: number) => addresses.place(texts.get(id));
  const findings = findingsOf(store, runId, pass, addresses, addressOf);
  const verdicts = amountsOf(counts);
  const remarks = confidenceRemarks(store, runId);
  const warnings = remarks.filter((remark) => remark.warning).length;
  const pairs = pass.pairs.map((pair) => placed(pair, addressOf));
  const hosts = hostsOf(pass, addressOf);
  return {
    version: request.version,
    madeAtUs: request.madeAtUs,
    anonymized: request.anonymized,
    run: runOf(store, run, verdicts),
    verdict: verdictOf({
      counts: findings.counts,
      verdicts,
      packets: run.packets,
      warnings,
      running: run.status === 'running',
      worst: String(findings.rows[0]?.[FINDING_FIELDS.indexOf('title')] ?? ''),
    }),
    findings,
    verdicts,
    services: servicesOf(store, counts, labels),
    servicesTotal: counts.length,
    traffic: trafficOf(store, runId, labels),
    matrices: matricesOf(pass, texts),
    pairs: { total: pass.pairsTotal, kinds: kindsOf(pass), rows: pairs },
    hosts,
    endpoints: endpointsOf(store, runId),
    unused: unusedOf(allowed, counts),
    exceptions: store
      .exceptions(runId)
      .map(({ status, matches, reason, expires, flows }) => ({ status, matches, reason, expires, flows })),
    rules: rulesOf(store, runId, request),
    trust: {
      warnings,
      remarks,
      skipped: store
        .skipped(runId)
        .slice(0, MOST_SKIPPED)
        .map(({ reason, packets, bytes }) => ({ reason, packets, bytes })),
    },
    addresses: addresses.texts,
  };
}

/** Texts of every address that the page may name. */
function textsOf(store: StoreReader, runId: number, pass: Pass): ReadonlyMap<number, string> {
  const ids = new Set<number>();
  for (const [initiator, responder] of pass.pairs) ids.add(initiator).add(responder);
  for (const pairs of pass.witnesses.values()) for (const [initiator] of pairs) ids.add(initiator);
  for (const matrix of [pass.byResponder, pass.byInitiator]) {
    for (const id of matrix.topRows()) ids.add(Number(id));
  }
  for (const id of pass.roles.keys()) ids.add(id);
  for (const [id] of busiest(pass)) ids.add(id);
  return addressTexts(store, runId, ids);
}

function placed(pair: PairCells, addressOf: (id: number) => number): readonly number[] {
  const [initiator, responder, ...rest] = pair;
  return [addressOf(initiator), addressOf(responder), ...rest];
}

function kindsOf(pass: Pass): PageModel['pairs']['kinds'] {
  const kinds: PageModel['pairs']['kinds'][number][] = [];
  for (const { kind_id, service, transport, verdict } of pass.kinds.values()) {
    kinds[kind_id] = { service, transport, verdict };
  }
  return Array.from(kinds, (kind) => kind ?? { service: '', transport: '', verdict: '' });
}

function amountsOf(counts: readonly ServiceCountRow[]): AmountModel[] {
  const names = ['expected', 'unexpected', 'infrastructure', 'undetermined', 'out-of-scope'];
  return names
    .map((name) => {
      const rows = counts.filter((row) => row.verdict === name);
      const sum = (of: (row: ServiceCountRow) => number) => rows.reduce((total, row) => total + of(row), 0);
      return {
        name,
        flows: sum((row) => row.flows),
        packets: sum((row) => row.packets),
        bytes: sum((row) => row.bytes),
      };
    })
    .filter((row) => row.packets > 0);
}

/** Those of the list first where there is no room for all, then those with most bytes. */
function servicesOf(
  store: StoreReader,
  counts: readonly ServiceCountRow[],
  labels: ReadonlyMap<string, string>,
): ServiceModel[] {
  const kept = new Set(
    [...counts]
      .sort((a, b) => Number(a.service === 'unlisted') - Number(b.service === 'unlisted'))
      .slice(0, MOST_SERVICES),
  );
  return counts
    .filter((row) => kept.has(row))
    .map((row) => ({
      service: row.service,
      label: serviceLabel(store, row, labels),
      transport: row.transport,
      port: row.port,
      verdict: row.verdict,
      flows: row.flows,
      packets: row.packets,
      bytes: row.bytes,
      initiators: row.initiators,
      responders: row.responders,
      firstUs: row.first_seen_us,
      lastUs: row.last_seen_us,
    }));
}

function serviceLabel(store: StoreReader, row: ServiceCountRow, labels: ReadonlyMap<string, string>): string {
  if (row.service !== 'unlisted') return labels.get(row.service) ?? store.label(row.service, row.transport);
  if (row.verdict === 'expected') return 'excepted by the policy';
  return row.verdict === 'unexpected' ? 'not on the list' : '';
}

function matricesOf(pass: Pass, texts: ReadonlyMap<number, string>): MatrixModel[] {
  const host = (id: number | string) => {
    const roles = pass.roles.get(Number(id))?.map((row) => row.role) ?? [];
    return { name: texts.get(Number(id)) ?? '', note: roles.length === 0 ? '' : roleName(roles) };
  };
  return [
    pass.byRole.model({
      id: 'roles',
      label: 'Roles',
      caption: 'Who begins → who answers, by role, and the services between them',
      nameOf: (row) => ({ name: String(row), note: '' }),
    }),
    pass.byResponder.model({
      id: 'servers',
      label: 'Hosts that answer',
      caption: 'Hosts that others connect to, and the services used there',
      nameOf: host,
    }),
    pass.byInitiator.model({
      id: 'clients',
      label: 'Hosts that begin',
      caption: 'Hosts that connect to others, and the services they use',
      nameOf: host,
    }),
  ];
}
