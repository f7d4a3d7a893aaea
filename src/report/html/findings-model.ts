// Findings for the page: rows of values, with the sentences that many share once, and who is behind each.

import type { FindingViewRow } from '../../store/rows.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import type { AddressList } from './addresses.ts';
import { FINDING_FIELDS, type FindingModel, type FindingsModel, type WitnessCells } from './model.ts';
import { type Pass, witnessesByAddress, witnessKey } from './pass.ts';

/** Findings that a page has room for, the worst first. */
const MOST_FINDINGS = 10_000;
/** Of so many the initiators are named. */
const MOST_WITNESSED = 2000;

export function findingsOf(
  store: StoreReader,
  runId: number,
  pass: Pass,
  addresses: AddressList,
  addressOf: (id: number) => number,
): FindingsModel {
  const rows = store.findings(runId, MOST_FINDINGS);
  const counts = Object.fromEntries(store.openFindings(runId));
  const texts = new Map<string, number>();
  const textOf = (text: string) => {
    const place = texts.get(text) ?? texts.size;
    texts.set(text, place);
    return place;
  };
  const known = witnessesByAddress(store, runId, pass);
  const witnesses: Record<number, readonly WitnessCells[]> = {};
  for (const row of rows.slice(0, MOST_WITNESSED)) {
    if (row.responder === null || row.port === null) continue;
    const pairs = known.get(witnessKey(row.responder, row.transport, row.port));
    if (pairs === undefined || row.initiators < 2) continue;
    witnesses[row.finding_id] = pairs.map((pair) => [
      addressOf(pair[0]),
      pair[4],
      pair[5],
      pair[6],
      pair[7],
      pair[8],
    ]);
  }
  const values = rows.map((row) => {
    const model = modelOf(row, textOf, addresses);
    return FINDING_FIELDS.map((field) => model[field]);
  });
  return { counts, total: store.findingsTotal(runId), texts: [...texts.keys()], rows: values, witnesses };
}

function modelOf(
  row: FindingViewRow,
  textOf: (text: string) => number,
  addresses: AddressList,
): FindingModel {
  return {
    id: row.finding_id,
    severity: row.severity,
    status: row.status,
    kind: row.kind,
    title: row.title,
    explanation: textOf(row.explanation),
    suggestion: textOf(row.suggestion),
    transport: row.transport,
    port: row.port,
    responder: addresses.place(row.responder),
    initiator: addresses.place(row.initiator),
    initiators: row.initiators,
    flows: row.flows,
    packets: row.packets,
    bytes: row.bytes,
    outcome: row.outcome,
    firstUs: row.first_seen_us,
    lastUs: row.last_seen_us,
  };
}
