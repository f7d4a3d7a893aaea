// From suspects to findings: scans and RPC's unlearned ports are drawn together, the rest is one row for each
// responder, transport and port.

import { PROTOCOL, transportName } from '../base/transport.ts';
import type { AddressBook } from '../flow/addresses.ts';
import { P, protocolName } from '../learn/facts.ts';
import { homeOf } from '../learn/natural.ts';
import { PolicyRules } from '../policy/rules.ts';
import { SERVICE_IDS, serviceOfPort, serviceRow, UNLISTED } from '../service/catalog.ts';
import { documentedPort } from '../service/documented.ts';
import { FIRST_DYNAMIC_PORT, type LearnedEndpoints } from './endpoints.ts';
import { Ledger } from './ledger.ts';
import { type Accused, type Mild, mildness } from './mild.ts';
import type { HostRoles } from './roles.ts';
import {
  KIND,
  kindOfSuspect,
  MARK,
  PAIR,
  protocolOfSuspect,
  SUSPECT_MARKS,
  SUSPECT_PAYLOAD,
  type Tally,
} from './tally.ts';
import {
  FINDING_KINDS,
  type FindingKind,
  OUTCOME,
  OUTCOMES,
  type Outcome,
  SEVERITIES,
  type Severity,
} from './terms.ts';
import { type FindingText, FindingWords } from './words.ts';

export interface Finding {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly status: 'open' | 'resolved';
  /** IP protocol number. */
  readonly protocol: number;
  readonly port: number | null;
  /** Numbers of the address book; null where a finding has no single responder. */
  readonly responderId: number | null;
  /** The one with most flows, then the lowest address. */
  readonly initiatorId: number;
  readonly initiators: number;
  readonly flows: number;
  readonly packets: number;
  readonly bytes: number;
  readonly outcome: Outcome;
  readonly firstSeenUs: number;
  readonly lastSeenUs: number;
  /** Index into the texts. */
  readonly text: number;
}

export interface Findings {
  /** Worst first. */
  readonly findings: readonly Finding[];
  readonly texts: readonly FindingText[];
}

/** Unlisted ports of one responder that one initiator has to try in vain, and responders for one port. */
const SCANNED_PORTS = 20;
const SCANNED_RESPONDERS = 21;
const SCAN_OF_PORTS = 1;
const SCAN_OF_RESPONDERS = 2;
const SCAN = FINDING_KINDS.indexOf('port-scan');
const NONE = -1;

/** What is known beside the flows. */
export interface Background {
  readonly rules: PolicyRules;
  /** Null where nobody looked. */
  readonly roles: HostRoles | null;
}

/** Finds what the tally of a run calls for. `rpcKnown`: the user named the RPC ports, so no others may be RPC. */
export function findFindings(
  tally: Tally,
  addresses: AddressBook,
  endpoints: LearnedEndpoints,
  rpcKnown: boolean,
  background: Background = { rules: new PolicyRules(), roles: null },
): Findings {
  return new Collector(tally, addresses, endpoints, rpcKnown, background).collect();
}

class Collector {
  private readonly tally: Tally;
  private readonly addresses: AddressBook;
  /** One row a finding, keyed by kind, responder, protocol and port. */
  private readonly rows: Ledger;
  /** Flows by (row, initiator). */
  private readonly initiators = new Ledger(1, 1024);
  /** For remarks about RPC: the ports that a server was asked for. */
  private readonly rpcPorts = new Map<number, Set<number>>();

  private readonly endpoints: LearnedEndpoints;
  private readonly rpcKnown: boolean;
  private readonly background: Background;
  /** For scans of one port over many hosts: those hosts, by row. */
  private readonly scanned = new Map<number, number[]>();

  constructor(
    tally: Tally,
    addresses: AddressBook,
    endpoints: LearnedEndpoints,
    rpcKnown: boolean,
    background: Background,
  ) {
    this.background = background;
    this.tally = tally;
    this.endpoints = endpoints;
    this.rpcKnown = rpcKnown;
    this.addresses = addresses;
    this.rows = new Ledger(tally.suspects.width, 256);
  }

  collect(): Findings {
    const { keys } = this.tally.suspects;
    const scanOf = this.scans();
    for (let n = 0; n < keys.size; n++) {
      if (this.flowsOf(n) === 0) continue;
      const responder = keys.word(n, 1);
      const kind = kindOfSuspect(keys.word(n, 2));
      if (kind === KIND.remembered) continue;
      const protocol = protocolOfSuspect(keys.word(n, 2));
      const port = keys.word(n, 3);
      if (scanOf[n] === SCAN_OF_PORTS) this.put(n, SCAN, responder, protocol, NONE);
      else if (scanOf[n] === SCAN_OF_RESPONDERS) this.put(n, SCAN, NONE, protocol, port);
      else if (this.mayBeRpc(kind, responder, protocol, port)) {
        this.put(n, KIND.remark, responder, protocol, NONE);
        this.notePort(responder, port);
        if (this.isKnown(n, protocol, port)) this.put(n, kind, responder, protocol, port);
      } else this.put(n, kind, responder, protocol, port);
    }
    return this.rank();
  }

  /** Which suspects are part of a scan: ports of one responder first, then one port of many responders. */
  private scans(): Uint8Array {
    const { keys } = this.tally.suspects;
    const scanOf = new Uint8Array(keys.size);
    const byResponder = new Ledger(1, 1024);
    const byPort = new Ledger(1, 1024);
    for (let n = 0; n < keys.size; n++) if (this.isFailedPort(n)) count(byResponder, ...this.target(n, true));
    for (let n = 0; n < keys.size; n++) {
      if (!this.isFailedPort(n)) continue;
      if (counted(byResponder, ...this.target(n, true)) >= SCANNED_PORTS) scanOf[n] = SCAN_OF_PORTS;
      else count(byPort, ...this.target(n, false));
    }
    for (let n = 0; n < keys.size; n++) {
      if (scanOf[n] !== 0 || !this.isFailedPort(n)) continue;
      if (counted(byPort, ...this.target(n, false)) >= SCANNED_RESPONDERS) scanOf[n] = SCAN_OF_RESPONDERS;
    }
    return scanOf;
  }

  /** What a scanner's tries are counted by: initiator, transport, and the responder or the port. */
  private target(n: number, ofResponder: boolean): readonly [number, number, number] {
    const { keys } = this.tally.suspects;
    return [keys.word(n, 0), protocolOfSuspect(keys.word(n, 2)), keys.word(n, ofResponder ? 1 : 3)];
  }

  /** 0 where the suspect's flows turned out to be something else. */
  private flowsOf(n: number): number {
    const { sums, width } = this.tally.suspects;
    return sums[n * width + PAIR.flows];
  }

  /** Whether the suspect is an unlisted port that was only ever tried in vain. */
  private isFailedPort(n: number): boolean {
    const { keys, sums, width } = this.tally.suspects;
    const kind = kindOfSuspect(keys.word(n, 2));
    if (!isOfPort(kind) || keys.word(n, 3) === NONE) return false;
    if (this.flowsOf(n) === 0) return false;
    return (sums[n * width + SUSPECT_MARKS] & (MARK.outcome << OUTCOME.answered)) === 0;
  }

  private mayBeRpc(kind: number, responder: number, protocol: number, port: number): boolean {
    return (
      !this.rpcKnown &&
      isOfPort(kind) &&
      protocol === PROTOCOL.tcp &&
      port >= FIRST_DYNAMIC_PORT &&
      // A port with a name that is denied is not RPC's.
      this.background.rules.serviceAt(protocol, port) === UNLISTED &&
      this.tally.rpcServers.has(responder) &&
      !this.endpoints.knows(responder)
    );
  }

  /** Whether more is known of the port than that it may be RPC's: it is documented, or payload showed another protocol. */
  private isKnown(n: number, protocol: number, port: number): boolean {
    const { sums, width } = this.tally.suspects;
    const payload = sums[n * width + SUSPECT_PAYLOAD];
    return (
      documentedPort(transportName(protocol), port) !== undefined || (payload !== 0 && payload !== P.dcerpc)
    );
  }

  private notePort(responder: number, port: number): void {
    const ports = this.rpcPorts.get(responder);
    if (ports === undefined) this.rpcPorts.set(responder, new Set([port]));
    else ports.add(port);
  }

  /** Adds suspect `n` to the finding with that key. */
  private put(n: number, kind: number, responder: number, protocol: number, port: number): void {
    const { keys, sums, width } = this.tally.suspects;
    const from = n * width;
    const rows = this.rows;
    const before = rows.size;
    const to = rows.at(kind, responder, protocol, port);
    const isNew = rows.size > before;
    const out = rows.sums;
    const first = Math.min(sums[from + PAIR.firstSeenUs], isNew ? Infinity : out[to + PAIR.firstSeenUs]);
    const last = Math.max(sums[from + PAIR.lastSeenUs], isNew ? -Infinity : out[to + PAIR.lastSeenUs]);
    out[to + PAIR.flows] += sums[from + PAIR.flows];
    out[to + PAIR.packets] += sums[from + PAIR.packets];
    out[to + PAIR.bytes] += sums[from + PAIR.bytes];
    out[to + PAIR.firstSeenUs] = first;
    out[to + PAIR.lastSeenUs] = last;
    out[to + SUSPECT_MARKS] |= sums[from + SUSPECT_MARKS];
    out[to + SUSPECT_PAYLOAD] = Math.max(out[to + SUSPECT_PAYLOAD], sums[from + SUSPECT_PAYLOAD]);
    const initiators = this.initiators;
    const at = initiators.at(to / width, keys.word(n, 0), 0, 0);
    initiators.sums[at] += sums[from + PAIR.flows];
    if (responder !== NONE) return;
    const scanned = this.scanned.get(to / width);
    if (scanned === undefined) this.scanned.set(to / width, [keys.word(n, 1)]);
    else scanned.push(keys.word(n, 1));
  }

  private rank(): Findings {
    const words = new FindingWords();
    const { count, top } = this.countInitiators();
    const of = this.background.roles === null ? null : this.initiatorsOfRows();
    const findings: Finding[] = [];
    for (let row = 0; row < this.rows.size; row++)
      findings.push(this.finding(row, count[row], top[row], of?.get(row) ?? [], words));
    const rankOf = (f: Finding) =>
      SEVERITIES.indexOf(f.severity) * OUTCOMES.length + OUTCOMES.indexOf(f.outcome);
    findings.sort((a, b) => rankOf(a) - rankOf(b) || b.packets - a.packets || a.firstSeenUs - b.firstSeenUs);
    return { findings, texts: words.texts };
  }

  private countInitiators(): { count: Float64Array; top: Int32Array } {
    const count = new Float64Array(this.rows.size);
    const top = new Int32Array(this.rows.size);
    const most = new Float64Array(this.rows.size);
    const { keys, sums } = this.initiators;
    for (let i = 0; i < keys.size; i++) {
      const row = keys.word(i, 0);
      const id = keys.word(i, 1);
      count[row]++;
      if (sums[i] > most[row] || (sums[i] === most[row] && this.isLower(id, top[row]))) {
        most[row] = sums[i];
        top[row] = id;
      }
    }
    return { count, top };
  }

  /** All initiators of each row. */
  private initiatorsOfRows(): ReadonlyMap<number, readonly number[]> {
    const rows = new Map<number, number[]>();
    const { keys } = this.initiators;
    for (let i = 0; i < keys.size; i++) {
      const row = rows.get(keys.word(i, 0));
      if (row === undefined) rows.set(keys.word(i, 0), [keys.word(i, 1)]);
      else row.push(keys.word(i, 1));
    }
    return rows;
  }

  private mildnessOf(accused: Accused): Mild | null {
    const { roles } = this.background;
    return roles === null || accused.initiatorIds.length === 0
      ? null
      : mildness(accused, roles, this.addresses);
  }

  /** Why the policy or the profile does not allow what the list may well have; null where that is not the reason. */
  private denialOf(kind: FindingKind, protocol: number, port: number): string | null {
    if (!isOfPort(FINDING_KINDS.indexOf(kind))) return null;
    const { rules } = this.background;
    const service = rules.serviceAt(protocol, port);
    return rules.denial(service, protocol, port) ?? (service === UNLISTED ? null : rules.profile);
  }

  /** Whether the first address is the lower: IPv4 before IPv6, then by value. */
  private isLower(a: number, b: number): boolean {
    const book = this.addresses;
    if (book.isV4(a) !== book.isV4(b)) return book.isV4(a);
    for (let i = 0; i < 4; i++) {
      const difference = (book.word(a, i) >>> 0) - (book.word(b, i) >>> 0);
      if (difference !== 0) return difference < 0;
    }
    return false;
  }

  private finding(
    row: number,
    initiators: number,
    initiatorId: number,
    initiatorIds: readonly number[],
    words: FindingWords,
  ): Finding {
    const { keys, sums, width } = this.rows;
    const at = row * width;
    const kind = FINDING_KINDS[keys.word(row, 0)];
    const responder = keys.word(row, 1);
    const protocol = keys.word(row, 2);
    const port = keys.word(row, 3);
    const marks = sums[at + SUSPECT_MARKS];
    const outcome = OUTCOMES.findIndex((_, i) => (marks & (MARK.outcome << i)) !== 0);
    const answered = outcome === OUTCOME.answered;
    const firmly = (marks & MARK.firmlyAnswered) !== 0;
    const documented = port === NONE ? undefined : documentedPort(transportName(protocol), port);
    const payload = sums[at + SUSPECT_PAYLOAD];
    const mild = this.mildnessOf({
      kind,
      protocol,
      port,
      payload,
      responderId: responder === NONE ? null : responder,
      initiatorIds,
      responderIds: responder === NONE ? (this.scanned.get(row) ?? []) : [responder],
    });
    const set = this.background.rules.severity(kind, transportName(protocol), port);
    return {
      kind,
      severity: set ?? (mild === null ? severityOf(kind, firmly, documented?.vendor === true) : 'info'),
      status: 'open',
      protocol,
      port: port === NONE ? null : port,
      responderId: responder === NONE ? null : responder,
      initiatorId,
      initiators,
      flows: sums[at + PAIR.flows],
      packets: sums[at + PAIR.packets],
      bytes: sums[at + PAIR.bytes],
      outcome: OUTCOMES[outcome],
      firstSeenUs: sums[at + PAIR.firstSeenUs],
      lastSeenUs: sums[at + PAIR.lastSeenUs],
      text: words.of({
        kind,
        protocol,
        port,
        documented,
        outcome: OUTCOMES[outcome],
        guessed: answered && !firmly,
        ofResponders: responder === NONE,
        ike: (marks & MARK.ike) !== 0,
        espInUdp: (marks & MARK.espInUdp) !== 0,
        payload: protocolName(payload),
        usual: serviceRow(SERVICE_IDS[serviceOfPort(protocol, port)])?.label ?? null,
        home: homeOf(payload),
        rpcPorts: kind === 'remark' && port === NONE ? [...(this.rpcPorts.get(responder) ?? [])] : [],
        denial: this.denialOf(kind, protocol, port),
        mild,
        setByPolicy: set !== null,
      }),
    };
  }
}

function count(ledger: Ledger, a: number, b: number, c: number): void {
  const at = ledger.at(a, b, c, 0);
  ledger.sums[at]++;
}

function counted(ledger: Ledger, a: number, b: number, c: number): number {
  return ledger.sums[ledger.at(a, b, c, 0)];
}

/** Whether the kind of suspect is about a port or protocol that is not on the list. */
function isOfPort(kind: number): boolean {
  return (
    kind === KIND.unexpectedPort || kind === KIND.unexpectedTransport || kind === KIND.unexpectedProtocol
  );
}

function severityOf(kind: FindingKind, firmlyAnswered: boolean, documentedByVendor: boolean): Severity {
  if (kind === 'remark') return 'info';
  if (kind === 'port-scan' || kind === 'obsolete-tls' || !firmlyAnswered) return 'low';
  if (kind === 'known-service-elsewhere' || kind === 'cleartext-login') return 'medium';
  if (kind === 'contradicted-port') return 'high';
  return documentedByVendor ? 'medium' : 'high';
}
