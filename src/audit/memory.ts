// RPC endpoints that earlier runs learned and this one may go by: for so many days after they were learned last, and
// until the server's own endpoint mapper says that the interface is elsewhere.

import type { AddressBook } from '../flow/addresses.ts';
import type { EndpointLesson } from '../learn/lessons.ts';
import { endpointKey } from './endpoint-key.ts';

const DAY_US = 86_400_000_000;

/** A TCP endpoint as earlier runs of the database know it: plain data, which can be posted to a thread. */
export interface RecalledEndpoint {
  readonly ipVersion: 4 | 6;
  /** One word of address for IPv4, four for IPv6, in network order. */
  readonly server: readonly number[];
  readonly port: number;
  /** '' where no bind named it. */
  readonly interfaceUuid: string;
  /** An endpoint mapper named it; otherwise only a bind was accepted. */
  readonly isMapped: boolean;
  /** When it was learned first and last, in microseconds since the epoch. */
  readonly firstLearnedUs: number;
  readonly lastLearnedUs: number;
  /** The run that learned it last. */
  readonly runId: number;
}

/** What became of a remembered endpoint: gone by, learned again, or denied by the server's own mapper. */
export type MemoryStatus = 'remembered' | 'seen' | 'voided';

export interface RememberedEndpoint extends RecalledEndpoint {
  readonly serverId: number;
  readonly status: MemoryStatus;
}

interface Entry extends RecalledEndpoint {
  readonly serverId: number;
  status: MemoryStatus;
}

/** The endpoints that a run remembers. */
export class EndpointMemory {
  private readonly entries: readonly Entry[];
  private readonly byPort = new Map<number, Entry[]>();
  private readonly byInterface = new Map<string, Entry[]>();
  private readonly keptUs: number;
  private voided = new Set<number>();

  constructor(recalled: readonly RecalledEndpoint[], days: number, addresses: AddressBook) {
    this.keptUs = days * DAY_US;
    this.entries = recalled.map((one): Entry => {
      const [w0, w1, w2, w3] = one.server;
      const serverId = one.ipVersion === 4 ? addresses.v4Id(w0) : addresses.v6Id(w0, w1, w2, w3);
      return { ...one, serverId, status: 'remembered' };
    });
    for (const entry of this.entries) {
      put(this.byPort, endpointKey(entry.serverId, entry.port), entry);
      if (entry.interfaceUuid !== '') put(this.byInterface, interfaceKey(entry), entry);
    }
  }

  /** Whether a flow that began then, to that TCP port, goes by memory. */
  has(serverId: number, port: number, firstSeenUs: number): boolean {
    const entries = this.entries.length === 0 ? undefined : this.byPort.get(endpointKey(serverId, port));
    return entries?.some((entry) => entry.status === 'remembered' && this.holds(entry, firstSeenUs)) ?? false;
  }

  /** Whether an endpoint mapper named it to an earlier run, and nothing speaks against that. */
  isMapped(serverId: number, port: number): boolean {
    const entries = this.entries.length === 0 ? undefined : this.byPort.get(endpointKey(serverId, port));
    return entries?.some((entry) => entry.isMapped && entry.status !== 'voided') ?? false;
  }

  /** Takes what this run learns of a TCP endpoint of the server. */
  hear(serverId: number, lesson: EndpointLesson): void {
    if (this.entries.length === 0) return;
    const { port, interfaceUuid, basis, firstSeenUs } = lesson;
    const key = endpointKey(serverId, port);
    for (const entry of this.byPort.get(key) ?? []) entry.status = 'seen';
    this.voided.delete(key);
    if (basis === 'bind' || interfaceUuid === '') return;
    for (const entry of this.byInterface.get(interfaceKey({ serverId, interfaceUuid })) ?? []) {
      // What this run has seen listen may have two ports; what is newer than the word against it stands.
      if (entry.port === port || entry.status !== 'remembered' || entry.lastLearnedUs > firstSeenUs) continue;
      this.forget(endpointKey(serverId, entry.port));
    }
  }

  /** The ports that were voided since this was asked last, as endpointKey makes them. */
  takeVoided(): ReadonlySet<number> {
    const { voided } = this;
    this.voided = new Set();
    return voided;
  }

  /** What was remembered at some time of a run whose packets lie between these times. */
  during(firstUs: number, lastUs: number): RememberedEndpoint[] {
    return this.entries.filter(
      (entry) => entry.firstLearnedUs <= lastUs && entry.lastLearnedUs + this.keptUs >= firstUs,
    );
  }

  /** A process listens on the port with all of its interfaces, so that one of them elsewhere shows that it is gone. */
  private forget(key: number): void {
    for (const entry of this.byPort.get(key) ?? []) entry.status = 'voided';
    this.voided.add(key);
  }

  private holds({ firstLearnedUs, lastLearnedUs }: Entry, timeUs: number): boolean {
    return timeUs >= firstLearnedUs && timeUs <= lastLearnedUs + this.keptUs;
  }
}

function interfaceKey({ serverId, interfaceUuid }: Pick<Entry, 'serverId' | 'interfaceUuid'>): string {
  return `${serverId} ${interfaceUuid}`;
}

function put<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
