// Files of kept packets: each is a capture by itself, none is longer than asked, and none is written over.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { XportsError } from '../../src/base/errors.ts';
import type { ByteSource } from '../../src/source/bytes.ts';
import { CaptureWriter } from '../../src/source/live/writer.ts';

const HEADER = Uint8Array.from({ length: 24 }, (_, i) => i);
const READ_BYTES = 400;

/** A source of a header and then `count` reads, the bytes of each all equal to its number. */
function source(count: number): ByteSource {
  let next = 0;
  return {
    size: null,
    read: async (into, at) => {
      if (next > count) return 0;
      const bytes = next === 0 ? HEADER : new Uint8Array(READ_BYTES).fill(next);
      next++;
      into.set(bytes, at);
      return bytes.length;
    },
    close: async () => {},
  };
}

async function readThrough(writer: CaptureWriter, count: number): Promise<number> {
  const tee = writer.over(source(count));
  const into = new Uint8Array(1000);
  let total = 0;
  for (let got = await tee.read(into, 10, 900); got > 0; got = await tee.read(into, 10, 900)) total += got;
  await writer.close();
  return total;
}

function inDirectory(body: (path: (name: string) => string) => Promise<void>): () => Promise<void> {
  return async () => {
    const directory = mkdtempSync(join(tmpdir(), 'xports-writer-'));
    try {
      await body((name) => join(directory, name));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  };
}

const plain = { maxBytes: null, maxSeconds: null, maxFiles: null };

test(
  'the reader gets every byte and the file holds the same',
  inDirectory(async (path) => {
    const writer = await CaptureWriter.create({ path: path('all.pcap'), ...plain });
    assert.equal(await readThrough(writer, 5), 24 + 5 * READ_BYTES);
    const file = readFileSync(path('all.pcap'));
    assert.equal(file.length, 24 + 5 * READ_BYTES);
    assert.deepEqual(file.subarray(0, 24), Buffer.from(HEADER));
    assert.equal(writer.failure, null);
  }),
);

test(
  'files by size begin with the header, hold whole reads, and are never longer',
  inDirectory(async (path) => {
    const options = { ...plain, path: path('part.pcap'), maxBytes: 1000 };
    await readThrough(await CaptureWriter.create(options), 5);
    const names = readdirSync(path('')).sort();
    assert.deepEqual(names, ['part-00001.pcap', 'part-00002.pcap', 'part-00003.pcap']);
    const files = names.map((name) => readFileSync(path(name)));
    for (const file of files) {
      assert.ok(file.length <= 1000);
      assert.deepEqual(file.subarray(0, 24), Buffer.from(HEADER));
      assert.equal((file.length - 24) % READ_BYTES, 0);
    }
    const kept = Buffer.concat(files.map((file) => file.subarray(24)));
    assert.deepEqual(kept, Buffer.concat([1, 2, 3, 4, 5].map((n) => Buffer.alloc(READ_BYTES, n))));
  }),
);

test(
  'only the newest files stay where a number is given, and those of an earlier capture are left alone',
  inDirectory(async (path) => {
    writeFileSync(path('part-00001.pcap'), 'earlier');
    const options = { path: path('part.pcap'), maxBytes: 500, maxSeconds: null, maxFiles: 2 };
    await readThrough(await CaptureWriter.create(options), 4);
    assert.deepEqual(readdirSync(path('')).sort(), ['part-00001.pcap', 'part-00004.pcap', 'part-00005.pcap']);
    assert.equal(readFileSync(path('part-00001.pcap'), 'utf8'), 'earlier');
  }),
);

test(
  'a file that is there already is not written over',
  inDirectory(async (path) => {
    writeFileSync(path('all.pcap'), 'mine');
    await assert.rejects(
      CaptureWriter.create({ path: path('all.pcap'), ...plain }),
      (error: unknown) =>
        error instanceof XportsError && error.exitCode === 2 && /already/.test(error.message),
    );
    assert.equal(readFileSync(path('all.pcap'), 'utf8'), 'mine');
  }),
);

test(
  'where a file cannot be written any more the reader still gets every byte, and the writer says why',
  inDirectory(async (path) => {
    const writer = await CaptureWriter.create({ path: path('part.pcap'), ...plain, maxBytes: 500 });
    // The directory goes away before the second file is begun.
    rmSync(path(''), { recursive: true });
    assert.equal(await readThrough(writer, 3), 24 + 3 * READ_BYTES);
    assert.match(
      writer.failure ?? '',
      /--write .*no such file or directory; the packets after that are not kept/,
    );
  }),
);
