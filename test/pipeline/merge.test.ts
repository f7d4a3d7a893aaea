// Several captures as one, by time.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { startUs } from '../../fixtures/builder/conversation.ts';
import { pcap } from '../../fixtures/builder/pcap.ts';
import { enhancedPacket, interfaceBlock, section, simplePacket } from '../../fixtures/builder/pcapng.ts';
import { Merge } from '../../src/pipeline/merge.ts';
import { expandSources } from '../../src/pipeline/sources.ts';
import { detectReader } from '../../src/source/detect.ts';
import { at, folder, MemorySink, newPath, runCapture, write } from './memory.ts';

async function open(paths: readonly string[]): Promise<Merge> {
  const merge = new Merge(detectReader);
  await merge.open(await expandSources(paths));
  return merge;
}

/** Which source each packet came from and when it was sent, in the order they are taken. */
async function order(merge: Merge): Promise<string[]> {
  const taken: string[] = [];
  for (let source = await merge.next(); source !== null; source = await merge.next()) {
    const { batch } = source;
    const before = source.next;
    while (source.next < batch.count && batch.timeUs[source.next] <= merge.limitUs) {
      taken.push(`${basename(source.capture.path)} ${batch.timeUs[source.next++] - startUs}`);
    }
    assert.ok(source.next > before, 'a source that comes first gives a packet');
  }
  await merge.close();
  return taken;
}

describe('merging', () => {
  test('interleaves the two directions of a tap', async (t) => {
    const paths = write(folder(t), { tx: pcap(at(0, 20, 40)), rx: pcap(at(10, 30, 50)) });
    assert.deepEqual(await order(await open(paths)), ['tx 0', 'rx 10', 'tx 20', 'rx 30', 'tx 40', 'rx 50']);
  });

  test('continues a rotated set in its order of time, however it is named', async (t) => {
    const paths = write(folder(t), { c: pcap(at(50, 60)), a: pcap(at(30, 40)), b: pcap(at(0, 10)) });
    const merge = await open(paths);
    assert.deepEqual(await order(merge), ['b 0', 'b 10', 'a 30', 'a 40', 'c 50', 'c 60']);
    assert.deepEqual(
      merge.opened.map((source) => basename(source.capture.path)),
      ['b', 'a', 'c'],
    );
  });

  test('opens a file when the clock reaches its first packet, and no earlier', async (t) => {
    const paths = write(folder(t), { late: pcap(at(100)), early: pcap(at(0, 200)) });
    const merge = await open(paths);
    const first = await merge.next();
    assert.equal(basename(first?.capture.path ?? ''), 'early');
    assert.equal(merge.opened.length, 1);
    assert.equal(merge.size, 2);
    await merge.close();
  });

  test('takes packets of one time from the file that was named first', async (t) => {
    const files = { b: pcap(at(0, 10, 10)), a: pcap(at(0, 10)) };
    const paths = write(folder(t), files);
    const named = (await order(await open(paths))).filter((line) => line.endsWith(' 0'));
    assert.deepEqual(named, ['b 0', 'a 0']);
    const turned = (await order(await open(paths.toReversed()))).filter((line) => line.endsWith(' 0'));
    assert.deepEqual(turned, ['a 0', 'b 0']);
  });

  test('gives ties to the file that was named first, however long they are', async (t) => {
    // More than two batches, so that some end within a tie.
    const tie = Array.from({ length: 700 }, () => 10);
    const paths = write(folder(t), {
      b: pcap(at(0, ...tie, 20)),
      a: pcap(at(0, ...tie, 20)),
      c: pcap(at(10, 10, 30)),
    });
    const all = { b: [0, ...tie, 20], a: [0, ...tie, 20], c: [10, 10, 30] };
    for (const named of [paths, paths.toReversed()]) {
      const expected = named
        .flatMap((path) =>
          all[basename(path) as keyof typeof all].map((us) => ({ name: basename(path), us })),
        )
        .sort((x, y) => x.us - y.us)
        .map(({ name, us }) => `${name} ${us}`);
      assert.deepEqual(await order(await open(named)), expected);
    }
  });

  test('leaves one file alone in its own order', async (t) => {
    const paths = write(folder(t), { one: pcap(at(50, 10, 40, 0)) });
    assert.deepEqual(await order(await open(paths)), ['one 50', 'one 10', 'one 40', 'one 0']);
  });

  test('keeps the order within each file, whatever the others hold', async (t) => {
    const into = folder(t);
    const times = fc.array(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 12 }), {
      minLength: 2,
      maxLength: 4,
    });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(times, fc.boolean(), async (files, sorted) => {
        round++;
        const all = files.map((file) => (sorted ? file.toSorted((a, b) => a - b) : file));
        const named = Object.fromEntries(all.map((file, n) => [`${round}-${n}`, pcap(at(...file))]));
        const taken = await order(await open(write(into, named)));
        all.forEach((file, n) => {
          const own = taken
            .filter((line) => line.startsWith(`${round}-${n} `))
            .map((line) => Number(line.split(' ')[1]));
          assert.deepEqual(own, file);
        });
        if (!sorted) return;
        // A stable sort of the files in the order they were named.
        const expected = all
          .flatMap((file, n) => file.map((us) => ({ line: `${round}-${n} ${us}`, us })))
          .sort((a, b) => a.us - b.us)
          .map(({ line }) => line);
        assert.deepEqual(taken, expected);
      }),
      { numRuns: 40, seed: 6 },
    );
  });

  test('reads a pipe among files', async (t) => {
    const into = folder(t);
    const pipe = join(into, 'pipe');
    if (spawnSync('mkfifo', [pipe]).status !== 0) return t.skip('no named pipes here');
    const paths = write(into, { before: pcap(at(0, 20)), after: pcap(at(15, 40)) });
    const written = writeFile(pipe, pcap(at(10, 30)));
    const merge = await open([paths[0], pipe, paths[1]]);
    assert.deepEqual(await order(merge), [
      'before 0',
      'pipe 10',
      'after 15',
      'before 20',
      'pipe 30',
      'after 40',
    ]);
    await written;
  });

  test('lists what is no capture, and reads the others', async (t) => {
    const into = folder(t);
    const paths = write(into, { notes: new TextEncoder().encode('nothing to see here'), good: pcap(at(0)) });
    const merge = await open([...paths, join(into, 'missing')]);
    assert.deepEqual(
      merge.refused.map((one) => basename(one.path)),
      ['notes', 'missing'],
    );
    assert.deepEqual(await order(merge), ['good 0']);
  });

  test('takes a capture without packets in its stride', async (t) => {
    const paths = write(folder(t), { empty: pcap([]), full: pcap(at(5)) });
    const merge = await open(paths);
    assert.deepEqual(await order(merge), ['full 5']);
    assert.equal(merge.opened.length, 2);
  });
});

describe('packets without a time', () => {
  test('before the first time of their capture take that one', async () => {
    const [packet] = at(0);
    const blocks = [interfaceBlock(), simplePacket(packet), simplePacket(packet), enhancedPacket(packet)];
    const sink = new MemorySink();
    const path = newPath(sink);
    await runCapture(path, section('little', blocks));
    await path.checkpoint([], { kernelDropped: null, interfaceDropped: null }, true);
    assert.equal(sink.flowLines.length, 1);
    const minute = Math.floor(startUs / 60e6) * 60e6;
    const minutes = sink.state?.minutes.map((row) => [row.startUs, row.widthUs, row.packets]);
    assert.deepEqual(minutes, [[minute, 60e6, 3]]);
  });
});
