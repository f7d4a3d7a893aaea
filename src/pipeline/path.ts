// The whole path of a packet: record, packet, flow, label, sums, rows. Sources feed it and a sink takes what comes out.

import { findFindings } from '../audit/findings.ts';
import { Judge, type JudgeOptions } from '../audit/judge.ts';
import { Tally } from '../audit/tally.ts';
import { VERDICT } from '../audit/terms.ts';
import { tunnels } from '../decode/encap/tunnels.ts';
import { decodeRecord } from '../decode/link/index.ts';
import { PacketView } from '../decode/packet.ts';
import { EndedFlows, ROW_WORDS, W } from '../flow/ended.ts';
import { FlowMeter } from '../flow/meter.ts';
import {
  PROTOCOL_SERVICES,
  SERVICE_IDS,
  serviceIndex,
  TCP_SERVICES,
  UDP_SERVICES,
} from '../service/catalog.ts';
import type { Checkpoint, RunTotals, Sink, SourceRow } from '../store/sink.ts';
import type { OpenSource } from './merge.ts';
import { SkippedTally } from './skipped.ts';

const GROUP = 32;

export type FlowsKept = 'all' | 'unexpected' | 'none';

export interface PathOptions extends JudgeOptions {
  readonly flows: FlowsKept;
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

/** One run's path, from records to a sink. */
export class PacketPath {
  readonly meter: FlowMeter;
  /** Packets and bytes read. */
  packets = 0;
  bytes = 0;
  /** Packets are counted in groups of one IP version: see FlowTable.addAll. */
  private readonly v4 = Array.from({ length: GROUP }, () => new PacketView());
  private readonly v6 = Array.from({ length: GROUP }, () => new PacketView());
  private spare = new PacketView();
  private readonly skipped = new SkippedTally();
  private readonly tally = new Tally();
  private readonly judge: Judge;
  private readonly kept: FlowsKept;
  private readonly some = new EndedFlows(4096);
  private readonly sink: Sink;
  private readonly serversNamed: boolean;
  private readonly rpcKnown: boolean;

  constructor(options: PathOptions, sink: Sink) {
    this.sink = sink;
    this.kept = options.flows;
    this.serversNamed = options.servers !== null;
    this.rpcKnown = options.rpcRange !== null;
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
        hashSeed: (Math.random() * 0x1_0000_0000) | 0,
      },
      SERVICE_IDS.length,
      (batch) => this.take(batch),
    );
    tunnels.clear();
    this.judge = new Judge(options, this.meter.addresses, tunnels);
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

  /** Ends every flow, and makes sure that each packet read is in exactly one place. */
  finish(): void {
    this.tally.pairs.reserve(this.tally.pairs.size + this.meter.size);
    this.meter.finish();
    const packets = this.tally.packets + this.skipped.packets;
    const bytes = this.tally.bytes + this.skipped.bytes;
    if (packets !== this.packets || bytes !== this.bytes) {
      throw new Error(
        `the account does not close: ${this.packets} packets and ${this.bytes} bytes were read, ` +
          `${packets} and ${bytes} are in flows or skipped`,
      );
    }
  }

  /** Hands the sink all that is settled so far: what ended, and what was skipped. */
  checkpoint(sources: readonly SourceRow[], drops: Drops): void {
    const { pairs } = this.tally;
    const { findings, texts } = findFindings(this.tally, this.meter.addresses, this.rpcKnown);
    const state: Checkpoint = {
      totals: this.totals(sources, drops),
      sources,
      skipped: this.skipped.rows(),
      pairs: { count: pairs.size, keys: pairs.keys.tuples, sums: pairs.sums },
      minutes: this.meter.minutes.rows(),
      findings,
      texts,
      facts: this.facts(),
    };
    this.sink.checkpoint(state, this.meter.addresses);
  }

  private totals(sources: readonly SourceRow[], drops: Drops): RunTotals {
    const times = sources.filter((source) => source.firstPacketUs !== null);
    return {
      packets: this.tally.packets + this.skipped.packets,
      bytes: this.tally.bytes + this.skipped.bytes,
      packetsOutOfOrder: this.meter.packetsOutOfOrder,
      ...drops,
      firstPacketUs:
        times.length === 0 ? null : Math.min(...times.map((source) => source.firstPacketUs ?? 0)),
      lastPacketUs: times.length === 0 ? null : Math.max(...times.map((source) => source.lastPacketUs ?? 0)),
    };
  }

  private take(batch: EndedFlows): void {
    this.judge.label(batch);
    this.tally.add(batch);
    if (this.kept === 'all') this.sink.flows(batch, this.meter.addresses);
    else if (this.kept === 'unexpected') this.sink.flows(this.unexpectedOf(batch), this.meter.addresses);
  }

  private unexpectedOf(batch: EndedFlows): EndedFlows {
    const { some } = this;
    some.count = 0;
    for (let n = 0; n < batch.count; n++) {
      const w = n * ROW_WORDS;
      if (batch.words[w + W.verdict] !== VERDICT.unexpected) continue;
      some.words.set(batch.words.subarray(w, w + ROW_WORDS), some.count * ROW_WORDS);
      some.count++;
    }
    return some;
  }

  private facts(): Record<string, number> {
    const { facts } = this.tally;
    return {
      flows: facts.flows,
      tcp_flows: facts.tcpFlows,
      tcp_mid_stream_flows: facts.tcpMidStreamFlows,
      tcp_one_way_flows: facts.tcpOneWayFlows,
      undetermined_packets: facts.undeterminedPackets,
      esp_packets: facts.espPackets,
      esp_bytes: facts.espBytes,
      sampled_packets: this.meter.duplicates.sampled,
      duplicate_packets: this.meter.duplicates.duplicates,
      tunnels_without_ends: tunnels.overflowed,
      servers_named: this.serversNamed ? 1 : 0,
    };
  }
}

/** Services by TCP port, with the range that the user names for RPC. */
function withRpcRange(range: readonly [number, number] | null): Uint8Array {
  if (range === null) return TCP_SERVICES;
  const services = Uint8Array.from(TCP_SERVICES);
  const rpc = serviceIndex('rpc-dynamic');
  for (let port = range[0]; port <= range[1]; port++) if (services[port] === 0) services[port] = rpc;
  return services;
}
