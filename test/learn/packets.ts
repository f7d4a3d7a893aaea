// TCP and UDP packets of a capture, in order, through the product's own readers.
import { readFileSync } from 'node:fs';
import { ipv4Text, ipv6Text } from '../../src/base/address.ts';
import { PROTOCOL } from '../../src/base/transport.ts';
import { decodeRecord } from '../../src/decode/link/index.ts';
import { FRAGMENT, PacketView, TCP } from '../../src/decode/packet.ts';
import { Capture } from '../../src/source/capture.ts';
import { detectReader } from '../../src/source/detect.ts';
import { NotACapture, RecordBatch } from '../../src/source/record.ts';
import { inPieces } from '../source/support.ts';

export interface Segment {
  readonly frame: number;
  readonly tcp: boolean;
  readonly ipVersion: number;
  readonly source: string;
  readonly sourceWord: number;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly syn: boolean;
  readonly ack: boolean;
  readonly seq: number;
  /** Captured payload; the view is the caller's for good. */
  readonly payload: DataView;
  readonly wireBytes: number;
}

const addressOf = (p: PacketView, words: readonly [number, number, number, number]) =>
  p.ipVersion === 4 ? ipv4Text(words[0]) : ipv6Text(...words);

/** What a decoded packet carries, or null where it is no whole TCP or UDP packet. */
function segmentOf(p: PacketView, frame: number): Segment | null {
  if (p.skip !== 0 || p.portsUnread === 1 || p.fragment === FRAGMENT.later) return null;
  if (p.inner !== PROTOCOL.tcp && p.inner !== PROTOCOL.udp) return null;
  const start = Math.min(p.payloadAt, p.end);
  const end = Math.min(p.payloadAt + p.payloadBytes, p.end);
  const bytes = new Uint8Array(
    p.view.buffer as ArrayBuffer,
    p.view.byteOffset + start,
    Math.max(end - start, 0),
  );
  return {
    frame,
    tcp: p.inner === PROTOCOL.tcp,
    ipVersion: p.ipVersion,
    source: addressOf(p, [p.src0, p.src1, p.src2, p.src3]),
    sourceWord: p.src0,
    sourcePort: p.srcPort,
    destination: addressOf(p, [p.dst0, p.dst1, p.dst2, p.dst3]),
    destinationPort: p.dstPort,
    syn: (p.tcpFlags & TCP.syn) !== 0,
    ack: (p.tcpFlags & TCP.ack) !== 0,
    seq: p.tcpSeq,
    payload: new DataView(bytes.slice().buffer),
    wireBytes: p.payloadBytes,
  };
}

/** Every TCP and UDP packet of the file; none where it is no capture. */
export async function segmentsOf(path: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  const capture = await Capture.open(path, inPieces(readFileSync(path), []), detectReader).catch((error) => {
    if (error instanceof NotACapture) return null;
    throw error;
  });
  const batch = new RecordBatch();
  const packet = new PacketView();
  let frame = 0;
  while (capture !== null && !capture.done) {
    capture.fill(batch);
    for (let i = 0; i < batch.count; i++) {
      decodeRecord(
        packet,
        batch.view,
        batch.offset[i],
        batch.length[i],
        batch.wireLength[i],
        batch.linkType[i],
      );
      const segment = segmentOf(packet, ++frame);
      if (segment !== null) segments.push(segment);
    }
    if (batch.count === 0 && !capture.done) await capture.advance();
  }
  return segments;
}

/** The key of a segment's flow, and which side of it sent it: 0 for the sender of the flow's first packet. */
export class FlowNames {
  private readonly known = new Set<string>();

  sideOf(segment: Segment): { key: string; side: 0 | 1; isNew: boolean } {
    const from = `${segment.source} ${segment.sourcePort}`;
    const to = `${segment.destination} ${segment.destinationPort}`;
    const protocol = segment.tcp ? 'tcp' : 'udp';
    const back = `${protocol} ${to} ${from}`;
    if (this.known.has(back)) return { key: back, side: 1, isNew: false };
    const key = `${protocol} ${from} ${to}`;
    const isNew = !this.known.has(key);
    this.known.add(key);
    return { key, side: 0, isNew };
  }
}
