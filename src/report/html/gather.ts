// Reads a run into the model of its page, from one state of the database.

import type { ServiceCountRow } from '../../store/rows.ts';
import {
  type AllowedRow,
  addressTexts,
  allowedServices,
  type PairCells,
} from '../../store/sqlite/page-reader.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import { confidenceRemarks } from '../confidence.ts';
import { endpoint } from '../format.ts';
import { AddressList, entryOf } from './addresses.ts';
import { findingsOf } from './findings-model.ts';
import {
  type AmountModel,
  type EndpointModel,
  FINDING_FIELDS,
  type HostsModel,
  type MatrixModel,
  type PageModel,
  type UnusedModel,
} from './model.ts';
import { type Pass, passOver } from './pass.ts';
import { rankOf, roleName, sureRole } from './roles.ts';
import { type RulesBasis, rulesOf } from './rules-model.ts';
import { runOf } from './run-model.ts';
import { trafficOf } from './traffic.ts';
import { verdictOf } from './verdict.ts';

const MOST_HOSTS = 2000;
const MOST_ENDPOINTS = 2000;
const MOST_SKIPPED = 200;
const HOW: Readonly<Record<string, string>> = {
  map: 'named by the endpoint mapper',
  lookup: 'listed by the endpoint mapper',
  bind: 'a bind was accepted',
};

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
    services: counts.map((row) => ({
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
    })),
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

function busiest(pass: Pass): [number, { bytes: number }][] {
  return [...pass.hosts].sort(([, a], [, b]) => b.bytes - a.bytes).slice(0, MOST_HOSTS);
}

function hostsOf(pass: Pass, addressOf: (id: number) => number): HostsModel {
  const best = (id: number) =>
    Math.min(
      99,
      ...(pass.roles.get(id) ?? []).map(
        ({ role, confidence }) => rankOf(role) + (confidence === 'low' ? 20 : 0),
      ),
    );
  const bytes = (id: number) => pass.hosts.get(id)?.bytes ?? 0;
  const ids = [...new Set([...pass.roles.keys(), ...busiest(pass).map(([id]) => id)])]
    .map((id) => ({ id, rank: best(id), bytes: bytes(id) }))
    .sort((a, b) => a.rank - b.rank || b.bytes - a.bytes)
    .slice(0, MOST_HOSTS);
  return {
    total: new Set([...pass.roles.keys(), ...pass.hosts.keys()]).size,
    rows: ids.map(({ id }) => {
      const roles = [...(pass.roles.get(id) ?? [])].sort((a, b) => rankOf(a.role) - rankOf(b.role));
      const sums = pass.hosts.get(id);
      return {
        address: addressOf(id),
        roles: roles.map((row) => sureRole(row.role, row.confidence)),
        evidence: [...new Set(roles.flatMap((row) => row.evidence.split('; ')))].join('; '),
        flowsBegun: sums?.flowsBegun ?? 0,
        flowsReceived: sums?.flowsReceived ?? 0,
        bytes: sums?.bytes ?? 0,
      };
    }),
  };
}

function endpointsOf(store: StoreReader, runId: number): EndpointModel[] {
  const places = new Map<string, { names: Set<string>; how: Set<string>; model: EndpointModel }>();
  for (const row of store.endpoints(runId)) {
    const port = endpoint(row.transport, row.port);
    const place = entryOf(places, `${row.server} ${port}`, () => ({
      names: new Set<string>(),
      how: new Set<string>(),
      model: { server: row.server, port, names: [], how: '', firstUs: row.first_seen_us },
    }));
    place.names.add(row.interface_name ?? row.interface_uuid ?? 'unknown');
    place.how.add(HOW[row.basis] ?? row.basis);
  }
  return [...places.values()]
    .slice(0, MOST_ENDPOINTS)
    .map(({ names, how, model }) => ({ ...model, names: [...names], how: [...how].join(', ') }));
}

function unusedOf(allowed: readonly AllowedRow[], counts: readonly ServiceCountRow[]): UnusedModel[] {
  const used = new Set(
    counts
      .filter((row) => row.verdict === 'expected')
      .flatMap((row) => [`${row.service} ${row.transport}`, `${row.service} ip`]),
  );
  return allowed
    .filter((row) => !used.has(`${row.service} ${row.transport}`))
    .map((row) => ({
      service: row.service,
      label: row.label,
      ports:
        row.transport === 'ip'
          ? `IP protocol ${row.port}`
          : `${row.transport}/${row.port === row.last_port ? row.port : `${row.port}–${row.last_port}`}`,
      by: row.allowed_by,
    }));
}
