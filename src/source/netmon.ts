// Microsoft Network Monitor 1.x and 2.x (the capture file format in the help of Network Monitor 3.4; 1.x and what is
// really found in files are described in wiretap/netmon.c of Wireshark).

import type { ByteWindow } from './bytes.ts';
import {
  fileTimeUs,
  NETMON_HEADER,
  type NetmonHeader,
  readNetmonHeader,
  sinceStartUs,
} from './netmon-header.ts';
import {
  BEHIND_RADIO_HEADER,
  isNote,
  linkTypeOfMedia,
  NETMON_WIFI,
  radioHeaderLength,
} from './netmon-media.ts';
import { addEntries, entryProblem, PlaceSum, readTable, tableOutside, tableProblem } from './netmon-table.ts';
import type { CaptureReader } from './reader.ts';
import {
  type Damage,
  isFalseLength,
  NotACapture,
  READ,
  type ReadOutcome,
  type RecordBatch,
} from './record.ts';

const UTC_TIME = 6;
/** Frames that lie before the one read last, as far as reading them means to go back in the file. */
const MOST_JUMPS_BACK = 4096;
const ENTRY = 4;

/** Reads Network Monitor files from a window: by the frame table where one can jump, else in order. */
export class NetmonReader implements CaptureReader {
  readonly format: string;
  readonly linkTypes: number[] = [];
  readonly snaplen = null;
  readonly kernelDropped = null;
  readonly interfaceDropped = null;
  damage: Damage | null = null;
  private readonly header: NetmonHeader;
  /** Where frames are; null where they are taken in order. */
  private readonly table: Uint32Array | null;
  private readonly problem: string | null;
  /** Frames taken so far. */
  private frames = 0;
  private jumpsBack = 0;
  private readonly met = new PlaceSum();
  private readonly listed = new PlaceSum();
  /** In a stream, where the frames ended, and bytes of the table that are still to be compared; null before. */
  private framesEnd: number | null = null;
  private tableLeft: number | null = null;

  private constructor(header: NetmonHeader, table: Uint32Array | null, problem: string | null) {
    this.header = header;
    this.table = table;
    this.problem = problem;
    this.format = header.format;
    if (header.trailer === 0) this.meet(linkTypeOfMedia(header.media));
  }

  /** Makes the reader. Throws NotACapture where the header is of no use. */
  static async open(window: ByteWindow): Promise<NetmonReader> {
    while (!window.ended && window.end - window.start < NETMON_HEADER) await window.more();
    const header = readNetmonHeader(window);
    const problem = tableProblem(header, window.size);
    window.start += NETMON_HEADER;
    if (problem !== null || !window.canJump || header.tableLength === 0) {
      return new NetmonReader(header, null, problem);
    }
    const table = await readTable(window, header);
    if (table === null)
      throw new NotACapture('it is a Network Monitor file that got shorter while it was read');
    window.jump(NETMON_HEADER);
    // What does not even begin like a table is none: frames are taken in order, as far as that goes.
    const first = entryProblem(table, 0, header, window.size ?? 0);
    return first === null ? new NetmonReader(header, table, null) : new NetmonReader(header, null, first);
  }

  read(window: ByteWindow, batch: RecordBatch): ReadOutcome {
    batch.view = window.view;
    while (batch.count < batch.capacity) {
      if (this.isPastFrames(window)) return this.readRest(window);
      if (this.table !== null && !this.turnTo(window, this.table)) return READ.damaged;
      const outcome = this.frame(window, batch);
      if (outcome !== READ.batchFull) return outcome;
    }
    return READ.batchFull;
  }

  atEnd(window: ByteWindow): Damage | null {
    const { frameHeader, tableLength, tableOffset } = this.header;
    if (this.table !== null && this.frames === this.table.length) return null;
    if (this.tableLeft === 0) return null;
    const size = window.offsetOf(window.end);
    if (this.framesEnd !== null) return { offset: this.framesEnd, reason: tableOutside(this.header, size) };
    const offset = window.offsetOf(window.start);
    const left = window.end - window.start;
    if (left === 0) {
      const isUnfinished = tableLength === 0 && tableOffset === 0;
      return isUnfinished ? null : { offset, reason: this.problem ?? tableOutside(this.header, size) };
    }
    if (left < frameHeader) {
      return { offset, reason: `cut short: ${left} of the ${frameHeader} bytes of a frame header are there` };
    }
    const total = this.lengthOf(window, window.start);
    return { offset, reason: `cut short: ${left} of the ${total} bytes of a frame are there` };
  }

  private isPastFrames(window: ByteWindow): boolean {
    const { tableLength, tableOffset } = this.header;
    if (this.table !== null) return this.frames === this.table.length;
    if (this.framesEnd !== null || (tableLength > 0 && this.frames >= tableLength / ENTRY)) return true;
    // A header that was never finished names no table: then all is frames.
    return this.problem === null && tableOffset > 0 && window.offsetOf(window.start) >= tableOffset;
  }

  /** What is behind the frames: of a stream the table, which is compared with what was met. */
  private readRest(window: ByteWindow): ReadOutcome {
    if (this.table === null) {
      if (this.problem !== null) return this.fail(window.offsetOf(window.start), this.problem);
      const { tableOffset, tableLength } = this.header;
      this.framesEnd ??= window.offsetOf(window.start);
      if (this.tableLeft === null) {
        // Between frames and table may be other tables.
        const before = tableOffset - window.offsetOf(window.start);
        if (before < 0) return this.failTable();
        if (before > window.end - window.start) {
          window.start = window.end;
          return READ.needsBytes;
        }
        window.start += before;
        this.tableLeft = tableLength;
      }
      if (this.tableLeft > 0) this.tableLeft -= addEntries(window, this.tableLeft, this.listed);
      if (this.tableLeft > 0) return READ.needsBytes;
      if (!this.listed.equals(this.met)) return this.failTable();
    }
    window.start = window.end;
    return READ.needsBytes;
  }

  private failTable(): ReadOutcome {
    const { tableOffset, tableLength } = this.header;
    return this.fail(
      tableOffset,
      `the frame table names ${tableLength / ENTRY} frames in other places than the ${this.frames} that were found`,
    );
  }

  /** Goes to the next frame of the table; false where that cannot be. */
  private turnTo(window: ByteWindow, table: Uint32Array): boolean {
    const to = table[this.frames];
    const entry = this.header.tableOffset + this.frames * ENTRY;
    const problem = entryProblem(table, this.frames, this.header, window.size ?? 0);
    if (problem !== null) {
      this.fail(entry, problem);
      return false;
    }
    const at = window.offsetOf(window.start);
    if (to === at || window.jump(to) || to > at || ++this.jumpsBack <= MOST_JUMPS_BACK) return true;
    this.fail(entry, `the frame table goes back in the file more than ${MOST_JUMPS_BACK} times`);
    return false;
  }

  private frame(window: ByteWindow, batch: RecordBatch): ReadOutcome {
    const { view } = window;
    const { frameHeader, trailer, tableOffset } = this.header;
    const at = window.start;
    if (window.end - at < frameHeader) return READ.needsBytes;
    const offset = window.offsetOf(at);
    const captured = this.capturedOf(view, at);
    if (isFalseLength(captured, 0)) {
      return this.fail(offset, `a frame says it has ${captured} captured bytes`);
    }
    const length = frameHeader + captured + trailer;
    if (this.problem === null && offset < tableOffset && offset + length > tableOffset) {
      return this.fail(offset, `a frame of ${length} bytes runs into the frame table at ${tableOffset}`);
    }
    if (length > window.end - at) return READ.needsBytes;
    const media = trailer === 0 ? this.header.media : view.getUint16(at + frameHeader + captured, true);
    if (!isNote(media)) this.put(batch, view, at, captured, media);
    this.frames++;
    if (this.table === null) this.met.add(offset);
    window.start = at + length;
    return READ.batchFull;
  }

  private put(batch: RecordBatch, view: DataView, at: number, captured: number, media: number): void {
    const { frameHeader } = this.header;
    const n = batch.count++;
    let linkType = linkTypeOfMedia(media);
    let before = 0;
    const wire = this.wireOf(view, at);
    if (linkType === NETMON_WIFI && wire >= captured) {
      before = radioHeaderLength(view, at + frameHeader, captured);
      if (before > 0) linkType = BEHIND_RADIO_HEADER;
    }
    batch.offset[n] = at + frameHeader + before;
    batch.length[n] = captured - before;
    batch.wireLength[n] = wire - before;
    batch.linkType[n] = linkType;
    batch.timeUs[n] = this.timeOf(view, at, captured);
    this.meet(linkType);
  }

  private meet(linkType: number): void {
    if (!this.linkTypes.includes(linkType)) this.linkTypes.push(linkType);
  }

  private timeOf(view: DataView, at: number, captured: number): number {
    const { startUs, frameHeader, minor, trailer } = this.header;
    if (trailer > 0 && minor >= 3) {
      const stamp = at + frameHeader + captured + UTC_TIME;
      const [low, high] = [view.getUint32(stamp, true), view.getUint32(stamp + 4, true)];
      if (low !== 0 || high !== 0) return fileTimeUs(high, low);
    }
    if (frameHeader === 8) return startUs + view.getUint32(at, true) * 1000;
    const us = startUs + sinceStartUs(view.getUint32(at + 4, true), view.getUint32(at, true));
    return Math.max(Math.min(us, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
  }

  /** 1.x has lengths of 16 bits behind its time, 2.x of 32. */
  private wireOf(view: DataView, at: number): number {
    return this.header.frameHeader === 8 ? view.getUint16(at + 4, true) : view.getUint32(at + 8, true);
  }

  private capturedOf(view: DataView, at: number): number {
    return this.header.frameHeader === 8 ? view.getUint16(at + 6, true) : view.getUint32(at + 12, true);
  }

  private lengthOf(window: ByteWindow, at: number): number {
    return this.header.frameHeader + this.capturedOf(window.view, at) + this.header.trailer;
  }

  private fail(offset: number, reason: string): ReadOutcome {
    this.damage = { offset, reason };
    return READ.damaged;
  }
}
