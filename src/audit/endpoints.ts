// What the run learned of RPC: which server listens where, and which flows had a bind of their own accepted.

import { PROTOCOL } from '../base/transport.ts';
import type { AddressBook } from '../flow/addresses.ts';
import { D, W } from '../flow/ended.ts';
import type { EndpointLesson, Lesson } from '../learn/lessons.ts';
import { endpointKey } from './endpoint-key.ts';
import { EndpointMemory } from './memory.ts';

/** Dynamic ports are those from here on (list 2: "ports 1024 and up as needed"). */
export const FIRST_DYNAMIC_PORT = 1024;
/** Flows whose binds are remembered; the endpoint that a bind teaches is remembered in any case. */
const MAX_BINDS = 1 << 20;

/** Interfaces that are told apart in rows of flows. */
const MAX_INTERFACES = 256;

/** A learned endpoint, its server by number. */
export interface LearnedEndpoint {
  readonly serverId: number;
  readonly udp: boolean;
  readonly port: number;
  readonly interfaceUuid: string;
  readonly basis: EndpointLesson['basis'];
  readonly firstSeenUs: number;
  /** When it was taught last, to about a minute. */
  lastSeenUs: number;
}

/** Endpoints and binds of one run. */
export class LearnedEndpoints {
  readonly all: LearnedEndpoint[] = [];
  /** What earlier runs learned. */
  readonly memory: EndpointMemory;
  private readonly places = new Map<string, LearnedEndpoint>();
  /** Interfaces by number; 0 is none. */
  readonly interfaces: string[] = [''];
  private readonly numbers = new Map<string, number>();
  private readonly dynamic = new Set<number>();
  private readonly mapped = new Set<number>();
  private readonly servers = new Set<number>();
  private readonly binds = new Map<number, number>();
  private fresh = new Set<number>();
  private readonly addresses: AddressBook;

  constructor(addresses: AddressBook, memory = new EndpointMemory([], 0, addresses)) {
    this.addresses = addresses;
    this.memory = memory;
  }

  learn(lesson: Lesson): void {
    if (lesson.kind === 'bind') {
      if (this.binds.size < MAX_BINDS) this.binds.set(lesson.flowId, this.numberOf(lesson.interfaceUuid));
      return;
    }
    const { ipVersion, server, udp, port, interfaceUuid, basis, firstSeenUs } = lesson;
    const [w0, w1, w2, w3] = server;
    const serverId = ipVersion === 4 ? this.addresses.v4Id(w0) : this.addresses.v6Id(w0, w1, w2, w3);
    if (!udp) this.memory.hear(serverId, lesson);
    const place = `${serverId} ${udp} ${port} ${interfaceUuid} ${basis}`;
    const known = this.places.get(place);
    if (known !== undefined) {
      known.lastSeenUs = Math.max(known.lastSeenUs, firstSeenUs);
      return;
    }
    const endpoint = { serverId, udp, port, interfaceUuid, basis, firstSeenUs, lastSeenUs: firstSeenUs };
    this.places.set(place, endpoint);
    this.all.push(endpoint);
    if (udp) return;
    const key = endpointKey(serverId, port);
    if (basis !== 'bind') this.mapped.add(key);
    if (port < FIRST_DYNAMIC_PORT) return;
    this.servers.add(serverId);
    if (this.dynamic.has(key)) return;
    this.dynamic.add(key);
    this.fresh.add(key);
  }

  /** Whether the server is known to listen for RPC on that TCP port. */
  has(serverId: number, port: number): boolean {
    return this.dynamic.has(endpointKey(serverId, port));
  }

  /** Whether an endpoint mapper named it, to this run or to one that is remembered. */
  isMapped(serverId: number, port: number): boolean {
    return this.mapped.has(endpointKey(serverId, port)) || this.memory.isMapped(serverId, port);
  }

  /** Whether any endpoint of the server was learned in this run: what is remembered of it may have moved. */
  knows(serverId: number): boolean {
    return this.servers.has(serverId);
  }

  /** Marks a row whose flow, or the one it continues, had a bind accepted. */
  mark(row: Int32Array, w: number, doubles: Float64Array, d: number): void {
    if (this.binds.size === 0 || row[w + W.innerProtocol] !== PROTOCOL.tcp) return;
    const bound = this.binds.get(doubles[d + D.flowId]) ?? this.binds.get(doubles[d + D.continuesFlowId]);
    if (bound === undefined) return;
    row[w + W.rpcInterface] = bound;
    // What continues this flow in turn asks by this one's number.
    if (this.binds.size < MAX_BINDS) this.binds.set(doubles[d + D.flowId], bound);
  }

  /** The endpoints that are new since this was asked last, as endpointKey makes them. */
  takeFresh(): ReadonlySet<number> {
    const { fresh } = this;
    this.fresh = new Set();
    return fresh;
  }

  private numberOf(interfaceUuid: string): number {
    let number = this.numbers.get(interfaceUuid);
    if (number === undefined) {
      if (this.interfaces.length === MAX_INTERFACES) return 1;
      number = this.interfaces.push(interfaceUuid) - 1;
      this.numbers.set(interfaceUuid, number);
    }
    return number;
  }
}
