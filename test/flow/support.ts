// Packets filled in by hand, a meter that takes them, and the rows it hands out as plain objects.
import { ipv4Text } from '../../src/base/address.ts';
import { PROTOCOL } from '../../src/base/transport.ts';
import { PacketView } from '../../src/decode/packet.ts';
import { D, type EndedFlows, ROW_DOUBLES, ROW_WORDS, W } from '../../src/flow/ended.ts';
import { NO_LOOKS } from '../../src/flow/looking.ts';
import { FlowMeter } from '../../src/flow/meter.ts';
import { END_REASONS, FLOW_STATES, START_BASES } from '../../src/flow/terms.ts';
import { RowPath } from '../../src/pipeline/row-path.ts';
import { PROTOCOL_SERVICES, SERVICE_IDS, TCP_SERVICES, UDP_SERVICES } from '../../src/service/catalog.ts';
import type { Sink } from '../../src/store/sink.ts';

export const SYN = 2;
export const ACK = 16;
export const SYN_ACK = SYN | ACK;
export const FIN_ACK = 1 | ACK;
export const RST = 4;

export interface Endpoint {
  readonly host: number;
  readonly port: number;
}

/** What a test says of a packet; the rest is a small TCP segment. */
export interface Sent {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly timeUs: number;
  readonly protocol?: number;
  readonly flags?: number;
  readonly seq?: number;
  readonly ack?: number;
  readonly wire?: number;
  readonly payload?: number;
  /** Other fields of the packet, as the decoder would fill them in. */
  readonly more?: Partial<PacketView>;
}

export interface MeterOptions {
  readonly group?: number;
  readonly seed?: number;
  readonly activeS?: number;
  readonly ipVersion?: 4 | 6;
}

export interface Flow {
  readonly flowId: number;
  readonly continues: number;
  readonly protocol: number;
  /** `address:port`, the port being -1 where there is none. */
  readonly initiator: string;
  readonly responder: string;
  readonly out: Sums;
  readonly back: Sums;
  readonly firstSeenUs: number;
  readonly lastSeenUs: number;
  readonly state: string;
  readonly end: string;
  readonly basis: string;
}

export interface Sums {
  readonly packets: number;
  readonly bytes: number;
  readonly payload: number;
}

/** 10.0.0.0 and up: addresses by a small number. */
export function addressOf(host: number): number {
  return (0x0a00_0000 + host) | 0;
}

export function textOf(endpoint: Endpoint): string {
  return `${ipv4Text(addressOf(endpoint.host))}:${endpoint.port}`;
}

export function packetOf(sent: Sent, ordinal: number, ipVersion: 4 | 6 = 4): PacketView {
  const packet = new PacketView();
  packet.timeUs = sent.timeUs;
  packet.ordinal = ordinal;
  packet.wireBytes = sent.wire ?? 60;
  packet.payloadBytes = sent.payload ?? 0;
  packet.ipVersion = ipVersion;
  packet.protocol = packet.inner = sent.protocol ?? PROTOCOL.tcp;
  if (ipVersion === 4) {
    packet.src0 = addressOf(sent.from.host);
    packet.dst0 = addressOf(sent.to.host);
  } else {
    packet.src0 = packet.dst0 = 0x2001_0db8;
    packet.src3 = sent.from.host;
    packet.dst3 = sent.to.host;
  }
  packet.srcPort = sent.from.port;
  packet.dstPort = sent.to.port;
  packet.tcpFlags = sent.flags ?? 0;
  packet.tcpSeq = (sent.seq ?? 0) | 0;
  packet.tcpAck = (sent.ack ?? 0) | 0;
  Object.assign(packet, sent.more);
  packet.rare |=
    packet.fragment | packet.quoteAt | packet.portsUnread | packet.linkGroup | packet.payloadProtocol;
  return packet;
}

/** A sink that keeps the flows. */
class RowKeeper implements Sink {
  private readonly kept: Map<number, Flow>;

  constructor(kept: Map<number, Flow>) {
    this.kept = kept;
  }

  flows(batch: EndedFlows): void {
    for (let n = 0; n < batch.count; n++) {
      const flow = flowOf(batch.words, batch.doubles, n);
      this.kept.set(flow.flowId, flow);
    }
  }

  pairs(): void {}
  relabel(): void {}
  rescope(): void {}
  checkpoint(): void {}
  heartbeat(): void {}
  finish(): void {}
  close(): void {}
}

/** Thousands of meters are made, and these are few enough for tables to grow. */
const RESERVE = 1 << 16;

export class TestMeter {
  readonly meter: FlowMeter;
  /** By number: a row takes the place of the one before it. */
  private readonly flows = new Map<number, Flow>();
  private readonly rows = new RowPath(
    { servers: null, rpcRange: null, flows: 'all' },
    new RowKeeper(this.flows),
  );
  private readonly group: number;
  private readonly ipVersion: 4 | 6;
  private packets = 0;
  private bytes = 0;

  constructor(options: MeterOptions = {}) {
    this.group = options.group ?? 1;
    this.ipVersion = options.ipVersion ?? 4;
    this.meter = new FlowMeter(
      {
        tcpIdleUs: 300e6,
        otherIdleUs: 60e6,
        activeUs: (options.activeS ?? 0) * 1e6,
        tcpListed: TCP_SERVICES,
        udpListed: UDP_SERVICES,
        tcpServices: TCP_SERVICES,
        udpServices: UDP_SERVICES,
        protocolServices: PROTOCOL_SERVICES,
        looker: NO_LOOKS,
        hashSeed: options.seed ?? 12345,
      },
      SERVICE_IDS.length,
      (batch, open) => this.rows.flows(batch, open),
      RESERVE,
    );
  }

  /** Counts the packets in groups, the last of which may be smaller. */
  add(all: readonly Sent[]): this {
    for (let from = 0; from < all.length; from += this.group) {
      const sent = all.slice(from, from + this.group);
      const packets = sent.map((one, n) => packetOf(one, this.packets + n + 1, this.ipVersion));
      this.take(packets, this.ipVersion);
    }
    return this;
  }

  /** Counts one group of packets. */
  take(packets: readonly PacketView[], ipVersion: number): void {
    for (const packet of packets) {
      this.packets++;
      this.bytes += packet.wireBytes;
      this.meter.tick(packet);
    }
    this.meter.addAll(packets, packets.length, ipVersion);
  }

  /** A checkpoint on a silent wire, by the wall clock. */
  pass(timeUs: number): void {
    this.meter.passTime(timeUs);
    this.meter.show(0);
    this.checkpoint(false);
  }

  /** Ends every flow; they come back in the order they began. */
  finish(): Flow[] {
    this.meter.finish();
    this.checkpoint(true);
    return [...this.flows.values()].sort((a, b) => a.flowId - b.flowId);
  }

  private checkpoint(final: boolean): void {
    void this.rows.checkpoint({
      final,
      totals: {
        packets: this.packets,
        bytes: this.bytes,
        packetsOutOfOrder: 0,
        kernelDropped: null,
        interfaceDropped: null,
        firstPacketUs: null,
        lastPacketUs: null,
      },
      sources: [],
      skipped: [],
      minutes: [],
      facts: {},
    });
  }
}

export function flowsOf(all: readonly Sent[], options?: MeterOptions): Flow[] {
  return new TestMeter(options).add(all).finish();
}

function flowOf(words: Int32Array, doubles: Float64Array, n: number): Flow {
  const w = n * ROW_WORDS;
  const d = n * ROW_DOUBLES;
  const host = (at: number) =>
    words[w + W.ipVersion] === 4 ? ipv4Text(words[w + at]) : `v6-${words[w + at + 3]}`;
  return {
    flowId: doubles[d + D.flowId],
    continues: doubles[d + D.continuesFlowId],
    protocol: words[w + W.innerProtocol],
    initiator: `${host(W.initiator)}:${words[w + W.initiatorPort]}`,
    responder: `${host(W.responder)}:${words[w + W.responderPort]}`,
    out: {
      packets: doubles[d + D.packetsOut],
      bytes: doubles[d + D.bytesOut],
      payload: doubles[d + D.payloadOut],
    },
    back: {
      packets: doubles[d + D.packetsBack],
      bytes: doubles[d + D.bytesBack],
      payload: doubles[d + D.payloadBack],
    },
    firstSeenUs: doubles[d + D.firstSeenUs],
    lastSeenUs: doubles[d + D.lastSeenUs],
    state: FLOW_STATES[words[w + W.state]],
    end: END_REASONS[words[w + W.endReason]],
    basis: START_BASES[words[w + W.basis]],
  };
}
