// The classic format, with microseconds or nanoseconds, in either byte order (draft-ietf-opsawg-pcap, section 4), and
// its relatives that differ in the lengths of their headers alone (wiretap/libpcap.c of Wireshark describes them).

import type { ByteWindow } from './bytes.ts';
import type { CaptureReader } from './reader.ts';
import {
  type Damage,
  isFalseLength,
  NotACapture,
  READ,
  type ReadOutcome,
  type RecordBatch,
} from './record.ts';

const FILE_HEADER = 24;
const VERSION_MAJOR = 4;
const SNAPLEN = 16;
const LINK_TYPE = 20;
const LINK_TYPE_MASK = 0xffff;
const RESERVED_MASK = 0x03ff0000;

const RECORD_HEADER = 16;
const SECONDS = 0;
const FRACTION = 4;
const CAPTURED = 8;
const ORIGINAL = 12;

const MICRO = 0xa1b2c3d4;
const NANO = 0xa1b23c4d;
export const MODIFIED = 0xa1b2cd34;
const IXIA_NANO = 0x1c0001ac;
const IXIA_MICRO = 0x1c0001ab;

interface Kind {
  readonly format: string;
  readonly nano: boolean;
  readonly fileHeader: number;
  readonly recordHeader: number;
}

const PLAIN: Kind = { format: 'pcap', nano: false, fileHeader: FILE_HEADER, recordHeader: RECORD_HEADER };
/** By magic number. Ixia's testers put the file's length behind its header, and Linux had longer record headers. */
const KINDS: ReadonlyMap<number, Kind> = new Map([
  [MICRO, PLAIN],
  [NANO, { ...PLAIN, format: 'pcap-ns', nano: true }],
  [MODIFIED, { ...PLAIN, format: 'pcap-modified', recordHeader: 24 }],
  [IXIA_NANO, { ...PLAIN, format: 'pcap-ns', nano: true, fileHeader: FILE_HEADER + 4 }],
  [IXIA_MICRO, { ...PLAIN, fileHeader: FILE_HEADER + 4 }],
]);

/** Whether four bytes read as big-endian are the magic of this format, in either order. */
export function isPcapMagic(magic: number): boolean {
  return magic === MICRO || magic === 0xd4c3b2a1 || magic === NANO || magic === 0x4d3cb2a1;
}

/** The magic of one of the relatives where the window begins with one, in either order; else null. */
export function relativeMagic({ view, start }: ByteWindow): number | null {
  const either = [view.getUint32(start), view.getUint32(start, true)];
  return either.find((magic) => KINDS.has(magic) && !isPcapMagic(magic)) ?? null;
}

/** Reads classic pcap from a window. */
export class PcapReader implements CaptureReader {
  readonly format: string;
  readonly linkTypes: readonly number[];
  readonly snaplen: number;
  readonly kernelDropped = null;
  readonly interfaceDropped = null;
  damage: Damage | null = null;
  private readonly little: boolean;
  private readonly nano: boolean;
  private readonly linkType: number;
  private readonly recordHeader: number;

  /**
   * Takes the file header from the window. Throws NotACapture where it is of no use. `recordHeader` is the length of
   * a record's header where the magic does not tell.
   */
  constructor(window: ByteWindow, recordHeader?: number) {
    const { view, start } = window;
    this.little = !KINDS.has(view.getUint32(start));
    const kind = KINDS.get(view.getUint32(start, this.little)) ?? PLAIN;
    if (window.end - start < kind.fileHeader) {
      throw new NotACapture(
        `it begins like a pcap file and ends within the ${kind.fileHeader} bytes of its header`,
      );
    }
    this.nano = kind.nano;
    this.format = kind.format;
    this.recordHeader = recordHeader ?? kind.recordHeader;
    const major = view.getUint16(start + VERSION_MAJOR, this.little);
    if (major !== 2) throw new NotACapture(`it is a pcap file of version ${major}; version 2 is accepted`);
    this.snaplen = view.getUint32(start + SNAPLEN, this.little);
    const network = view.getUint32(start + LINK_TYPE, this.little);
    if ((network & RESERVED_MASK) !== 0) {
      const field = network.toString(16).padStart(8, '0');
      throw new NotACapture(`it is a pcap file whose link type field, 0x${field}, uses reserved bits`);
    }
    this.linkType = network & LINK_TYPE_MASK;
    this.linkTypes = [this.linkType];
    window.start += kind.fileHeader;
  }

  read(window: ByteWindow, batch: RecordBatch): ReadOutcome {
    const { little, nano, linkType, recordHeader } = this;
    const { view, end } = window;
    const { offset, length, wireLength, timeUs, linkType: linkTypes, capacity } = batch;
    batch.view = view;
    let at = window.start;
    let n = batch.count;
    let outcome: ReadOutcome = READ.batchFull;
    while (n < capacity) {
      const data = at + recordHeader;
      if (data > end) {
        outcome = READ.needsBytes;
        break;
      }
      const captured = view.getUint32(at + CAPTURED, little);
      if (captured > 65_535 && isFalseLength(captured, this.snaplen)) {
        this.damage = {
          offset: window.offsetOf(at),
          reason: `a record says it has ${captured} captured bytes`,
        };
        outcome = READ.damaged;
        break;
      }
      if (captured > end - data) {
        outcome = READ.needsBytes;
        break;
      }
      const fraction = view.getUint32(at + FRACTION, little);
      offset[n] = data;
      length[n] = captured;
      wireLength[n] = view.getUint32(at + ORIGINAL, little);
      linkTypes[n] = linkType;
      timeUs[n] =
        view.getUint32(at + SECONDS, little) * 1e6 + (nano ? Math.floor(fraction / 1000) : fraction);
      n++;
      at = data + captured;
    }
    batch.count = n;
    window.start = at;
    return outcome;
  }

  atEnd(window: ByteWindow): Damage | null {
    const left = window.end - window.start;
    if (left === 0) return null;
    const offset = window.offsetOf(window.start);
    if (left < this.recordHeader) {
      return {
        offset,
        reason: `cut short: ${left} of the ${this.recordHeader} bytes of a record header are there`,
      };
    }
    const captured = window.view.getUint32(window.start + CAPTURED, this.little);
    const there = left - this.recordHeader;
    return { offset, reason: `cut short: ${there} of the ${captured} bytes of a packet are there` };
  }
}
