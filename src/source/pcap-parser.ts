// The npm package pcap-parser behind the interface of every reader: slower and for plain pcap only, it is here to
// check our own reader against one by other hands. Our reader walks ahead of it and lets whole records through
// only, since a false length makes the package copy without end (native-notes/pcap-parser.md).

import { EventEmitter } from 'node:events';
import pcapParser, { type ParsedPacket } from 'pcap-parser';
import type { ByteWindow } from './bytes.ts';
import { isPcapMagic, PcapReader } from './pcap.ts';
import { SECTION_HEADER } from './pcapng.ts';
import type { CaptureReader } from './reader.ts';
import { type Damage, ForeignFile, NotACapture, type ReadOutcome, RecordBatch } from './record.ts';

const FILE_HEADER = 24;
const MICRO_BIG = 0xa1b2c3d4;
const MICRO_LITTLE = 0xd4c3b2a1;

/** The stream that the package listens to: bytes are given to it by hand. */
class Feed extends EventEmitter {
  pause(): void {}
  resume(): void {}
}

export class PcapParserReader implements CaptureReader {
  readonly format: string;
  readonly linkTypes: readonly number[];
  readonly snaplen: number;
  readonly kernelDropped = null;
  readonly interfaceDropped = null;
  damage: Damage | null = null;
  private readonly scout: PcapReader;
  private readonly ahead = new RecordBatch();
  private readonly feed = new Feed();
  private readonly linkType: number;
  private batch: RecordBatch | null = null;

  private constructor(window: ByteWindow) {
    const header = Buffer.from(window.bytes.subarray(window.start, window.start + FILE_HEADER));
    this.scout = new PcapReader(window);
    this.format = this.scout.format;
    this.linkTypes = this.scout.linkTypes;
    this.linkType = this.linkTypes[0];
    this.snaplen = this.scout.snaplen;
    pcapParser.parse(this.feed).on('packet', (packet: ParsedPacket) => this.take(packet));
    this.feed.emit('data', header);
  }

  /** Makes the reader. Throws NotACapture for all that the package cannot read. */
  static async open(window: ByteWindow): Promise<CaptureReader> {
    while (!window.ended && window.end - window.start < FILE_HEADER) await window.more();
    const magic = window.end - window.start >= 4 ? window.view.getUint32(window.start) : 0;
    if (magic !== MICRO_BIG && magic !== MICRO_LITTLE) {
      const only = 'and --reader pcap-parser reads plain pcap with microseconds only';
      if (isPcapMagic(magic)) throw new NotACapture(`it is a pcap file with nanoseconds, ${only}`);
      if (magic === SECTION_HEADER) throw new NotACapture(`it is a pcapng file, ${only}`);
      throw new ForeignFile(`it is not a pcap file, ${only}`);
    }
    return new PcapParserReader(window);
  }

  read(window: ByteWindow, batch: RecordBatch): ReadOutcome {
    const from = window.start;
    this.ahead.count = 0;
    const outcome = this.scout.read(window, this.ahead);
    this.damage = this.scout.damage;
    this.batch = batch;
    if (window.start > from) this.feed.emit('data', Buffer.from(window.bytes.subarray(from, window.start)));
    return outcome;
  }

  atEnd(window: ByteWindow): Damage | null {
    return this.scout.atEnd(window);
  }

  private take(packet: ParsedPacket): void {
    const batch = this.batch;
    if (batch === null) return;
    const { header, data } = packet;
    const n = batch.count++;
    batch.view = new DataView(data.buffer);
    batch.offset[n] = data.byteOffset;
    batch.length[n] = data.length;
    batch.wireLength[n] = header.originalLength;
    batch.linkType[n] = this.linkType;
    batch.timeUs[n] = header.timestampSeconds * 1e6 + header.timestampMicroseconds;
  }
}
