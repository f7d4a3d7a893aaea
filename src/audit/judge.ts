// From a flow to its label and verdict: what service the responder's port stands for, and whether that is allowed.

import { PROTOCOL } from '../base/transport.ts';
import type { AddressBook } from '../flow/addresses.ts';
import { D, type EndedFlows, ROW, ROW_DOUBLES, ROW_WORDS, W } from '../flow/ended.ts';
import { PAYLOAD_SAYS, payloadSays } from '../learn/natural.ts';
import { PolicyRules } from '../policy/rules.ts';
import type { ServerSet } from '../policy/servers.ts';
import { LABEL_BASIS, PROTOCOL_SERVICES, serviceIndex, UNLISTED } from '../service/catalog.ts';
import { FIRST_DYNAMIC_PORT, type LearnedEndpoints } from './endpoints.ts';
import { VERDICT } from './terms.ts';
import { isTunnelled, TunnelEnds, type TunnelLayers } from './tunnels.ts';

export interface JudgeOptions {
  /** The servers whose traffic is judged; null for all responders. */
  readonly servers: ServerSet | null;
  /** TCP ports that the user says are RPC, both ends included. */
  readonly rpcRange: readonly [number, number] | null;
  /** The profile and the policy; the allow-list alone where there are none. */
  readonly rules?: PolicyRules;
}

const UNKNOWN = 0;
const NAMED = 1;
const NOT_NAMED = 2;

/** OSPF and its kin speak between routers, as ICMP and IGMP do between hosts. EIGRP, OSPF, PIM, VRRP. */
const INFRASTRUCTURE_PROTOCOLS: readonly number[] = [
  PROTOCOL.icmp,
  PROTOCOL.igmp,
  PROTOCOL.icmp6,
  88,
  89,
  103,
  112,
];
/** DHCP and DHCPv6. */
const INFRASTRUCTURE_UDP: readonly number[] = [67, 68, 546, 547];
/** NetBIOS, SSDP, WS-Discovery, mDNS and LLMNR, where they go to a group. */
const DISCOVERY_UDP: readonly number[] = [137, 138, 1900, 3702, 5353, 5355];

/** Labels rows of flows and gives each its verdict. */
export class Judge {
  private readonly options: JudgeOptions;
  private readonly addresses: AddressBook;
  private readonly tunnelEnds: TunnelEnds;
  private readonly endpoints: LearnedEndpoints;
  private readonly rules: PolicyRules;
  private readonly rpcDynamic = serviceIndex('rpc-dynamic');
  /** What is known of each address's being a named server, by its number. */
  private named = new Uint8Array(1024);

  constructor(
    options: JudgeOptions,
    addresses: AddressBook,
    tunnels: TunnelLayers,
    endpoints: LearnedEndpoints,
  ) {
    this.endpoints = endpoints;
    this.options = options;
    this.addresses = addresses;
    this.rules = options.rules ?? new PolicyRules();
    this.tunnelEnds = new TunnelEnds(
      tunnels,
      addresses,
      (id) => this.isNamed(id),
      (a, b) => this.rules.isKnownTunnel(addresses, a, b),
    );
  }

  /** Fills in service, inner service, label basis, verdict and exception of every row. */
  label(batch: EndedFlows): void {
    const { words, doubles, count } = batch;
    for (let n = 0; n < count; n++) {
      this.labelRow(words, n * ROW_WORDS, doubles[n * ROW_DOUBLES + D.firstSeenUs]);
    }
  }

  /** AH is judged by what it carries; routing and ICMP inside it are as expected as AH itself. */
  private labelRow(row: Int32Array, w: number, firstSeenUs: number): void {
    row[w + W.exception] = 0;
    row[w + W.bits] &= ~ROW.remembered;
    let verdict = this.labelInner(row, w, firstSeenUs);
    if (row[w + W.protocol] === PROTOCOL.ah) {
      row[w + W.innerService] = row[w + W.service];
      row[w + W.service] = PROTOCOL_SERVICES[PROTOCOL.ah];
      if (row[w + W.labelBasis] !== LABEL_BASIS.policy) row[w + W.labelBasis] = LABEL_BASIS.protocol;
      if (verdict === VERDICT.infrastructure) verdict = VERDICT.expected;
    } else {
      row[w + W.innerService] = UNLISTED;
    }
    const endsOnServer = this.tunnelEnds.note(row, w);
    if (isTunnelled(row, w)) verdict = VERDICT.unexpected;
    row[w + W.verdict] = endsOnServer || this.inScope(row, w) ? verdict : VERDICT.outOfScope;
    if (row[w + W.verdict] !== VERDICT.expected) row[w + W.exception] = 0;
  }

  /** Labels row `w` by what it carries, AH or not, and returns the verdict of that. */
  private labelInner(row: Int32Array, w: number, firstSeenUs: number): number {
    const inner = row[w + W.innerProtocol];
    const port = row[w + W.responderPort];
    const ported = inner === PROTOCOL.tcp || inner === PROTOCOL.udp || inner === PROTOCOL.sctp;
    row[w + W.service] = UNLISTED;
    row[w + W.labelBasis] = ported ? LABEL_BASIS.port : LABEL_BASIS.protocol;
    if ((row[w + W.bits] & ROW.portsUnread) !== 0) return VERDICT.undetermined;
    const service = this.rules.serviceAt(inner, port);
    row[w + W.service] = service;
    if (service !== UNLISTED) {
      if (this.rules.allows(service, inner, port)) return VERDICT.expected;
    } else if (inner === PROTOCOL.tcp) {
      if (this.isRpc(row, w, port)) return VERDICT.expected;
    } else if (isInfrastructure(row, w, inner, port)) return VERDICT.infrastructure;
    const verdict = this.labelByPolicy(row, w, inner, port, firstSeenUs);
    return verdict === VERDICT.unexpected && this.isRemembered(row, w, inner, port, firstSeenUs)
      ? VERDICT.expected
      : verdict;
  }

  /** Labels row `w` as RPC where an earlier run knew its port to be, and neither policy nor payload says otherwise. */
  private isRemembered(
    row: Int32Array,
    w: number,
    inner: number,
    port: number,
    firstSeenUs: number,
  ): boolean {
    if (inner !== PROTOCOL.tcp || port < FIRST_DYNAMIC_PORT || row[w + W.service] !== UNLISTED) return false;
    if (!this.endpoints.memory.has(row[w + W.responderId], port, firstSeenUs)) return false;
    const said = payloadSays('rpc-dynamic', row[w + W.payloadProtocol], row[w + W.look]);
    if (said === PAYLOAD_SAYS.contradicts || !this.rules.allowsRpc(port)) return false;
    row[w + W.service] = this.rpcDynamic;
    row[w + W.labelBasis] = LABEL_BASIS.rpcEndpoint;
    row[w + W.bits] |= ROW.remembered;
    return true;
  }

  /** What the policy says where the profile says no. */
  private labelByPolicy(
    row: Int32Array,
    w: number,
    inner: number,
    port: number,
    firstSeenUs: number,
  ): number {
    const { rules, addresses } = this;
    if (!rules.hasRules) return VERDICT.unexpected;
    const flow = {
      initiatorId: row[w + W.initiatorId],
      responderId: row[w + W.responderId],
      protocol: inner,
      port,
      service: row[w + W.service],
      firstSeenUs,
    };
    const extra = rules.extraService(addresses, flow);
    if (extra !== UNLISTED) {
      row[w + W.service] = extra;
      row[w + W.labelBasis] = LABEL_BASIS.policy;
      flow.service = extra;
      if (!rules.isDenied(extra, inner, port)) return VERDICT.expected;
    }
    const exception = rules.exception(addresses, flow);
    if (exception === 0) return VERDICT.unexpected;
    row[w + W.exception] = exception;
    row[w + W.labelBasis] = LABEL_BASIS.policy;
    return VERDICT.expected;
  }

  /** Labels row `w` as RPC where its port is shown to be, and the policy does not deny it. */
  private isRpc(row: Int32Array, w: number, port: number): boolean {
    const basis = this.rpcBasis(row, w, port);
    if (basis === null || !this.rules.allowsRpc(port)) return false;
    row[w + W.service] = this.rpcDynamic;
    row[w + W.labelBasis] = basis;
    return true;
  }

  /** What shows that the port is one of RPC's dynamic ones; null for nothing. */
  private rpcBasis(row: Int32Array, w: number, port: number): number | null {
    if (port >= FIRST_DYNAMIC_PORT) {
      if (row[w + W.rpcInterface] !== 0) return LABEL_BASIS.rpcBind;
      if (this.endpoints.has(row[w + W.responderId], port)) return LABEL_BASIS.rpcEndpoint;
    }
    const range = this.options.rpcRange;
    const named = range !== null && port >= range[0] && port <= range[1];
    return named || this.rules.isRpcPort(port) ? LABEL_BASIS.policy : null;
  }

  private inScope(row: Int32Array, w: number): boolean {
    if (this.options.servers === null) return true;
    return this.isNamed(row[w + W.initiatorId]) || this.isNamed(row[w + W.responderId]);
  }

  private isNamed(id: number): boolean {
    if (this.options.servers === null) return false;
    if (id >= this.named.length) {
      const larger = new Uint8Array(Math.max(this.named.length * 2, id + 1));
      larger.set(this.named);
      this.named = larger;
    }
    if (this.named[id] === UNKNOWN) {
      const book = this.addresses;
      const named = this.options.servers.has(book.isV4(id), (index) => book.word(id, index));
      this.named[id] = named ? NAMED : NOT_NAMED;
    }
    return this.named[id] === NAMED;
  }
}

function isInfrastructure(row: Int32Array, w: number, protocol: number, port: number): boolean {
  if (protocol !== PROTOCOL.udp) return INFRASTRUCTURE_PROTOCOLS.includes(protocol);
  if (INFRASTRUCTURE_UDP.includes(port)) return true;
  if (!DISCOVERY_UDP.includes(port)) return false;
  const address = row[w + W.responder];
  const group =
    row[w + W.ipVersion] === 4 ? address >>> 28 === 0xe || address === -1 : address >>> 24 === 0xff;
  return group || (row[w + W.bits] & ROW.linkGroup) !== 0;
}
