// One pass over the pairs of a run, from which everything about hosts is made: sums by host, the matrices, the pairs that
// a page has room for, and who is behind a finding.

import {
  addressTexts,
  type HostIdRow,
  hostRows,
  type PairCells,
  type PairKindRow,
  pairCells,
  pairKinds,
} from '../../store/sqlite/page-reader.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import { entryOf } from './addresses.ts';
import { MatrixBuilder } from './matrix.ts';
import { roleName } from './roles.ts';

/** Pairs that a page has room for, of what is unexpected and of the rest. */
const MOST_PAIRS = 2500;
/** Initiators that are named behind one finding. */
const MOST_WITNESSES = 5;

export interface HostSums {
  flowsBegun: number;
  flowsReceived: number;
  bytes: number;
}

export interface Pass {
  readonly kinds: ReadonlyMap<number, PairKindRow>;
  readonly hosts: ReadonlyMap<number, HostSums>;
  readonly roles: ReadonlyMap<number, readonly HostIdRow[]>;
  readonly pairs: readonly PairCells[];
  readonly pairsTotal: number;
  /** By responder's id, transport and port. */
  readonly witnesses: ReadonlyMap<string, readonly PairCells[]>;
  readonly byRole: MatrixBuilder;
  readonly byResponder: MatrixBuilder;
  readonly byInitiator: MatrixBuilder;
}

export function passOver(store: StoreReader, runId: number): Pass {
  const kinds = new Map(pairKinds(store, runId).map((row) => [row.kind_id, row]));
  const roles = rolesById(hostRows(store, runId));
  const names = new Map([...roles].map(([id, rows]) => [id, roleName(rows.map((row) => row.role))]));
  const hosts = new Map<number, HostSums>();
  const unexpected: PairCells[] = [];
  const others: PairCells[] = [];
  const witnesses = new Map<string, PairCells[]>();
  const [byRole, byResponder, byInitiator] = [new MatrixBuilder(), new MatrixBuilder(), new MatrixBuilder()];
  let pairsTotal = 0;
  for (const pair of pairCells(store, runId)) {
    const [initiator, responder, kindId, port, flows, , bytes] = pair;
    const kind = kinds.get(kindId);
    if (kind === undefined) continue;
    pairsTotal++;
    const begins = entryOf(hosts, initiator, noSums);
    begins.flowsBegun += flows;
    begins.bytes += bytes;
    const answers = entryOf(hosts, responder, noSums);
    answers.flowsReceived += flows;
    if (answers !== begins) answers.bytes += bytes;
    const isUnexpected = kind.verdict === 'unexpected';
    const kept = isUnexpected ? unexpected : others;
    if (kept.length < MOST_PAIRS) kept.push(pair);
    if (isUnexpected) {
      const known = entryOf(witnesses, witnessKey(responder, kind.transport, port), () => []);
      if (known.length < MOST_WITNESSES) known.push(pair);
    }
    if (!isUnexpected && kind.verdict !== 'expected') continue;
    const column = columnOf(kind);
    byRole.add(
      `${names.get(initiator) ?? 'other host'} → ${names.get(responder) ?? 'other host'}`,
      column,
      isUnexpected,
      flows,
      bytes,
    );
    byResponder.add(responder, column, isUnexpected, flows, bytes);
    byInitiator.add(initiator, column, isUnexpected, flows, bytes);
  }
  const pairs = [...unexpected, ...others];
  return { kinds, hosts, roles, pairs, pairsTotal, witnesses, byRole, byResponder, byInitiator };
}

export function witnessKey(responder: number | string, transport: string, port: number | null): string {
  return `${responder} ${transport} ${port ?? -1}`;
}

/** The witnesses again, by the text of the responder's address, as findings have it. */
export function witnessesByAddress(
  store: StoreReader,
  runId: number,
  pass: Pass,
): ReadonlyMap<string, readonly PairCells[]> {
  const texts = addressTexts(
    store,
    runId,
    [...pass.witnesses.values()].map(([first]) => first[1]),
  );
  return new Map(
    [...pass.witnesses.values()].map((pairs) => {
      const [, responder, kindId, port] = pairs[0];
      const transport = pass.kinds.get(kindId)?.transport ?? '';
      return [witnessKey(texts.get(responder) ?? '', transport, port), pairs];
    }),
  );
}

function noSums(): HostSums {
  return { flowsBegun: 0, flowsReceived: 0, bytes: 0 };
}

function columnOf(kind: PairKindRow): string {
  if (kind.service !== 'unlisted') return kind.service;
  return kind.verdict === 'unexpected' ? 'not on the list' : 'excepted';
}

function rolesById(rows: readonly HostIdRow[]): ReadonlyMap<number, readonly HostIdRow[]> {
  const byId = new Map<number, HostIdRow[]>();
  for (const row of rows) entryOf(byId, row.address_id, () => []).push(row);
  return byId;
}
