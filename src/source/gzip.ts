// gzip (RFC 1952): members one after another, zeros between and behind them. The headers and checksums are read
// here and not by zlib's own gunzip, which throws the last plain bytes away where a checksum is wrong.

import * as zlib from 'node:zlib';
import { type PackedInput, StreamDamage } from './packed.ts';
import { Pump } from './pump.ts';

const ID1 = 0x1f;
const ID2 = 0x8b;
const HEADER = 10;
const TRAILER = 8;
const DEFLATE = 8;
const HEADER_CRC = 2;
const EXTRA = 4;
const NAME = 8;
const COMMENT = 16;
const RESERVED = 0xe0;

const PLAIN_PIECE = 1 << 16;
/** A member is read again up to its damage where it is not larger than this, packed and unpacked. */
const KEPT = 1 << 20;
const KEPT_PLAIN = 1 << 24;

/** Whether bytes begin like gzip. */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === ID1 && head[1] === ID2;
}

/** The plain bytes of all members. Throws StreamDamage after all that came before the damage. */
export async function* gunzip(input: PackedInput): AsyncGenerator<Uint8Array, void> {
  do {
    await passHeader(input);
    yield* inflate(input);
  } while (await findMember(input));
}

/** Passes over zeros that pad the file; false at its end. */
async function findMember(input: PackedInput): Promise<boolean> {
  while (await input.need(1)) {
    if (input.bytes[input.start] === 0) input.start++;
    else {
      // One byte may be the first of a header that is cut.
      if (!(await input.need(2)) && input.bytes[input.start] === ID1) return true;
      if (isGzip(input.bytes.subarray(input.start, input.end))) return true;
      break;
    }
  }
  if (input.start === input.end) return false;
  throw new StreamDamage(
    `what follows the gzip stream, at byte ${input.position} of ${input.of}, is no gzip`,
  );
}

async function passHeader(input: PackedInput): Promise<void> {
  const begin = input.position;
  if (!(await input.need(HEADER))) throw endsEarly(input);
  const method = input.bytes[input.start + 2];
  const flags = input.bytes[input.start + 3];
  if (method !== DEFLATE || (flags & RESERVED) !== 0) {
    throw new StreamDamage(`the gzip header at byte ${begin} of ${input.of} is of a kind that nobody writes`);
  }
  input.start += HEADER;
  if ((flags & EXTRA) !== 0) {
    if (!(await input.need(2))) throw endsEarly(input);
    const length = input.view.getUint16(input.start, true);
    if (!(await input.pass(2 + length))) throw endsEarly(input);
  }
  if ((flags & NAME) !== 0) await passText(input);
  if ((flags & COMMENT) !== 0) await passText(input);
  if ((flags & HEADER_CRC) !== 0 && !(await input.pass(2))) throw endsEarly(input);
}

async function passText(input: PackedInput): Promise<void> {
  do {
    if (!(await input.need(1))) throw endsEarly(input);
  } while (input.bytes[input.start++] !== 0);
}

/** The plain bytes of one member, from behind its header to behind its trailer. */
async function* inflate(input: PackedInput): AsyncGenerator<Uint8Array, void> {
  const begin = input.position;
  const pump = new Pump(
    zlib.createInflateRaw({ chunkSize: PLAIN_PIECE, finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  );
  const kept = new KeptInput();
  let crc = 0;
  let size = 0;
  let cut = false;
  try {
    for (;;) {
      const plain = await pump.next();
      if (plain !== null) {
        crc = crc32(plain, crc);
        size += plain.length;
        yield plain;
        continue;
      }
      if (pump.ended) break;
      if (await input.need(1)) {
        const bytes = input.bytes.subarray(input.start, input.end);
        input.start = input.end;
        kept.add(bytes);
        pump.write(bytes);
      } else {
        cut = true;
        pump.end();
      }
    }
  } catch (error) {
    if (!isZlibError(error)) throw error;
    const { plain, used } = kept.untilDamage(size);
    yield plain;
    const where = used === null ? `before byte ${input.position}` : `at byte ${begin + used}`;
    throw new StreamDamage(`the gzip stream is damaged ${where} of ${input.of}`);
  } finally {
    pump.close();
  }
  if (cut) throw endsEarly(input);
  // What was given and not used is the trailer, and what follows it.
  input.start -= input.position - begin - pump.used;
  if (!(await input.need(TRAILER))) throw endsEarly(input);
  const trailer = input.position;
  const wanted = input.view.getUint32(input.start, true);
  const wantedSize = input.view.getUint32(input.start + 4, true);
  if (wanted !== crc || wantedSize !== size % 0x1_0000_0000) {
    const what = wanted === crc ? 'size' : 'checksum';
    throw new StreamDamage(
      `the gzip stream's ${what} at byte ${trailer} of ${input.of} is not that of its content`,
    );
  }
  input.start += TRAILER;
}

/** The beginning of a member, to find out what can be had of it before its damage. */
class KeptInput {
  private parts: Uint8Array[] | null = [];
  private size = 0;

  add(bytes: Uint8Array): void {
    this.size += bytes.length;
    if (this.size > KEPT) this.parts = null;
    this.parts?.push(bytes.slice());
  }

  /**
   * The plain bytes between the first `had` ones and the damage, which zlib keeps to itself when it fails, and how
   * many compressed bytes are sound; nothing and null where the member is too large to be read again.
   */
  untilDamage(had: number): { readonly plain: Uint8Array; readonly used: number | null } {
    if (this.parts === null || had > KEPT_PLAIN) return { plain: new Uint8Array(0), used: null };
    const bytes = Buffer.concat(this.parts);
    let plain: Uint8Array = new Uint8Array(0);
    let good = 0;
    for (let bad = bytes.length; bad - good > 1; ) {
      const middle = (good + bad) >> 1;
      const found = inflatedOrNull(bytes.subarray(0, middle));
      if (found === null) bad = middle;
      else {
        good = middle;
        plain = found;
      }
    }
    return { plain: plain.subarray(had), used: good };
  }
}

function inflatedOrNull(bytes: Uint8Array): Uint8Array | null {
  try {
    return zlib.inflateRawSync(bytes, { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  } catch {
    return null;
  }
}

function isZlibError(error: unknown): boolean {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return code?.startsWith('Z_') === true;
}

function endsEarly(input: PackedInput): StreamDamage {
  return new StreamDamage(
    `the gzip stream ends early at byte ${input.position + input.end - input.start} of ${input.of}`,
  );
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 0 ? 0 : 0xedb88320);
  return crc;
});

/** RFC 1952, section 8. */
export function crc32OfTable(bytes: Uint8Array, before: number): number {
  let crc = ~before;
  for (let at = 0; at < bytes.length; at++) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[at]) & 0xff];
  return ~crc >>> 0;
}

/** zlib's own is fifty times faster, and there from Node 20.15 on. */
const crc32: (bytes: Uint8Array, before: number) => number = zlib.crc32 ?? crc32OfTable;
