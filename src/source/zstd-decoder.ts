// Who turns the blocks of a zstd frame into plain bytes: node:zlib where it can (Node 22.15 and newer), and else the
// package fzstd, which knows no checksums.

import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { Pump, type ZlibStream } from './pump.ts';
import { Xxh64 } from './xxh64.ts';

const PLAIN_PIECE = 1 << 17;
const WINDOW_LOG_MAX = 27;
const CHECKSUM_FLAG = 0x04;
const SINGLE_FLAG = 0x20;
const DESCRIPTOR = 4;

export interface BlockDecoder {
  /** The plain bytes of one whole block, given with its header. Throws where it makes no sense. */
  decode(block: Uint8Array, isLast: boolean): AsyncIterable<Uint8Array>;
  /** Whether the four bytes behind the last block are the checksum of what was decoded. */
  hasChecksum(bytes: Uint8Array): Promise<boolean>;
  close(): void;
}

/** Makes the decoder of one frame, given the frame's header. */
export function newBlockDecoder(header: Uint8Array): BlockDecoder {
  return hasNativeZstd() ? new NativeDecoder(header) : new FzstdDecoder(header);
}

/** The part of node:zlib that the types of Node 20 do not have. */
interface ZstdOfZlib {
  readonly createZstdDecompress?: (options: object) => ZlibStream;
  readonly constants: object & { readonly ZSTD_d_windowLogMax?: number };
}

const native = zlib as ZstdOfZlib;

export function hasNativeZstd(): boolean {
  return native.createZstdDecompress !== undefined;
}

/**
 * A frame header that wants at least as large a window, and does not say how much the frame holds: zlib would keep
 * the last block to itself where that is not so. Dictionaries are none.
 */
function withoutSize(header: Uint8Array): Uint8Array {
  const descriptor = header[DESCRIPTOR];
  const isSingle = (descriptor & SINGLE_FLAG) !== 0;
  const sizeAt = header.length - [1, 2, 4, 8][descriptor >> 6];
  const size = isSingle ? header.subarray(sizeAt).reduceRight((sum, byte) => sum * 256 + byte, 0) : 0;
  // The window's size is 2 to the power of ten more than this; 256 belong to a size of two bytes.
  const log = Math.max(Math.ceil(Math.log2(size + 256)) - 10, 0);
  const magic = header.subarray(0, DESCRIPTOR);
  return Uint8Array.of(...magic, descriptor & CHECKSUM_FLAG, isSingle ? log << 3 : header[DESCRIPTOR + 1]);
}

/** node:zlib, on a thread of its own. */
export class NativeDecoder implements BlockDecoder {
  private readonly pump: Pump;
  private header: Uint8Array | null;

  constructor(header: Uint8Array) {
    const { createZstdDecompress, constants } = native;
    if (createZstdDecompress === undefined) throw new Error('this Node has no zstd');
    const params = { [constants.ZSTD_d_windowLogMax ?? 0]: WINDOW_LOG_MAX };
    this.pump = new Pump(createZstdDecompress({ chunkSize: PLAIN_PIECE, params }));
    this.header = withoutSize(header);
  }

  async *decode(block: Uint8Array): AsyncGenerator<Uint8Array, void> {
    this.pump.write(this.header === null ? block : Buffer.concat([this.header, block]));
    this.header = null;
    yield* this.plain();
  }

  async hasChecksum(bytes: Uint8Array): Promise<boolean> {
    this.pump.write(bytes);
    try {
      for await (const _ of this.plain());
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.pump.close();
  }

  private async *plain(): AsyncGenerator<Uint8Array, void> {
    for (let plain = await this.pump.next(); plain !== null; plain = await this.pump.next()) yield plain;
  }
}

/** The package fzstd; the checksum is reckoned here. */
export class FzstdDecoder implements BlockDecoder {
  private readonly decompress = new Decompress((plain) => {
    this.pieces.push(plain);
  });
  private readonly checksum: Xxh64 | null;
  private pieces: Uint8Array[] = [];
  private header: Uint8Array | null;

  constructor(header: Uint8Array) {
    this.checksum = (header[DESCRIPTOR] & CHECKSUM_FLAG) === 0 ? null : new Xxh64();
    // So that it does not wait for the checksum.
    this.header = header.with(DESCRIPTOR, header[DESCRIPTOR] & ~CHECKSUM_FLAG);
  }

  async *decode(block: Uint8Array, isLast: boolean): AsyncGenerator<Uint8Array, void> {
    // It keeps what it is given, so the bytes must be its own.
    this.decompress.push(this.header === null ? block.slice() : join(this.header, block), isLast);
    this.header = null;
    const { pieces } = this;
    this.pieces = [];
    for (const plain of pieces) {
      this.checksum?.update(plain);
      yield plain;
    }
  }

  async hasChecksum(bytes: Uint8Array): Promise<boolean> {
    const wanted = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    return this.checksum?.low() === wanted;
  }

  close(): void {}
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
