// What mutation begins with: captures of the fixtures and of the corpus, and one frame of each shape that is in them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fixtureFiles } from '../../fixtures/files.ts';
import { Capture } from '../../src/source/capture.ts';
import { detectReader } from '../../src/source/detect.ts';
import { NotACapture, RecordBatch } from '../../src/source/record.ts';
import { decode } from '../decode/support.ts';
import { memorySource } from '../pipeline/memory.ts';

/** One record as mutation needs it. */
export interface Frame {
  readonly bytes: Uint8Array;
  readonly linkType: number;
  /** Where its payload begins; its length where it has none. */
  readonly payloadAt: number;
}

const LONGEST_FRAME = 2048;
const LONGEST_CAPTURE = 4096;
const LARGEST_FILE = 2 << 20;
const FRAMES_A_FILE = 400;

/** Captures of the fixtures short enough for all of their bytes to be hit, whatever their format. */
export function smallCaptures(): { readonly name: string; readonly data: Uint8Array }[] {
  return [...fixtureFiles()]
    .filter(([path, data]) => !/\.(json|md)$/.test(path) && data.length > 8 && data.length < LONGEST_CAPTURE)
    .map(([name, data]) => ({ name, data }));
}

/** Captures of the corpus that are not too large; none where there is no corpus. */
export function* corpusCaptures(): Generator<Uint8Array> {
  const folder = resolve(
    import.meta.dirname,
    '../..',
    process.env.XPORTS_CORPUS ?? '../shared/corpus',
    'captures',
  );
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const data = readFileSync(join(entry.parentPath, entry.name));
    if (data.length <= LARGEST_FILE) yield data;
  }
}

/** One frame of each shape: link type, headers, ports and length. */
export async function framesOf(captures: Iterable<Uint8Array>): Promise<Frame[]> {
  const frames = new Map<string, Frame>();
  for (const data of captures) {
    let left = FRAMES_A_FILE;
    for await (const { bytes, linkType } of records(data)) {
      if (left-- === 0) break;
      const read = decode(bytes, linkType);
      const payloadAt = bytes.length - Math.min(read.payload, bytes.length);
      const ports = read.ports === 'unread' ? 0 : Math.min(...read.ports);
      const { skip, version, protocol, inner, flags, fragment, encapsulation, hint } = read;
      const size = Math.ceil(Math.log2(bytes.length + 1));
      const shape = [
        linkType,
        skip,
        version,
        protocol,
        inner,
        flags,
        fragment,
        encapsulation,
        hint,
        ports,
        size,
      ];
      frames.set(shape.join(' '), { bytes, linkType, payloadAt });
    }
  }
  return [...frames.values()];
}

async function* records(data: Uint8Array): AsyncGenerator<{ bytes: Uint8Array; linkType: number }> {
  let capture: Capture;
  try {
    capture = await Capture.open('seed', memorySource(data), detectReader, 65_536);
  } catch (error) {
    if (error instanceof NotACapture) return;
    throw error;
  }
  const batch = new RecordBatch();
  while (!capture.done) {
    capture.fill(batch);
    for (let n = 0; n < batch.count; n++) {
      const length = Math.min(batch.length[n], LONGEST_FRAME);
      const bytes = new Uint8Array(batch.view.buffer as ArrayBuffer, batch.offset[n], length).slice();
      yield { bytes, linkType: batch.linkType[n] };
    }
    if (batch.count === 0 && !capture.done) await capture.advance();
  }
  await capture.close();
}
