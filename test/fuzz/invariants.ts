// What holds whatever the bytes are: nothing is thrown but what a user is told, every packet is in one place, and it
// does not matter how the bytes were cut when they were read.
import assert from 'node:assert/strict';
import { decodeRecord } from '../../src/decode/link/index.ts';
import { PacketView } from '../../src/decode/packet.ts';
import { NotACapture } from '../../src/source/record.ts';
import { MemorySink, newPath, runCapture } from '../pipeline/memory.ts';

const NO_DROPS = { kernelDropped: null, interfaceDropped: null };

/** What a path found. */
export interface Told {
  readonly packets: number;
  readonly bytes: number;
  /** One line each for sources, flows, pairs, skip reasons, findings and facts, in an order of their own. */
  readonly story: readonly string[];
}

/**
 * What one path finds in the captures, one after another; those that are none are told as such. Throws where a packet
 * or a byte is in no place or in two.
 */
export async function told(captures: Iterable<Uint8Array>, chunk?: number): Promise<Told> {
  const sink = new MemorySink();
  const path = newPath(sink);
  const sources: string[] = [];
  let packets = 0;
  let bytes = 0;
  for (const data of captures) {
    try {
      const source = await runCapture(path, data, chunk);
      packets += source.packets;
      bytes += source.bytes;
      const { damage } = source.capture;
      sources.push([source.packets, source.bytes, damage?.offset, damage?.reason].join(' '));
    } catch (error) {
      if (!(error instanceof NotACapture)) throw error;
      sources.push(error.message);
    }
  }
  await path.checkpoint([], NO_DROPS, true);
  const skipped = sink.state?.skipped ?? [];
  const sumOf = (column: 'packets' | 'bytes') => skipped.reduce((sum, row) => sum + row[column], 0);
  assert.equal(sink.packets + sumOf('packets'), packets, 'packets in flows and skipped');
  assert.equal(sink.bytes + sumOf('bytes'), bytes, 'bytes in flows and skipped');
  return { packets, bytes, story: [...sources, ...sink.story] };
}

/** Asserts that two ways to read the same bytes told the same, and shows a few lines of what is not the same. */
export function tellSame(a: Told, b: Told, what = ''): void {
  assert.deepEqual([a.packets, a.bytes], [b.packets, b.bytes], what);
  if (a.story.join('\n') === b.story.join('\n')) return;
  const [inA, inB] = [new Set(a.story), new Set(b.story)];
  const only = (story: readonly string[], other: ReadonlySet<string>) =>
    story.filter((line) => !other.has(line)).slice(0, 5);
  assert.deepEqual(only(a.story, inB), only(b.story, inA), what);
  assert.fail(`the same lines, and not as often: ${what}`);
}

/** Counts how often something was read from it, which is what a packet costs whatever the machine. */
export class CountingView extends DataView<ArrayBuffer> {
  reads = 0;

  override getUint8(at: number): number {
    this.reads++;
    return super.getUint8(at);
  }

  override getUint16(at: number, little?: boolean): number {
    this.reads++;
    return super.getUint16(at, little);
  }

  override getUint32(at: number, little?: boolean): number {
    this.reads++;
    return super.getUint32(at, little);
  }

  override getInt32(at: number, little?: boolean): number {
    this.reads++;
    return super.getInt32(at, little);
  }
}

/** How often the record is looked into until it is decoded. A read behind its last byte throws. */
export function readsOf(bytes: Uint8Array, linkType: number, packet = new PacketView()): number {
  const view = new CountingView(Uint8Array.from(bytes).buffer);
  decodeRecord(packet, view, 0, bytes.length, bytes.length, linkType);
  return view.reads;
}
