// What rows of flows and pairs have in common is stored once a run, so that the rows are small integers.
// The codes of a row are packed into four words and looked up; no text is made for a kind that is known.

import type { Database, Statement } from 'better-sqlite3';
import { protocolOfPair, serviceOfPair, verdictOfPair } from '../../audit/tally.ts';
import { VERDICT, VERDICTS } from '../../audit/terms.ts';
import { isTunnelled } from '../../audit/tunnels.ts';
import { PROTOCOL, transportName } from '../../base/transport.ts';
import { TupleTable } from '../../base/tuple-table.ts';
import { encapsulationText } from '../../decode/encap/names.ts';
import { vlanText } from '../../decode/vlan.ts';
import { ROW_WORDS, W } from '../../flow/ended.ts';
import { END_REASONS, FLOW_STATES, START_BASES } from '../../flow/terms.ts';
import { protocolName } from '../../learn/facts.ts';
import { LABEL_BASES, LABEL_BASIS, serviceIndex, UNLISTED } from '../../service/catalog.ts';
import { WrittenOnce } from './patience.ts';

const NO_INTERFACES: readonly string[] = [''];
const RPC_DYNAMIC = serviceIndex('rpc-dynamic');
/** In a kind's key, beside the verdict: what AH carries is TCP; and beside the layers: a tunnel ends on a judged host. */
const TOP_BIT = 1 << 31;

/** The kinds of flow of one run: everything but who, when and how much. */
export class FlowKinds {
  readonly written = new WrittenOnce();
  private readonly known = new TupleTable(256);
  /** A row of each kind. */
  private readonly rows: Int32Array[] = [];
  private readonly insert: Statement;

  private readonly names: readonly string[];

  /** `names` are those of services by their numbers. */
  constructor(db: Database, runId: number, names: readonly string[]) {
    this.names = names;
    this.insert = db.prepare(`INSERT INTO flow_kinds (run_id, kind_id, ip_version, protocol, transport, state,
      end_reason, direction_basis, service, inner_service, label_basis, verdict, payload_protocol, vlans,
      encapsulation, rpc_interface) VALUES (${runId}, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  }

  /**
   * The number of the kind of the row that starts at word `at`; a new kind is written first. `interfaces` are the
   * UUIDs of RPC interfaces by their numbers in rows.
   */
  of(words: Int32Array, at: number, interfaces: readonly string[]): number {
    const judged =
      words[at + W.ipVersion] |
      (words[at + W.protocol] << 4) |
      (words[at + W.state] << 12) |
      (words[at + W.endReason] << 16) |
      (words[at + W.basis] << 20) |
      (words[at + W.labelBasis] << 24) |
      (words[at + W.verdict] << 28) |
      (isTcpInAh(words, at) ? TOP_BIT : 0);
    const named =
      words[at + W.service] |
      (words[at + W.innerService] << 8) |
      (words[at + W.payloadProtocol] << 16) |
      (words[at + W.rpcInterface] << 24);
    const before = this.known.size;
    const around = words[at + W.encapsulation] | (isTunnelled(words, at) ? TOP_BIT : 0);
    const kind = this.known.intern(judged, named, words[at + W.vlans], around);
    const isNew = kind === before;
    if (isNew) this.rows.push(words.slice(at, at + ROW_WORDS));
    if (this.written.isDue(kind, isNew)) {
      this.write(kind, words, at, interfaces[words[at + W.rpcInterface]] || null);
    }
    return kind;
  }

  /**
   * The kinds of unlisted TCP flows, bare or in AH, each with what it is as RPC: expected, but for what is out of scope
   * or came in a tunnel that ends on a judged host. Those that become expected become nothing unless they are `kept`.
   */
  asRpcEndpoints(kept: boolean): ReadonlyMap<number, number | null> {
    return this.asService(UNLISTED, RPC_DYNAMIC, (row) => {
      if (row[W.protocol] === PROTOCOL.tcp) row[W.labelBasis] = LABEL_BASIS.rpcEndpoint;
      else row[W.labelBasis] = LABEL_BASIS.protocol;
      if (row[W.verdict] === VERDICT.unexpected && !isTunnelled(row, 0)) row[W.verdict] = VERDICT.expected;
      return kept || row[W.verdict] !== VERDICT.expected;
    });
  }

  /** The kinds of TCP flows to RPC's endpoints, bare or in AH, each with what it is where there is no endpoint. */
  asUnlisted(): ReadonlyMap<number, number | null> {
    return this.asService(RPC_DYNAMIC, UNLISTED, (row) => {
      if (row[W.protocol] === PROTOCOL.tcp) row[W.labelBasis] = LABEL_BASIS.port;
      if (row[W.verdict] === VERDICT.expected) row[W.verdict] = VERDICT.unexpected;
      return true;
    });
  }

  /** `change` makes a row of the old service one of the new, and says whether it is kept. */
  private asService(
    from: number,
    to: number,
    change: (row: Int32Array) => boolean,
  ): ReadonlyMap<number, number | null> {
    const becomes = new Map<number, number | null>();
    for (const [kind, known] of [...this.rows.entries()]) {
      const service = known[W.protocol] === PROTOCOL.tcp ? W.service : W.innerService;
      const isTcp = known[W.protocol] === PROTOCOL.tcp || isTcpInAh(known, 0);
      if (!isTcp || known[service] !== from || known[W.verdict] === VERDICT.undetermined) continue;
      const row = known.slice();
      row[service] = to;
      becomes.set(kind, change(row) ? this.of(row, 0, NO_INTERFACES) : null);
    }
    return becomes;
  }

  /** Every kind that is in scope, with what it is out of it. */
  outOfScope(interfaces: readonly string[]): ReadonlyMap<number, number> {
    const becomes = new Map<number, number>();
    for (const [kind, row] of [...this.rows.entries()]) {
      if (row[W.verdict] === VERDICT.outOfScope) continue;
      const out = row.slice();
      out[W.verdict] = VERDICT.outOfScope;
      becomes.set(kind, this.of(out, 0, interfaces));
    }
    return becomes;
  }

  private write(kind: number, words: Int32Array, at: number, rpcInterface: string | null): void {
    const protocol = words[at + W.protocol];
    this.insert.run(
      kind,
      words[at + W.ipVersion],
      protocol,
      transportName(protocol),
      FLOW_STATES[words[at + W.state]],
      END_REASONS[words[at + W.endReason]],
      START_BASES[words[at + W.basis]],
      this.names[words[at + W.service]],
      protocol === PROTOCOL.ah ? this.names[words[at + W.innerService]] : null,
      LABEL_BASES[words[at + W.labelBasis]],
      VERDICTS[words[at + W.verdict]],
      protocolName(words[at + W.payloadProtocol]),
      vlanText(words[at + W.vlans]),
      encapsulationText(words[at + W.encapsulation]),
      rpcInterface,
    );
  }
}

function isTcpInAh(words: Int32Array, at: number): boolean {
  return words[at + W.protocol] === PROTOCOL.ah && words[at + W.innerProtocol] === PROTOCOL.tcp;
}

/** The kinds of pair of one run: service, transport and verdict. */
export class PairKinds {
  readonly written = new WrittenOnce();
  private readonly known = new TupleTable(64);
  private readonly insert: Statement;

  private readonly names: readonly string[];

  constructor(db: Database, runId: number, names: readonly string[]) {
    this.names = names;
    this.insert = db.prepare(
      `INSERT INTO pair_kinds (run_id, kind_id, service, transport, verdict) VALUES (${runId}, ?, ?, ?, ?)`,
    );
  }

  /** The number of the kind of pair with that key; a new kind is written first. */
  of(key: number): number {
    const before = this.known.size;
    const kind = this.known.intern(key, 0, 0, 0);
    if (this.written.isDue(kind, kind === before)) {
      const transport = transportName(protocolOfPair(key));
      this.insert.run(kind, this.names[serviceOfPair(key)], transport, VERDICTS[verdictOfPair(key)]);
    }
    return kind;
  }
}
