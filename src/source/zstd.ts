// zstd (RFC 8878): frames one after another, skippable ones passed over. Frames and blocks are told apart here, so
// that a decoder is given whole blocks: what came before a damaged one is handed on, and no more is kept than a window.

import { type PackedInput, StreamDamage } from './packed.ts';
import { type BlockDecoder, newBlockDecoder } from './zstd-decoder.ts';

const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;

const MEBIBYTE = 1 << 20;
/** What `zstd --long` writes at most, and what its decoder takes without being asked. */
const MAX_WINDOW = 128 * MEBIBYTE;
const MAX_BLOCK = 1 << 17;
const BLOCK_HEADER = 3;
const CHECKSUM = 4;

/** Whether bytes begin like a zstd frame, or one that a zstd decoder passes over. */
export function isZstd(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  const magic = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
  return magic === MAGIC || isSkippable(magic);
}

function isSkippable(magic: number): boolean {
  return (magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE;
}

/** The plain bytes of all frames. Throws StreamDamage after all that came before the damage. */
export async function* unzstd(
  input: PackedInput,
  newDecoder: typeof newBlockDecoder = newBlockDecoder,
): AsyncGenerator<Uint8Array, void> {
  while (await input.need(1)) {
    if (!(await input.need(4))) throw endsEarly(input);
    const magic = input.view.getUint32(input.start, true);
    if (magic === MAGIC) yield* frame(input, newDecoder);
    else if (isSkippable(magic)) await passFrame(input);
    else {
      throw new StreamDamage(
        `what follows the zstd stream, at byte ${input.position} of ${input.of}, is no zstd`,
      );
    }
  }
}

async function passFrame(input: PackedInput): Promise<void> {
  if (!(await input.need(8))) throw endsEarly(input);
  const length = input.view.getUint32(input.start + 4, true);
  if (!(await input.pass(8 + length))) throw endsEarly(input);
}

interface FrameHeader {
  readonly bytes: Uint8Array;
  /** Size of the content; null where the frame does not say it. */
  readonly size: number | null;
  readonly hasChecksum: boolean;
}

async function* frame(
  input: PackedInput,
  newDecoder: typeof newBlockDecoder,
): AsyncGenerator<Uint8Array, void> {
  const begin = input.position;
  const header = await readHeader(input);
  const decoder: BlockDecoder = newDecoder(header.bytes);
  try {
    let size = 0;
    for (let isLast = false; !isLast; ) {
      if (!(await input.need(BLOCK_HEADER))) throw endsEarly(input);
      const at = input.position;
      const word = input.view.getUint16(input.start, true) | (input.bytes[input.start + 2] << 16);
      isLast = (word & 1) === 1;
      const type = (word >> 1) & 3;
      const length = word >> 3;
      if (type === 3 || length > MAX_BLOCK) throw damagedAt(input, at);
      // A block of one byte repeated says how often.
      const total = BLOCK_HEADER + (type === 1 ? 1 : length);
      if (!(await input.need(total))) throw endsEarly(input);
      const block = input.bytes.subarray(input.start, input.start + total);
      try {
        for await (const plain of decoder.decode(block, isLast)) {
          size += plain.length;
          yield plain;
        }
      } catch (error) {
        if (error instanceof StreamDamage) throw error;
        throw damagedAt(input, at);
      }
      input.start += total;
    }
    if (header.hasChecksum) {
      if (!(await input.need(CHECKSUM))) throw endsEarly(input);
      const bytes = input.bytes.subarray(input.start, input.start + CHECKSUM);
      if (!(await decoder.hasChecksum(bytes))) {
        throw new StreamDamage(
          `the zstd stream's checksum at byte ${input.position} of ${input.of} is not that of its content`,
        );
      }
      input.start += CHECKSUM;
    }
    if (header.size !== null && header.size !== size) {
      throw new StreamDamage(
        `the zstd frame at byte ${begin} of ${input.of} says it holds ${header.size} bytes, and holds ${size}`,
      );
    }
  } finally {
    decoder.close();
  }
}

/** Takes a frame's header. Throws StreamDamage where its content could not be had. */
async function readHeader(input: PackedInput): Promise<FrameHeader> {
  const begin = input.position;
  if (!(await input.need(5))) throw endsEarly(input);
  const descriptor = input.bytes[input.start + 4];
  const isSingle = (descriptor & 0x20) !== 0;
  const dictionaryLength = [0, 1, 2, 4][descriptor & 3];
  const sizeLength = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const windowLength = isSingle ? 0 : 1;
  const length = 5 + windowLength + dictionaryLength + sizeLength;
  if (!(await input.need(length))) throw endsEarly(input);
  const bytes = input.bytes.slice(input.start, input.start + length);
  const where = `the zstd frame at byte ${begin} of ${input.of}`;
  if ((descriptor & 0x08) !== 0) throw new StreamDamage(`${where} is of a kind that nobody writes yet`);
  if (bytes.subarray(5 + windowLength, length - sizeLength).some((byte) => byte !== 0)) {
    throw new StreamDamage(`${where} was made with a dictionary, and cannot be read without`);
  }
  const size = sizeLength === 0 ? null : contentSize(bytes.subarray(length - sizeLength));
  const window = isSingle ? (size ?? 0) : windowOf(bytes[5]);
  if (window > MAX_WINDOW) {
    const mebibytes = Math.ceil(window / MEBIBYTE);
    throw new StreamDamage(
      `${where} wants ${mebibytes} MiB of memory, and ${MAX_WINDOW / MEBIBYTE} are allowed: unpack it with zstd -d --long=31`,
    );
  }
  input.start += length;
  return { bytes, size, hasChecksum: (descriptor & 0x04) !== 0 };
}

/** The window descriptor: five bits of exponent, three of eighths. */
function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3));
  return base + (base / 8) * (byte & 7);
}

function contentSize(field: Uint8Array): number {
  const size = field.reduceRight((sum, byte) => sum * 256 + byte, 0);
  return field.length === 2 ? size + 256 : size;
}

function damagedAt(input: PackedInput, position: number): StreamDamage {
  return new StreamDamage(`the zstd stream is damaged in the block at byte ${position} of ${input.of}`);
}

function endsEarly(input: PackedInput): StreamDamage {
  return new StreamDamage(
    `the zstd stream ends early at byte ${input.position + input.end - input.start} of ${input.of}`,
  );
}
