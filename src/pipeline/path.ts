// The path of a packet: record, packet, flow. Sources feed it, and what comes out goes on as rows (row-path.ts).

import { tunnels } from '../decode/encap/tunnels.ts';
import { decodeRecord } from '../decode/link/index.ts';
import { PacketView } from '../decode/packet.ts';
import { NO_LOOKS } from '../flow/looking.ts';
import { FlowMeter } from '../flow/meter.ts';
import { Looker } from '../learn/looker.ts';
import {
  PROTOCOL_SERVICES,
  SERVICE_IDS,
  serviceIndex,
  TCP_SERVICES,
  UDP_SERVICES,
} from '../service/catalog.ts';
import type { SourceRow } from '../store/sink.ts';
import type { OpenSource } from './merge.ts';
import type { RowTarget } from './row-path.ts';
import { SkippedTally } from './skipped.ts';

const GROUP = 32;

export interface PathOptions {
  /** First and last of the TCP ports that the user says are RPC. */
  readonly rpcRange: readonly [number, number] | null;
  /** Whether payload is looked at. */
  readonly payload: boolean;
  readonly tcpTimeoutS: number;
  readonly otherTimeoutS: number;
  /** 0 for none. */
  readonly activeTimeoutS: number;
}

/** Losses that the sources tell of; null where none does. */
export interface Drops {
  readonly kernelDropped: number | null;
  readonly interfaceDropped: number | null;
}

/** One run's path, from records to rows. */
export class PacketPath {
  readonly meter: FlowMeter;
  /** Packets and bytes read. */
  packets = 0;
  bytes = 0;
  /** Packets are counted in groups of one IP version: see FlowTable.addAll. */
  private readonly v4 = Array.from({ length: GROUP }, () => new PacketView());
  private readonly v6 = Array.from({ length: GROUP }, () => new PacketView());
  private spare = new PacketView();
  private readonly alone: PacketView[] = [this.spare];
  private readonly skipped = new SkippedTally();
  private readonly rows: RowTarget;
  private readonly looker: Looker | null;
  /** Tunnels are numbered for the whole process. */
  private readonly overflowedBefore = tunnels.overflowed;
  /** The clock when flows that go on were handed over last. */
  private shownUs = -Infinity;

  constructor(options: PathOptions, rows: RowTarget) {
    this.rows = rows;
    this.looker = options.payload ? new Looker((lesson) => rows.learn(lesson)) : null;
    this.meter = new FlowMeter(
      {
        tcpIdleUs: options.tcpTimeoutS * 1e6,
        otherIdleUs: options.otherTimeoutS * 1e6,
        activeUs: options.activeTimeoutS * 1e6,
        tcpListed: TCP_SERVICES,
        udpListed: UDP_SERVICES,
        tcpServices: withRpcRange(options.rpcRange),
        udpServices: UDP_SERVICES,
        protocolServices: PROTOCOL_SERVICES,
        looker: this.looker ?? NO_LOOKS,
        hashSeed: (Math.random() * 0x1_0000_0000) | 0,
      },
      SERVICE_IDS.length,
      (batch, open) => rows.flows(batch, open),
    );
  }

  /** Takes the source's records at hand, as far as they are not later than `limitUs`. */
  run(source: OpenSource, limitUs: number): void {
    const { batch } = source;
    const { meter, v4, v6 } = this;
    let packet = this.spare;
    let bytes = 0;
    let at = source.next;
    let firstUs = source.firstPacketUs;
    let lastUs = source.lastPacketUs;
    let v4Count = 0;
    let v6Count = 0;
    for (; at < batch.count; at++) {
      const timeUs = batch.timeUs[at];
      if (timeUs > limitUs) break;
      packet.timeUs = timeUs;
      packet.ordinal = ++this.packets;
      decodeRecord(
        packet,
        batch.view,
        batch.offset[at],
        batch.length[at],
        batch.wireLength[at],
        batch.linkType[at],
      );
      meter.tick(packet);
      bytes += packet.wireBytes;
      if (packet.timeUs < firstUs) firstUs = packet.timeUs;
      if (packet.timeUs > lastUs) lastUs = packet.timeUs;
      if (packet.skip !== 0) {
        this.skipped.add(packet);
      } else if (packet.fragment !== 0) {
        // A later one may belong to a flow of the other IP version, in a tunnel: none may overtake another.
        meter.addAll(v4, v4Count, 4);
        meter.addAll(v6, v6Count, 6);
        v4Count = 0;
        v6Count = 0;
        this.alone[0] = packet;
        meter.addAll(this.alone, 1, packet.ipVersion);
      } else if (packet.ipVersion === 4) {
        const next = v4[v4Count];
        v4[v4Count++] = packet;
        packet = next;
        if (v4Count === GROUP) {
          meter.addAll(v4, v4Count, 4);
          v4Count = 0;
        }
      } else {
        const next = v6[v6Count];
        v6[v6Count++] = packet;
        packet = next;
        if (v6Count === GROUP) {
          meter.addAll(v6, v6Count, 6);
          v6Count = 0;
        }
      }
    }
    meter.addAll(v4, v4Count, 4);
    meter.addAll(v6, v6Count, 6);
    this.spare = packet;
    source.firstPacketUs = firstUs;
    source.lastPacketUs = lastUs;
    source.packets += at - source.next;
    source.bytes += bytes;
    this.bytes += bytes;
    source.next = at;
  }

  /**
   * Hands over all that is settled so far: flows that ended, those that go on, and what was skipped. The \`final\`
   * time every flow ends.
   */
  async checkpoint(sources: readonly SourceRow[], drops: Drops, final: boolean): Promise<void> {
    const { meter, skipped } = this;
    if (final) meter.finish();
    else meter.show(this.shownUs);
    this.shownUs = meter.endUs;
    const { waiting } = meter;
    await this.rows.checkpoint({
      final,
      totals: {
        packets: this.packets - waiting.packets,
        bytes: this.bytes - waiting.bytes,
        packetsOutOfOrder: meter.packetsOutOfOrder,
        ...drops,
        firstPacketUs: least(sources.map((source) => source.firstPacketUs)),
        lastPacketUs: greatest(sources.map((source) => source.lastPacketUs)),
      },
      sources,
      skipped: skipped.rows(),
      minutes: meter.minutes.rows(),
      facts: {
        sampled_packets: meter.duplicates.sampled,
        duplicate_packets: meter.duplicates.duplicates,
        unread_mapper_packets: this.looker?.unreadMapperPackets ?? 0,
        tunnels_without_ends: tunnels.overflowed - this.overflowedBefore,
      },
    });
  }
}

function least(times: readonly (number | null)[]): number | null {
  return times.reduce((a, b) => (a === null || (b !== null && b < a) ? b : a), null);
}

function greatest(times: readonly (number | null)[]): number | null {
  return times.reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
}

/** Services by TCP port, with the range that the user names for RPC. */
function withRpcRange(range: readonly [number, number] | null): Uint8Array {
  if (range === null) return TCP_SERVICES;
  const services = Uint8Array.from(TCP_SERVICES);
  const rpc = serviceIndex('rpc-dynamic');
  for (let port = range[0]; port <= range[1]; port++) if (services[port] === 0) services[port] = rpc;
  return services;
}
