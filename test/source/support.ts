// Reads a capture from memory, its bytes handed out in pieces of any size.

import type { ByteSource } from '../../src/source/bytes.ts';
import { Capture, type ReaderFactory } from '../../src/source/capture.ts';
import { detectReader } from '../../src/source/detect.ts';
import { RecordBatch } from '../../src/source/record.ts';

export interface ReadResult {
  readonly format: string;
  readonly linkTypes: readonly number[];
  /** One line a record: time, wire length, link type and the captured bytes. */
  readonly records: readonly string[];
  readonly damage: { readonly offset: number; readonly reason: string } | null;
  readonly kernelDropped: number | null;
  readonly interfaceDropped: number | null;
  /** Bytes that were asked of the source and given. */
  readonly bytesGiven: number;
}

/** A source that gives at most `pieces[i]` bytes at its i-th read, and all that is left after the last. */
export function inPieces(bytes: Uint8Array, pieces: readonly number[], size: number | null = bytes.length) {
  let at = 0;
  let turn = 0;
  const source: ByteSource & { given(): number } = {
    size,
    read: async (into, offset, length) => {
      const piece = Math.max(1, pieces[turn++] ?? bytes.length);
      const count = Math.min(length, piece, bytes.length - at);
      into.set(bytes.subarray(at, at + count), offset);
      at += count;
      return count;
    },
    close: async () => {},
    given: () => at,
    // A file can be read from anywhere, a stream cannot.
    ...(size !== null && {
      seek: (to: number) => {
        at = Math.min(to, bytes.length);
      },
    }),
  };
  return source;
}

/** Bytes that are read ahead; small, since a test opens thousands of captures. */
export const CHUNK = 4096;

export async function readCapture(
  source: ByteSource & { given(): number },
  makeReader: ReaderFactory = detectReader,
): Promise<ReadResult> {
  const capture = await Capture.open('test', source, makeReader, CHUNK);
  const batch = new RecordBatch();
  const records: string[] = [];
  while (!capture.done) {
    capture.fill(batch);
    for (let i = 0; i < batch.count; i++) {
      const data = Buffer.from(batch.view.buffer as ArrayBuffer, batch.offset[i], batch.length[i]);
      records.push([batch.timeUs[i], batch.wireLength[i], batch.linkType[i], data.toString('hex')].join(' '));
    }
    if (batch.count === 0 && !capture.done) await capture.advance();
  }
  await capture.close();
  const { reader, damage } = capture;
  return {
    format: capture.format,
    linkTypes: reader.linkTypes,
    records,
    damage,
    kernelDropped: reader.kernelDropped,
    interfaceDropped: reader.interfaceDropped,
    bytesGiven: source.given(),
  };
}
