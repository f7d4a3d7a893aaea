// Captures with bytes changed at random, merged: every packet is in one place (test/fuzz has each by itself).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixtureFiles } from '../../fixtures/files.ts';
import { Merge } from '../../src/pipeline/merge.ts';
import { detectReader } from '../../src/source/detect.ts';
import { Dice } from '../fuzz/dice.ts';
import { mutated } from '../fuzz/mutate.ts';
import { folder, MemorySink, newPath, write } from './memory.ts';

const NO_DROPS = { kernelDropped: null, interfaceDropped: null };

/** Small captures of every topic, short enough for all of their bytes to be hit. */
function seeds(): { name: string; data: Uint8Array }[] {
  return [...fixtureFiles()]
    .filter(([path, data]) => /\.(pcap|pcapng)$/.test(path) && data.length < 4096)
    .map(([name, data]) => ({ name, data }));
}

describe('captures with bytes changed at random', () => {
  test('merge with one another', async (t) => {
    const dice = new Dice(77);
    const captures = seeds();
    for (let round = 0; round < 4; round++) {
      const files = Array.from({ length: 60 }, (_, n) => {
        const { data } = captures[dice.below(captures.length)];
        return [
          `${n}`,
          n % 3 === 0 ? data : mutated(data, captures[dice.below(captures.length)].data, dice),
        ] as const;
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
