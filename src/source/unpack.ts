// Compression around a capture, by content: gzip and zstd, one in the other too, up to a depth that nobody needs.

import type { ByteSource } from './bytes.ts';
import { gunzip, isGzip } from './gzip.ts';
import { PackedInput, PackedSource, StreamDamage } from './packed.ts';
import { NotACapture } from './record.ts';
import { isZstd, unzstd } from './zstd.ts';

const MAGIC = 4;
const HEAD = 4096;
const MAX_DEPTH = 4;

interface Packing {
  readonly name: string;
  readonly isBegunBy: (head: Uint8Array) => boolean;
  readonly unpack: (input: PackedInput) => AsyncGenerator<Uint8Array, void>;
}

const PACKINGS: readonly Packing[] = [
  { name: 'gzip', isBegunBy: isGzip, unpack: gunzip },
  { name: 'zstd', isBegunBy: isZstd, unpack: (input) => unzstd(input) },
];

/** A source without the compression around it. */
export interface Unpacked {
  readonly source: ByteSource;
  /** Names of what was around it, the innermost first. */
  readonly packings: readonly string[];
  /** Bytes of the compressed source that were taken so far; null where it is not compressed. */
  readonly taken: (() => number) | null;
}

/**
 * Takes off whatever compression is around a source. Closing what comes out closes the source. Throws NotACapture
 * where nothing can be unpacked, or what the source throws; the caller closes the source then.
 */
export async function unpack(source: ByteSource): Promise<Unpacked> {
  const packings: string[] = [];
  let taken: (() => number) | null = null;
  let inner = source;
  for (;;) {
    const head = await headOf(inner);
    const packing = PACKINGS.find(({ isBegunBy }) => isBegunBy(head));
    inner = withHead(inner, head);
    if (packing === undefined) return { source: inner, packings, taken };
    if (packings.length === MAX_DEPTH) {
      throw new NotACapture(`it is compressed more than ${MAX_DEPTH} times over, which no capture is`);
    }
    const input = new PackedInput(
      inner,
      packings.length === 0 ? 'the file' : `what the ${packings[0]} holds`,
    );
    taken ??= () => input.position;
    inner = new PackedSource(input, packing.unpack(input));
    packings.unshift(packing.name);
  }
}

async function headOf(source: ByteSource): Promise<Uint8Array> {
  const head = new Uint8Array(HEAD);
  let length = 0;
  try {
    while (length < MAGIC) {
      const count = await source.read(head, length, HEAD - length);
      if (count === 0) break;
      length += count;
    }
  } catch (error) {
    if (error instanceof StreamDamage) throw new NotACapture(error.message);
    throw error;
  }
  return head.subarray(0, length);
}

/** The source as it was before its head was read. */
function withHead(source: ByteSource, head: Uint8Array): ByteSource {
  let left = head;
  return {
    size: source.size,
    get stopped() {
      return source.stopped === true;
    },
    read: async (into, at, length) => {
      if (left.length === 0) return source.read(into, at, length);
      const part = left.subarray(0, length);
      into.set(part, at);
      left = left.subarray(part.length);
      return part.length;
    },
    close: () => source.close(),
    ...(source.seek && {
      seek: (position: number) => {
        left = left.subarray(left.length);
        source.seek?.(position);
      },
    }),
  };
}
