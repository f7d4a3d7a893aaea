// Lists of the page: hosts with their roles, RPC endpoints, and what is allowed and nobody used.

import type { ServiceCountRow } from '../../store/rows.ts';
import type { AllowedRow } from '../../store/sqlite/page-reader.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import { endpoint } from '../format.ts';
import { entryOf } from './addresses.ts';
import type { EndpointModel, HostsModel, UnusedModel } from './model.ts';
import type { Pass } from './pass.ts';
import { rankOf, sureRole } from './roles.ts';

const MOST_HOSTS = 2000;
const MOST_ENDPOINTS = 2000;
const HOW: Readonly<Record<string, string>> = {
  map: 'named by the endpoint mapper',
  lookup: 'listed by the endpoint mapper',
  bind: 'a bind was accepted',
};

export function busiest(pass: Pass): [number, { bytes: number }][] {
  return [...pass.hosts].sort(([, a], [, b]) => b.bytes - a.bytes).slice(0, MOST_HOSTS);
}

export function hostsOf(pass: Pass, addressOf: (id: number) => number): HostsModel {
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

export function endpointsOf(store: StoreReader, runId: number): EndpointModel[] {
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

export function unusedOf(allowed: readonly AllowedRow[], counts: readonly ServiceCountRow[]): UnusedModel[] {
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
