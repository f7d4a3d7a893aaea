// Whole captures with bytes changed at random: nothing throws, every packet is in one place, and it does not matter
// how the bytes were cut when they were read. The account itself is checked by the path's own end.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixtureFiles } from '../../fixtures/files.ts';
import { Merge } from '../../src/pipeline/merge.ts';
import { detectReader } from '../../src/source/detect.ts';
import { NotACapture } from '../../src/source/record.ts';
import { folder, MemorySink, newPath, runCapture, write } from './memory.ts';

const NO_DROPS = { kernelDropped: null, interfaceDropped: null };
/** Mutants that share a path, since a path sets much memory aside. */
const TOGETHER = 50;
const MUTANTS = 3000;
const CHUNKS = [undefined, 7];
/** Bytes that lengths and counts are most often wrong with. */
const TELLING = [0, 1, 4, 0x3f, 0x45, 0x7f, 0x80, 0xff];

/** The same dice on every run (xorshift). */
class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  below(limit: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }
}

/** Small captures of every topic, short enough for all of their bytes to be hit. */
function seeds(): { name: string; data: Uint8Array }[] {
  return [...fixtureFiles()]
    .filter(([path, data]) => /\.(pcap|pcapng)$/.test(path) && data.length < 4096)
    .map(([name, data]) => ({ name, data }));
}

function mutant(data: Uint8Array, dice: Dice): Uint8Array {
  const changed = Uint8Array.from(data);
  for (let n = dice.below(6); n >= 0; n--) {
    const at = dice.below(changed.length);
    const how = dice.below(4);
    if (how === 0) changed[at] ^= 1 << dice.below(8);
    else if (how === 1) changed[at] = TELLING[dice.below(TELLING.length)];
    else if (how === 2) changed[at] = dice.below(256);
    else if (at + 4 <= changed.length)
      changed.copyWithin(at, dice.below(changed.length - 3), changed.length - 3);
  }
  return dice.below(10) === 0 ? changed.subarray(0, 4 + dice.below(changed.length - 4)) : changed;
}

/** What one path finds in the captures, one after another; those that are none are left out. */
async function storyOf(captures: readonly Uint8Array[], chunk: number | undefined): Promise<string[]> {
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
  assert.equal(sink.packets + skipped.reduce((sum, row) => sum + row.packets, 0), packets);
  assert.equal(sink.bytes + skipped.reduce((sum, row) => sum + row.bytes, 0), bytes);
  return [...sources, ...sink.story];
}

describe('captures with bytes changed at random', () => {
  test('keep the account closed, and give the same result however their bytes are cut', async () => {
    const dice = new Dice(0x2f6e2b1);
    const captures = seeds();
    assert.ok(captures.length > 50);
    for (let done = 0; done < MUTANTS; done += TOGETHER) {
      const mutants = Array.from({ length: TOGETHER }, () =>
        mutant(captures[dice.below(captures.length)].data, dice),
      );
      const [whole, ...cut] = await Promise.all(CHUNKS.map((chunk) => storyOf(mutants, chunk)));
      for (const story of cut) assert.deepEqual(story, whole, `mutants from ${done} on`);
    }
  });

  test('merge with one another', async (t) => {
    const dice = new Dice(77);
    const captures = seeds();
    for (let round = 0; round < 4; round++) {
      const files = Array.from({ length: 60 }, (_, n) => {
        const { data } = captures[dice.below(captures.length)];
        return [`${n}`, n % 3 === 0 ? data : mutant(data, dice)] as const;
      });
      const paths = write(folder(t), Object.fromEntries(files));
      const merge = new Merge(detectReader);
      await merge.open(paths.map((path) => ({ path, fromDirectory: false })));
      const sink = new MemorySink();
      const path = newPath(sink);
      for (let source = await merge.next(); source !== null; source = await merge.next()) {
        const before = path.packets;
        path.run(source, merge.limitUs);
        assert.ok(path.packets > before, 'a source that comes first gives a packet');
      }
      await path.checkpoint([], NO_DROPS, true);
      await merge.close();
      const read = merge.opened.reduce((sum, source) => sum + source.packets, 0);
      assert.equal(read, path.packets);
      assert.equal(merge.opened.length + merge.refused.length, files.length);
      assert.equal(
        sink.packets + (sink.state?.skipped ?? []).reduce((sum, row) => sum + row.packets, 0),
        read,
      );
    }
  });
});
