// The path of a row, from the flow table to a sink: addresses become numbers, flows get their label and verdict, sums
// are kept and findings made. It runs in a thread of its own (row-thread.ts) or in the packets' thread.

import { serverAndPort } from '../audit/endpoint-key.ts';
import { LearnedEndpoints } from '../audit/endpoints.ts';
import { type Finding, type Findings, findFindings } from '../audit/findings.ts';
import { Judge, type JudgeOptions } from '../audit/judge.ts';
import type { Ledger } from '../audit/ledger.ts';
import { EndpointMemory, type RecalledEndpoint } from '../audit/memory.ts';
import { nameProtocol } from '../audit/payload.ts';
import { forget, relabel, rememberedFlows } from '../audit/relabel.ts';
import { findRoles, type HostRoles } from '../audit/roles.ts';
import { Tally } from '../audit/tally.ts';
import { VERDICT } from '../audit/terms.ts';
import type { FindingText } from '../audit/words.ts';
import { PROTOCOL } from '../base/transport.ts';
import { tunnels } from '../decode/encap/tunnels.ts';
import { AddressBook } from '../flow/addresses.ts';
import { DirectionEvidence } from '../flow/direction.ts';
import { EndedFlows, ROW, ROW_DOUBLES, ROW_WORDS, W } from '../flow/ended.ts';
import { MidStreamRows } from '../flow/mid-stream.ts';
import type { Bucket } from '../flow/minutes.ts';
import type { Lesson } from '../learn/lessons.ts';
import { PolicyRules } from '../policy/rules.ts';
import { TCP_SERVICES, UNLISTED } from '../service/catalog.ts';
import type { HostRow, PairRows, RunTotals, Sink, SkippedRow, SourceRow } from '../store/sink.ts';
import { exceptionUses } from './exceptions.ts';
import { FindingNews, type News } from './news.ts';

/** So many addresses are numbered without moving any. */
const ADDRESSES_ROOM = 1 << 20;
const PAIRS_AT_ONCE = 8_192;
/** More hosts than these are written at the end only. */
const HOSTS_AT_CHECKPOINT = 1_000;

export type FlowsKept = 'all' | 'unexpected' | 'none';

export interface RowPathOptions extends JudgeOptions {
  readonly flows: FlowsKept;
  /** The run's number where checkpoints are to answer which findings are new. */
  readonly newsOfRun?: number | null;
  /** The servers are those that turn out to be Exchange servers; then `servers` is null. */
  readonly autoServers?: boolean;
  /** What earlier runs learned of RPC, and for how many days after that it holds. */
  readonly memory?: { readonly endpoints: readonly RecalledEndpoint[]; readonly days: number } | null;
}

/** What the packets' side knows at a checkpoint: plain data, which can be posted to a thread. */
export interface PacketSide {
  /** The run is over: all of its flows have been handed over as ended. */
  readonly final: boolean;
  /** Packets and bytes in all are those that are in a flow or have a skip reason. */
  readonly totals: RunTotals;
  readonly sources: readonly SourceRow[];
  readonly skipped: readonly SkippedRow[];
  readonly minutes: readonly Bucket[];
  /** Counts for the line of confidence, by name. */
  readonly facts: Readonly<Record<string, number>>;
}

/** Where the packets' side hands over what it has. */
export interface RowTarget {
  /** Rows of flows that ended, or, between two checkpoints' other rows, of all that go on. The batch stays the caller's. */
  flows(batch: EndedFlows, open: boolean): void;
  /** Takes what packets teach, before the rows that it is for. */
  learn(lesson: Lesson): void;
  /** Stores all that is known, and answers what is new where that is wanted. Rows of flows that go on count until then. */
  checkpoint(side: PacketSide): Promise<News | null>;
}

/** One run's rows. */
export class RowPath implements RowTarget {
  private readonly options: RowPathOptions;
  private readonly sink: Sink;
  private readonly addresses = new AddressBook(ADDRESSES_ROOM);
  private readonly endpoints: LearnedEndpoints;
  private readonly evidence = new DirectionEvidence(TCP_SERVICES, (id, port) =>
    this.endpoints.isMapped(id, port),
  );
  private readonly midStream = new MidStreamRows(this.evidence);
  private readonly rules: PolicyRules;
  private readonly judge: Judge;
  private readonly tally = new Tally();
  private readonly some = new EndedFlows(1024);
  /** Flows that go on are in the sums. */
  private opened = false;
  private pairsStored = 0;
  private readonly news: FindingNews | null;
  /** The findings of the last checkpoint. */
  private shown: ReadonlyMap<string, { readonly finding: Finding; readonly text: FindingText }> = new Map();

  constructor(options: RowPathOptions, sink: Sink) {
    this.options = options;
    this.sink = sink;
    this.rules = options.rules ?? new PolicyRules();
    const { endpoints, days } = options.memory ?? { endpoints: [], days: 0 };
    const memory = new EndpointMemory(endpoints, days, this.addresses);
    this.endpoints = new LearnedEndpoints(this.addresses, memory);
    this.judge = new Judge({ ...options, rules: this.rules }, this.addresses, tunnels, this.endpoints);
    const run = options.newsOfRun ?? null;
    this.news = run === null ? null : new FindingNews(run, this.addresses);
  }

  flows(batch: EndedFlows, open: boolean): void {
    let bits = 0;
    for (let n = 0; n < batch.count; n++) bits |= this.see(batch, n);
    if (open) {
      this.open();
      this.midStream.decide(batch);
      this.count(batch, isChanged);
    } else {
      this.midStream.takeFrom(batch);
      this.count(batch, (bits & ROW.retracted) === 0 ? isAny : isLast);
      if (this.midStream.isFull) this.midStream.release((rows) => this.count(rows, isAny));
      this.storePairs();
    }
  }

  learn(lesson: Lesson): void {
    this.endpoints.learn(lesson);
  }

  async checkpoint(side: PacketSide): Promise<News | null> {
    if (side.final) {
      this.relabel();
      this.midStream.release((rows) => this.count(rows, isAny));
    } else {
      this.open();
      this.midStream.show((rows, isNew) => this.count(rows, isNew ? isAny : isNone));
    }
    const roles = findRoles(this.tally.pairs, this.endpoints.all, this.addresses, this.rules);
    const recognised = this.options.autoServers === true ? roles.exchange : null;
    if (recognised !== null && recognised.size > 0) this.rescope(recognised, side.final);
    this.assertClosed(side);
    const { pairs, facts } = this.tally;
    const found = this.findings(side.final, roles);
    this.sink.checkpoint(
      {
        totals: side.totals,
        sources: side.sources,
        skipped: side.skipped,
        pairs: pairRows(pairs),
        minutes: side.minutes,
        ...found,
        exceptions: exceptionUses(
          this.rules.policy.exceptions,
          this.tally.exceptions,
          side.totals.lastPacketUs,
        ),
        hosts: side.final || roles.all.size <= HOSTS_AT_CHECKPOINT ? hostRows(roles) : null,
        endpoints: this.endpoints.all,
        remembered: this.endpoints.memory.during(
          side.totals.firstPacketUs ?? 0,
          side.totals.lastPacketUs ?? 0,
        ),
        facts: {
          flows: facts.flows,
          tcp_flows: facts.tcpFlows,
          tcp_mid_stream_flows: facts.tcpMidStreamFlows,
          tcp_one_way_flows: facts.tcpOneWayFlows,
          undetermined_packets: facts.undeterminedPackets,
          esp_packets: facts.espPackets,
          esp_bytes: facts.espBytes,
          remembered_flows: rememberedFlows(this.tally),
          servers_named: this.options.servers === null ? 0 : 1,
          ...(recognised === null ? {} : { servers_auto: 1, servers_recognised: recognised.size }),
          ...side.facts,
        },
      },
      this.addresses,
    );
    if (this.opened) this.tally.restore();
    this.opened = false;
    return this.news?.of(found, side.final) ?? null;
  }

  /** Numbers the row's addresses, and learns from it who serves. Returns its bits. */
  private see({ words, doubles }: EndedFlows, n: number): number {
    const { addresses } = this;
    const w = n * ROW_WORDS;
    if (words[w + W.ipVersion] === 4) {
      words[w + W.initiatorId] = addresses.v4Id(words[w + W.initiator]);
      words[w + W.responderId] = addresses.v4Id(words[w + W.responder]);
    } else {
      words[w + W.initiatorId] = v6Id(addresses, words, w + W.initiator);
      words[w + W.responderId] = v6Id(addresses, words, w + W.responder);
    }
    const bits = words[w + W.bits];
    if (words[w + W.innerProtocol] === PROTOCOL.tcp && (bits & ROW.portsUnread) === 0)
      this.evidence.note(words, w);
    nameProtocol(words, w);
    this.endpoints.mark(words, w, doubles, n * ROW_DOUBLES);
    return bits;
  }

  /** Stores new pairs when they are many: most of them have one flow only, and are done. */
  private storePairs(): void {
    const { pairs } = this.tally;
    if (pairs.size - this.pairsStored < PAIRS_AT_ONCE || this.opened) return;
    this.sink.pairs(pairRows(pairs), this.pairsStored, this.addresses);
    this.pairsStored = pairs.size;
  }

  private open(): void {
    if (this.opened) return;
    this.relabel();
    this.tally.save();
    this.opened = true;
  }

  /** Earlier flows to endpoints that were learned or voided since become what they would have been. */
  private relabel(): void {
    const { tally, sink } = this;
    const { flows } = this.options;
    const voided = this.endpoints.memory.takeVoided();
    if (voided.size > 0) {
      forget(tally, voided);
      if (flows !== 'none') sink.relabel(voided, flows === 'all', false);
    }
    const fresh = new Set([...this.endpoints.takeFresh()].filter((key) => this.mayBeRpc(key)));
    if (fresh.size === 0) return;
    relabel(tally, fresh);
    if (flows !== 'none') sink.relabel(fresh, flows === 'all', true);
  }

  /** A port that profile or policy gives a name keeps it, and the policy may deny RPC there. */
  private mayBeRpc(key: number): boolean {
    const [, port] = serverAndPort(key);
    return this.rules.allowsRpc(port) && this.rules.serviceAt(PROTOCOL.tcp, port) === UNLISTED;
  }

  /**
   * Puts what is not about these servers out of scope. Before the end it is done to the sums alone, which the next
   * restoring undoes: a host that does more may yet be recognised.
   */
  private rescope(servers: ReadonlySet<number>, final: boolean): void {
    this.tally.rescope(servers);
    if (!final || this.options.flows === 'none') return;
    this.sink.rescope(servers, this.options.flows === 'all', this.endpoints.interfaces);
  }

  /** The findings there are, and those of the last checkpoint that are void by now. */
  private findings(final: boolean, roles: HostRoles): Findings {
    const rpcKnown = this.options.rpcRange !== null || this.rules.policy.rpcRanges.length > 0;
    const background = { rules: this.rules, roles };
    const { findings, texts } = findFindings(
      this.tally,
      this.addresses,
      this.endpoints,
      rpcKnown,
      background,
    );
    const all = [...findings];
    const allTexts = [...texts];
    const now = new Map(all.map((finding) => [identityOf(finding), { finding, text: texts[finding.text] }]));
    for (const [identity, { finding, text }] of this.shown) {
      if (now.has(identity)) continue;
      const resolved = { ...finding, status: 'resolved', text: allTexts.push(text) - 1 } as const;
      all.push(resolved);
      now.set(identity, { finding: resolved, text });
    }
    if (!final) this.shown = now;
    return { findings: all, texts: allTexts };
  }

  /** Labels the rows, adds them to the sums, and stores those that are wanted and that `which` takes. */
  private count(batch: EndedFlows, which: (words: Int32Array, w: number) => boolean): void {
    this.judge.label(batch);
    this.tally.add(batch);
    const { flows } = this.options;
    if (flows === 'none' || which === isNone) return;
    if (flows === 'all' && which === isAny) {
      this.sink.flows(batch, this.addresses, this.endpoints.interfaces);
      return;
    }
    const { some } = this;
    some.count = 0;
    for (let n = 0; n < batch.count; n++) {
      const w = n * ROW_WORDS;
      if (flows === 'unexpected' && batch.words[w + W.verdict] !== VERDICT.unexpected) continue;
      if (!which(batch.words, w)) continue;
      some.words.set(batch.words.subarray(w, w + ROW_WORDS), some.count * ROW_WORDS);
      some.count++;
    }
    if (some.count > 0) this.sink.flows(some, this.addresses, this.endpoints.interfaces);
  }

  /** Each packet read is in exactly one place. */
  private assertClosed({ totals, skipped }: PacketSide): void {
    let { packets, bytes } = this.tally;
    for (const row of skipped) {
      packets += row.packets;
      bytes += row.bytes;
    }
    if (packets === totals.packets && bytes === totals.bytes) return;
    throw new Error(
      `the account does not close: ${totals.packets} packets and ${totals.bytes} bytes were read, ` +
        `${packets} and ${bytes} are in flows or skipped`,
    );
  }
}

const isAny = () => true;
const isNone = () => false;
const isLast = (words: Int32Array, w: number) => (words[w + W.bits] & ROW.retracted) === 0;
const isChanged = (words: Int32Array, w: number) => (words[w + W.bits] & ROW.unchanged) === 0;

function identityOf({ kind, responderId, protocol, port, initiatorId }: Finding): string {
  // A scan over many responders is one finding a port, and one of many ports one a responder.
  return [kind, responderId, protocol, port, kind === 'port-scan' ? initiatorId : ''].join();
}

function pairRows(pairs: Ledger): PairRows {
  return { count: pairs.size, keys: pairs.keys.tuples, sums: pairs.sums };
}

function hostRows(roles: HostRoles): HostRow[] {
  return [...roles.all].flatMap(([addressId, all]) => all.map((one) => ({ addressId, ...one })));
}

function v6Id(addresses: AddressBook, words: Int32Array, at: number): number {
  return addresses.v6Id(words[at], words[at + 1], words[at + 2], words[at + 3]);
}
