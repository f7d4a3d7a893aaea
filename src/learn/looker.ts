// Looks at the payload of flows while packets are counted: what the first ones say, and on ports of RPC what the
// conversation teaches.

import { PROTOCOL } from '../base/transport.ts';
import type { PacketView } from '../decode/packet.ts';
import { type FlowLooker, LOOK_ALL_DONE, LOOK_DONE, type PayloadWatch } from '../flow/looking.ts';
import { BIT, COLD, COLD_Q, HOT, type Records } from '../flow/record.ts';
import { ByteBudget } from './budget.ts';
import { DatagramReplies } from './dcerpc-datagram.ts';
import { P } from './facts.ts';
import type { Lesson } from './lessons.ts';
import { advance, protocolOf } from './payload.ts';
import { RpcWatch } from './rpc-watch.ts';
import { BASIS, type MappedEndpoint, namesItsServer, SEQUENCE } from './towers.ts';

const MAPPER = 135;
const HTTP_MAPPER = 593;
const FIRST_DYNAMIC = 1024;
/** Flows that are watched at once, and what they may hold together. */
const MAX_WATCHES = 4_096;
const RUN_BYTES = 16 << 20;
/** What is heard again is told again after so long, so that it is known until when it was heard. */
const TELL_AGAIN_US = 60_000_000;
/** Binds that a flow is told of; it has one label. */
const MAX_BINDS = 16;
/** Endpoints that are told; a server that names endpoints without end teaches no more than this. */
const MAX_LESSONS = 65_536;

/** The looker of one run. `teach` takes what RPC teaches, each thing once a minute at most. */
export class Looker implements FlowLooker {
  readonly begin = 0;
  /** Packets of RPC's endpoint mapper whose payload was not captured. */
  unreadMapperPackets = 0;
  private readonly teach: (lesson: Lesson) => void;
  private readonly budget = new ByteBudget(RUN_BYTES);
  /** When each endpoint was told last. */
  private readonly told = new Map<string, number>();
  private watches = 0;

  constructor(teach: (lesson: Lesson) => void) {
    this.teach = teach;
  }

  look(records: Records, n: number, packet: PacketView, side: 0 | 1): void {
    const at = records.hotAt(n) + HOT.look;
    const end = Math.min(packet.payloadAt + packet.payloadBytes, packet.end);
    const { hot } = records;
    const port = side === 0 ? packet.dstPort : packet.srcPort;
    const mapper = port === MAPPER || port === HTTP_MAPPER;
    if (packet.payloadAt >= end) {
      // The capture holds headers only; nothing better will come.
      hot[at] |= LOOK_DONE << side;
      if (mapper) this.unreadMapperPackets++;
      return;
    }
    const watched = records.rareOf(n)?.watch;
    let watch = watched instanceof Watch ? watched : null;
    const tcp = packet.inner === PROTOCOL.tcp;
    const known = watch === null ? hot[at] : hot[at] | watch.done;
    const state = advance(
      known,
      side,
      packet.view,
      packet.payloadAt,
      end,
      packet.payloadBytes,
      tcp,
      packet.srcPort,
      packet.dstPort,
    );
    if (watch === null && (mapper || protocolOf(state, side) === P.dcerpc) && this.watches < MAX_WATCHES) {
      watch = this.watch(records, n, packet, side, mapper);
    }
    if (watch !== null) {
      watch.flowId = records.coldQ[(records.coldAt(n) >> 1) + COLD_Q.flowId];
      watch.take(packet, side, end);
      watch.done = state & LOOK_ALL_DONE;
      if (watch.isOver) {
        watch.end();
        records.forgetWatch(n);
        watch = null;
      }
    }
    records.setLook(n, watch === null ? state : state & ~LOOK_ALL_DONE);
  }

  private watch(records: Records, n: number, packet: PacketView, side: 0 | 1, mapper: boolean): Watch {
    const { bits, isn } = opened(records, n);
    const watch = new Watch(packet, side, mapper, this.budget, {
      bound: (uuid) => this.bound(watch, uuid),
      mapped: (endpoint) => this.mapped(watch, endpoint),
      ended: () => this.watches--,
    });
    for (const of of [0, 1] as const) {
      const dir = (bits & BIT.initiatorIsB) === 0 ? of : 1 - of;
      if ((bits & (BIT.isnKnownA << dir)) !== 0) watch.begin(of, isn[dir] + 1);
    }
    this.watches++;
    records.makeRare(n).watch = watch;
    return watch;
  }

  private bound(watch: Watch, interfaceUuid: string): void {
    if (watch.port < FIRST_DYNAMIC) return;
    if (watch.isNewBind(interfaceUuid)) this.teach({ kind: 'bind', flowId: watch.flowId, interfaceUuid });
    this.endpoint(watch, watch.port, false, interfaceUuid, 'bind');
  }

  private mapped(watch: Watch, endpoint: MappedEndpoint): void {
    if (!namesItsServer(endpoint, watch.ipVersion, watch.server[0])) return;
    const basis = endpoint.basis === BASIS.map ? 'map' : 'lookup';
    this.endpoint(watch, endpoint.port, endpoint.sequence === SEQUENCE.udp, endpoint.interfaceUuid, basis);
  }

  private endpoint(
    watch: Watch,
    port: number,
    udp: boolean,
    interfaceUuid: string,
    basis: 'map' | 'lookup' | 'bind',
  ): void {
    const { ipVersion, server, timeUs } = watch;
    const key = `${watch.serverText} ${udp} ${port} ${interfaceUuid} ${basis}`;
    const lastUs = this.told.get(key);
    if (lastUs === undefined ? this.told.size >= MAX_LESSONS : timeUs < lastUs + TELL_AGAIN_US) return;
    this.told.set(key, timeUs);
    this.teach({ kind: 'endpoint', ipVersion, server, port, udp, interfaceUuid, basis, firstSeenUs: timeUs });
  }
}

/** What the flow's handshake left: its bits and both initial sequence numbers. */
function opened(records: Records, n: number): { bits: number; isn: readonly [number, number] } {
  const cold = records.coldAt(n) + COLD.isnA;
  return {
    bits: records.hot[records.hotAt(n) + HOT.bits],
    isn: [records.cold[cold], records.cold[cold + 1]],
  };
}

interface Hearers {
  bound(interfaceUuid: string): void;
  mapped(endpoint: MappedEndpoint): void;
  ended(): void;
}

/** One flow whose RPC is read. */
class Watch implements PayloadWatch {
  /** What other looks are done with: bits of LOOK_ALL_DONE. */
  done = 0;
  readonly ipVersion: 4 | 6;
  /** The responder's address, as the words of a packet, and its port. */
  readonly server: readonly number[];
  readonly port: number;
  /** Of the flow and of the packet at hand: a flow's record may have moved. */
  flowId = 0;
  timeUs = 0;
  private readonly stream: RpcWatch | null;
  private readonly datagrams: DatagramReplies | null;
  private readonly hearers: Hearers;
  private ended = false;
  private lastBind: string | null = null;
  private binds = 0;

  constructor(packet: PacketView, side: 0 | 1, mapper: boolean, budget: ByteBudget, hearers: Hearers) {
    this.hearers = hearers;
    this.ipVersion = packet.ipVersion === 4 ? 4 : 6;
    const p = packet;
    const to = side === 0;
    const address = to ? [p.dst0, p.dst1, p.dst2, p.dst3] : [p.src0, p.src1, p.src2, p.src3];
    this.server = this.ipVersion === 4 ? address.slice(0, 1) : address;
    this.port = to ? p.dstPort : p.srcPort;
    const mapped = (endpoint: MappedEndpoint) => hearers.mapped(endpoint);
    const tcp = packet.inner === PROTOCOL.tcp;
    this.datagrams = tcp ? null : new DatagramReplies(mapped, budget);
    this.stream = tcp
      ? new RpcWatch(
          mapper,
          {
            accepted: (of, uuid) => (of === 1 ? hearers.bound(uuid) : undefined),
            mapped: (of, endpoint) => (of === 1 ? mapped(endpoint) : undefined),
          },
          budget,
        )
      : null;
  }

  /** The server's address as a key. */
  get serverText(): string {
    return this.ipVersion === 4 ? String(this.server[0]) : this.server.join();
  }

  /** Whether this accepted bind is worth telling, beside the one before it. */
  isNewBind(interfaceUuid: string): boolean {
    if (interfaceUuid === this.lastBind || this.binds === MAX_BINDS) return false;
    this.lastBind = interfaceUuid;
    this.binds++;
    return true;
  }

  get isOver(): boolean {
    return this.stream?.done === true;
  }

  begin(side: 0 | 1, seq: number): void {
    this.stream?.begin(side, seq | 0);
  }

  take(packet: PacketView, side: 0 | 1, end: number): void {
    this.timeUs = packet.timeUs;
    this.stream?.push(side, packet.tcpSeq, packet.view, packet.payloadAt, end, packet.payloadBytes);
    if (side === 1) this.datagrams?.feed(packet.view, packet.payloadAt, end);
  }

  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.stream?.end();
    this.hearers.ended();
  }
}
