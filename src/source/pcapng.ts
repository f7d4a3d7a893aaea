// pcapng (draft-ietf-opsawg-pcapng): sections in either byte order, their interfaces, and the blocks that hold
// packets. Blocks of other kinds are passed over, however long they say they are, without being kept.

import { type ByteWindow, LONGEST_PIECE } from './bytes.ts';
import { type Interface, interfaceOf, type Options, readOptions, u64Of } from './pcapng-blocks.ts';
import type { CaptureReader } from './reader.ts';
import {
  type Damage,
  isFalseLength,
  NO_RECORD_TIME,
  NotACapture,
  READ,
  type ReadOutcome,
  type RecordBatch,
} from './record.ts';

export const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const TYPE_AND_LENGTH = 8;
const SMALLEST_BLOCK = 12;
/** Body bytes before options or packet data, and with type and lengths the smallest block. */
const SECTION_MIN = 28;
const INTERFACE_MIN = 20;
const STATISTICS_MIN = 24;
const PACKET_MIN = 32;
const SIMPLE_MIN = 16;

/** Each is kept until its section ends. The obsolete packet block has no room for the number of a later one. */
const MOST_INTERFACES = 65_536;

const IF_DROP = 5;
const OS_DROP = 7;

/** Reads pcapng from a window: all sections, either byte order. */
export class PcapngReader implements CaptureReader {
  readonly format = 'pcapng';
  readonly linkTypes: number[] = [];
  private readonly linkTypesMet = new Set<number>();
  snaplen: number | null = null;
  kernelDropped: number | null = null;
  interfaceDropped: number | null = null;
  damage: Damage | null = null;
  private little = true;
  private interfaces: Interface[] = [];
  /** A block that is passed over: where it began, how long it is, and how much of it is still to come. */
  private passedAt = 0;
  private passedLength = 0;
  private passing = 0;

  /** Looks at the first section header, which `read` will take. Throws NotACapture where it is of no use. */
  constructor(window: ByteWindow) {
    if (window.end - window.start < SECTION_MIN) {
      throw new NotACapture('it begins like a pcapng file and ends within its first block');
    }
    const problem = this.sectionProblem(window.view, window.start);
    if (problem !== null) throw new NotACapture(`it is a pcapng file whose ${problem}`);
  }

  read(window: ByteWindow, batch: RecordBatch): ReadOutcome {
    batch.view = window.view;
    while (batch.count < batch.capacity) {
      if (this.passing > 0 && !this.pass(window))
        return this.damage === null ? READ.needsBytes : READ.damaged;
      const at = window.start;
      if (window.end - at < SMALLEST_BLOCK) return READ.needsBytes;
      const type = window.view.getUint32(at, this.little);
      if (type === ENHANCED_PACKET && this.takesWhole(window, at)) {
        if (this.enhancedPacket(window, at, batch)) continue;
        return READ.damaged;
      }
      const outcome = this.block(window, at, type, batch);
      if (outcome !== READ.batchFull) return outcome;
    }
    return READ.batchFull;
  }

  atEnd(window: ByteWindow): Damage | null {
    if (this.passing > 0) {
      const end = window.offsetOf(window.end);
      return { offset: this.passedAt, reason: tooLong(this.passedLength, end - this.passedAt) };
    }
    const left = window.end - window.start;
    if (left === 0) return null;
    const offset = window.offsetOf(window.start);
    if (left < SMALLEST_BLOCK) {
      return {
        offset,
        reason: `cut short: ${left} of the ${SMALLEST_BLOCK} bytes that a block has at least are there`,
      };
    }
    // A section header may be of the other byte order, which its magic tells.
    if (window.view.getUint32(window.start, this.little) === SECTION_HEADER) {
      this.little = window.view.getUint32(window.start + TYPE_AND_LENGTH, true) === BYTE_ORDER_MAGIC;
    }
    const length = window.view.getUint32(window.start + 4, this.little);
    return { offset, reason: tooLong(length, left) };
  }

  /** Whether the block at `at` is of a length that can be, and is in the window to its last byte. */
  private takesWhole(window: ByteWindow, at: number): boolean {
    const length = window.view.getUint32(at + 4, this.little);
    return length >= PACKET_MIN && (length & 3) === 0 && length <= LONGEST_PIECE && length <= window.end - at;
  }

  private enhancedPacket(window: ByteWindow, at: number, batch: RecordBatch): boolean {
    const { view } = window;
    const little = this.little;
    const length = view.getUint32(at + 4, little);
    const source = this.interfaces[view.getUint32(at + 8, little)];
    const captured = view.getUint32(at + 20, little);
    if (
      view.getUint32(at + length - 4, little) !== length ||
      source === undefined ||
      captured > length - PACKET_MIN
    ) {
      return this.refusePacket(window, at, view.getUint32(at + 8, little), captured, length);
    }
    if (captured > 65_535 && isFalseLength(captured, source.snaplen)) {
      return this.fail(window, at, `a packet block says it has ${captured} captured bytes`);
    }
    const n = batch.count++;
    batch.offset[n] = at + 28;
    batch.length[n] = captured;
    batch.wireLength[n] = view.getUint32(at + 24, little);
    batch.linkType[n] = source.linkType;
    batch.timeUs[n] = source.scale.toUs(view.getUint32(at + 12, little), view.getUint32(at + 16, little));
    window.start = at + length;
    return true;
  }

  /** Any block but a whole enhanced packet; `batchFull` means: go on. */
  private block(window: ByteWindow, at: number, type: number, batch: RecordBatch): ReadOutcome {
    const { view } = window;
    if (type === SECTION_HEADER) {
      if (window.end - at < SECTION_MIN) return READ.needsBytes;
      const problem = this.sectionProblem(view, at);
      if (problem !== null) {
        this.fail(window, at, `a section's ${problem}`);
        return READ.damaged;
      }
    }
    const length = view.getUint32(at + 4, this.little);
    const least = leastOf(type);
    if (length < least) {
      this.fail(window, at, `a block of type ${type} says it has ${length} bytes, and has ${least} at least`);
      return READ.damaged;
    }
    if ((length & 3) !== 0) {
      this.fail(window, at, `a block says it has ${length} bytes, which is not a multiple of four`);
      return READ.damaged;
    }
    if (isRead(type) && length > LONGEST_PIECE) {
      this.fail(
        window,
        at,
        `a block of type ${type} says it has ${length} bytes, more than any writer puts there`,
      );
      return READ.damaged;
    }
    if (length > window.end - at) {
      const left = window.size === null ? Infinity : window.size - window.offsetOf(at);
      if (length > left) {
        this.fail(window, at, tooLong(length, left));
        return READ.damaged;
      }
      if (isRead(type)) return READ.needsBytes;
      this.passedAt = window.offsetOf(at);
      this.passedLength = length;
      this.passing = length;
      return READ.batchFull;
    }
    if (view.getUint32(at + length - 4, this.little) !== length) {
      this.fail(window, at, endsOtherwise(length, view.getUint32(at + length - 4, this.little)));
      return READ.damaged;
    }
    if (!this.take(window, at, type, length, batch)) return READ.damaged;
    window.start = at + length;
    return READ.batchFull;
  }

  /** Passes over as much of a long block as the window has; true when it is over. */
  private pass(window: ByteWindow): boolean {
    const there = window.end - window.start;
    if (this.passing > 4) {
      const step = Math.min(there, this.passing - 4);
      window.start += step;
      this.passing -= step;
    }
    if (this.passing > 4 || window.end - window.start < 4) return false;
    const trailer = window.view.getUint32(window.start, this.little);
    if (trailer !== this.passedLength) {
      this.damage = { offset: this.passedAt, reason: endsOtherwise(this.passedLength, trailer) };
      return false;
    }
    window.start += 4;
    this.passing = 0;
    return true;
  }

  /** Reads a block that is wholly in the window. */
  private take(window: ByteWindow, at: number, type: number, length: number, batch: RecordBatch): boolean {
    const { view } = window;
    const little = this.little;
    switch (type) {
      case SECTION_HEADER:
        this.interfaces = [];
        return true;
      case INTERFACE_DESCRIPTION: {
        if (this.interfaces.length === MOST_INTERFACES) {
          return this.fail(window, at, `a section describes more than ${MOST_INTERFACES} interfaces`);
        }
        const linkType = view.getUint16(at + TYPE_AND_LENGTH, little);
        const snaplen = view.getUint32(at + 12, little);
        this.interfaces.push(interfaceOf(linkType, snaplen, this.optionsOf(view, at + 16, at + length - 4)));
        if (!this.linkTypesMet.has(linkType)) {
          this.linkTypesMet.add(linkType);
          this.linkTypes.push(linkType);
        }
        if (snaplen !== 0) this.snaplen = Math.max(this.snaplen ?? 0, snaplen);
        return true;
      }
      case INTERFACE_STATISTICS: {
        const source = this.interfaces[view.getUint32(at + TYPE_AND_LENGTH, little)];
        if (source !== undefined) this.countDrops(source, this.optionsOf(view, at + 20, at + length - 4));
        return true;
      }
      case SIMPLE_PACKET:
        return this.simplePacket(window, at, length, batch);
      case OBSOLETE_PACKET:
        return this.obsoletePacket(window, at, length, batch);
      default:
        return true;
    }
  }

  private simplePacket(window: ByteWindow, at: number, length: number, batch: RecordBatch): boolean {
    const source = this.interfaces[0];
    if (source === undefined)
      return this.fail(window, at, 'a packet comes before any interface is described');
    const original = window.view.getUint32(at + TYPE_AND_LENGTH, this.little);
    // Section 4.4: it has no length of its own but the lesser of these two, and the block's must have room for it.
    const captured = Math.min(original, source.snaplen === 0 ? original : source.snaplen);
    const room = length - SIMPLE_MIN;
    if (captured > room) return this.fail(window, at, noRoom(captured, room));
    if (isFalseLength(captured, source.snaplen)) {
      return this.fail(window, at, `a packet block says it has ${captured} captured bytes`);
    }
    const n = batch.count++;
    batch.offset[n] = at + 12;
    batch.length[n] = captured;
    batch.wireLength[n] = original;
    batch.linkType[n] = source.linkType;
    batch.timeUs[n] = NO_RECORD_TIME;
    return true;
  }

  private obsoletePacket(window: ByteWindow, at: number, length: number, batch: RecordBatch): boolean {
    const { view } = window;
    const little = this.little;
    const number = view.getUint16(at + TYPE_AND_LENGTH, little);
    const source = this.interfaces[number];
    const captured = view.getUint32(at + 20, little);
    if (source === undefined || captured > length - PACKET_MIN) {
      return this.refusePacket(window, at, number, captured, length);
    }
    if (isFalseLength(captured, source.snaplen)) {
      return this.fail(window, at, `a packet block says it has ${captured} captured bytes`);
    }
    const n = batch.count++;
    batch.offset[n] = at + 28;
    batch.length[n] = captured;
    batch.wireLength[n] = view.getUint32(at + 24, little);
    batch.linkType[n] = source.linkType;
    batch.timeUs[n] = source.scale.toUs(view.getUint32(at + 12, little), view.getUint32(at + 16, little));
    return true;
  }

  /** What keeps the section header at `at` from being read; null, and its byte order taken, if nothing does. */
  private sectionProblem(view: DataView, at: number): string | null {
    const magic = view.getUint32(at + TYPE_AND_LENGTH, true);
    if (magic === BYTE_ORDER_MAGIC) this.little = true;
    else if (view.getUint32(at + TYPE_AND_LENGTH) === BYTE_ORDER_MAGIC) this.little = false;
    else return `byte-order magic is 0x${magic.toString(16).padStart(8, '0')}`;
    const major = view.getUint16(at + 12, this.little);
    const minor = view.getUint16(at + 14, this.little);
    // The draft's section 4.1: 1.2 was written by some and differs in nothing.
    if (major === 1 && (minor === 0 || minor === 2)) return null;
    return `version is ${major}.${minor}, and 1.0 is accepted`;
  }

  private optionsOf(view: DataView, from: number, to: number): Options {
    return readOptions(view, from, to, this.little);
  }

  private countDrops(source: Interface, options: Options): void {
    const atInterface = u64Of(options.get(IF_DROP));
    if (atInterface !== null) {
      this.interfaceDropped = (this.interfaceDropped ?? 0) + atInterface - source.interfaceDropped;
      source.interfaceDropped = atInterface;
    }
    const bySystem = u64Of(options.get(OS_DROP));
    if (bySystem !== null) {
      this.kernelDropped = (this.kernelDropped ?? 0) + bySystem - source.kernelDropped;
      source.kernelDropped = bySystem;
    }
  }

  /** Says what is wrong with a packet block; always false. */
  private refusePacket(
    window: ByteWindow,
    at: number,
    number: number,
    captured: number,
    length: number,
  ): boolean {
    const trailer = window.view.getUint32(at + length - 4, this.little);
    if (trailer !== length) return this.fail(window, at, endsOtherwise(length, trailer));
    if (number >= this.interfaces.length) {
      const described = this.interfaces.length;
      return this.fail(window, at, `a packet names interface ${number}, and ${described} are described`);
    }
    return this.fail(window, at, noRoom(captured, length - PACKET_MIN));
  }

  private fail(window: ByteWindow, at: number, reason: string): boolean {
    this.damage = { offset: window.offsetOf(at), reason };
    return false;
  }
}

/** Blocks whose contents matter here, so that they must be in the window whole. */
function isRead(type: number): boolean {
  return leastOf(type) !== SMALLEST_BLOCK;
}

function leastOf(type: number): number {
  switch (type) {
    case SECTION_HEADER:
      return SECTION_MIN;
    case INTERFACE_DESCRIPTION:
      return INTERFACE_MIN;
    case INTERFACE_STATISTICS:
      return STATISTICS_MIN;
    case ENHANCED_PACKET:
    case OBSOLETE_PACKET:
      return PACKET_MIN;
    case SIMPLE_PACKET:
      return SIMPLE_MIN;
    default:
      return SMALLEST_BLOCK;
  }
}

function noRoom(captured: number, room: number): string {
  return `a packet block says it has ${captured} captured bytes and has room for ${room}`;
}

function tooLong(length: number, left: number): string {
  return `cut short: a block says it has ${length} bytes, and ${left} are left`;
}

function endsOtherwise(length: number, trailer: number): string {
  return `a block says it has ${length} bytes at its beginning and ${trailer} at its end`;
}
