// snoop, as Solaris writes it (RFC 1761; more datalink types in RFC 3827 and in IANA's registry of them).

import { SNOOP_DATALINK } from '../base/media.ts';
import { type ByteWindow, LONGEST_PIECE } from './bytes.ts';
import type { CaptureReader } from './reader.ts';
import {
  type Damage,
  isFalseLength,
  NotACapture,
  READ,
  type ReadOutcome,
  type RecordBatch,
} from './record.ts';

export const SNOOP_MAGIC = [0x73, 0x6e, 0x6f, 0x6f, 0x70, 0, 0, 0];

const FILE_HEADER = 16;
const VERSION = 8;
const DATALINK = 12;

const RECORD_HEADER = 24;
const ORIGINAL = 0;
const INCLUDED = 4;
const RECORD_LENGTH = 8;
const DROPS = 12;
const SECONDS = 16;
const MICROSECONDS = 20;

/** pcap's link types by snoop's datalink types. */
const LINK_TYPES: ReadonlyMap<number, number> = new Map([
  [0, 1], // IEEE 802.3
  [2, 6], // IEEE 802.5
  [4, 1], // Ethernet
  [8, 10], // FDDI
  [16, 122], // IP over Fibre Channel
  [18, 123], // ATM
  [26, 242], // IP over InfiniBand
]);

/** Reads snoop from a window. */
export class SnoopReader implements CaptureReader {
  readonly format = 'snoop';
  readonly linkTypes: readonly number[];
  readonly snaplen = null;
  /** Running total of the last record read. */
  kernelDropped: number | null = null;
  readonly interfaceDropped = null;
  damage: Damage | null = null;
  private readonly linkType: number;

  /** Takes the file header from the window. Throws NotACapture where it is of no use. */
  constructor(window: ByteWindow) {
    const { view, start } = window;
    if (window.end - start < FILE_HEADER) {
      throw new NotACapture(
        `it begins like a snoop file and ends within the ${FILE_HEADER} bytes of its header`,
      );
    }
    const version = view.getUint32(start + VERSION);
    if (version !== 2)
      throw new NotACapture(`it is a snoop file of version ${version}; version 2 is accepted`);
    const datalink = view.getUint32(start + DATALINK);
    // The types with the top bit set are private ones of Solaris.
    this.linkType = LINK_TYPES.get(datalink) ?? SNOOP_DATALINK + (datalink & 0xffff);
    this.linkTypes = [this.linkType];
    window.start += FILE_HEADER;
  }

  read(window: ByteWindow, batch: RecordBatch): ReadOutcome {
    const { view, end } = window;
    batch.view = view;
    while (batch.count < batch.capacity) {
      const at = window.start;
      if (end - at < RECORD_HEADER) return READ.needsBytes;
      const length = view.getUint32(at + RECORD_LENGTH);
      const captured = view.getUint32(at + INCLUDED);
      const problem = problemOf(length, captured);
      if (problem !== null) {
        this.damage = { offset: window.offsetOf(at), reason: problem };
        return READ.damaged;
      }
      if (length > end - at) return READ.needsBytes;
      const n = batch.count++;
      batch.offset[n] = at + RECORD_HEADER;
      batch.length[n] = captured;
      batch.wireLength[n] = view.getUint32(at + ORIGINAL);
      batch.linkType[n] = this.linkType;
      batch.timeUs[n] = view.getUint32(at + SECONDS) * 1e6 + view.getUint32(at + MICROSECONDS);
      this.kernelDropped = view.getUint32(at + DROPS);
      window.start = at + length;
    }
    return READ.batchFull;
  }

  atEnd(window: ByteWindow): Damage | null {
    const left = window.end - window.start;
    if (left === 0) return null;
    const offset = window.offsetOf(window.start);
    if (left < RECORD_HEADER) {
      const reason = `cut short: ${left} of the ${RECORD_HEADER} bytes of a record header are there`;
      return { offset, reason };
    }
    const length = window.view.getUint32(window.start + RECORD_LENGTH);
    return { offset, reason: `cut short: a record says it has ${length} bytes, and ${left} are left` };
  }
}

function problemOf(length: number, captured: number): string | null {
  if (isFalseLength(captured, 0)) return `a record says it has ${captured} captured bytes`;
  if (length < RECORD_HEADER + captured) {
    return `a record says it has ${length} bytes, and ${captured} captured ones in them`;
  }
  return length > LONGEST_PIECE ? `a record says it has ${length} bytes` : null;
}
