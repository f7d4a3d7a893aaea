// Every record of a capture, decoded on its own.
import { open } from 'node:fs/promises';
import { Capture } from '../../src/source/capture.ts';
import { detectReader } from '../../src/source/detect.ts';
import { NotACapture, RecordBatch } from '../../src/source/record.ts';
import { decode } from '../decode/support.ts';
import type { Packet } from './compare.ts';

/** The packets of a file as far as it can be read. Throws NotACapture where it is none. */
export async function* packetsOf(path: string): AsyncGenerator<Packet> {
  const file = await open(path);
  let position = 0;
  const source = {
    size: (await file.stat()).size,
    read: async (into: Uint8Array, at: number, length: number) => {
      const { bytesRead } = await file.read(into, at, length, position);
      position += bytesRead;
      return bytesRead;
    },
    seek: (to: number) => {
      position = to;
    },
    close: () => file.close(),
  };
  const capture = await Capture.open(path, source, detectReader);
  const batch = new RecordBatch();
  while (!capture.done) {
    capture.fill(batch);
    for (let n = 0; n < batch.count; n++) {
      const bytes = new Uint8Array(batch.view.buffer as ArrayBuffer, batch.offset[n], batch.length[n]);
      const decoded = decode(bytes, batch.linkType[n], { wire: batch.wireLength[n] });
      yield { decoded, timeUs: batch.timeUs[n], capturedBytes: batch.length[n] };
    }
    if (batch.count === 0 && !capture.done) await capture.advance();
  }
  await capture.close();
}

export { NotACapture };
