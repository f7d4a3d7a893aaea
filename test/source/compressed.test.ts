// gzip and zstd around captures: made by node:zlib and by hand, whole, in parts, cut, damaged, and out of all measure.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { hex, join, text, zeros } from '../../fixtures/builder/bytes.ts';
import {
  gzip,
  type ZstdOptions,
  zstd,
  zstdBlock,
  zstdFrame,
  zstdSkippable,
} from '../../fixtures/builder/compression.ts';
import { pcap } from '../../fixtures/builder/pcap.ts';
import type { ByteSource } from '../../src/source/bytes.ts';
import { crc32OfTable } from '../../src/source/gzip.ts';
import { NotACapture } from '../../src/source/record.ts';
import { unpack } from '../../src/source/unpack.ts';
import { Xxh64 } from '../../src/source/xxh64.ts';
import { inPieces, type ReadResult, readCapture } from './support.ts';

const sample = new Uint8Array(readFileSync(joinPath(import.meta.dirname, '../../fixtures/sample.pcap')));
const packets = Array.from({ length: 9 }, (_, i) => ({
  timeUs: 1_700_000_000_000_000 + i,
  bytes: Uint8Array.from({ length: 30 + i }, (_, at) => (at * 7 + i) & 0xff),
}));
const small = pcap(packets);
/** Where its records begin, and its end. */
const begins = [24];
for (const { bytes } of packets) begins.push((begins.at(-1) ?? 0) + 16 + bytes.length);

const read = (bytes: Uint8Array, pieces: readonly number[] = []) => readCapture(inPieces(bytes, pieces));

async function readOrNull(bytes: Uint8Array): Promise<ReadResult | null> {
  try {
    return await read(bytes);
  } catch (error) {
    assert.ok(error instanceof NotACapture, String(error));
    return null;
  }
}

async function isRefused(bytes: Uint8Array, sentence: RegExp): Promise<void> {
  await assert.rejects(read(bytes), (error) => {
    assert.ok(error instanceof NotACapture, String(error));
    assert.match(error.message, sentence);
    return true;
  });
}

/** All plain bytes, and what went wrong behind them. */
async function unpackAll(source: ByteSource): Promise<{ bytes: Uint8Array; error: string | null }> {
  const { source: plain } = await unpack(source);
  const parts: Uint8Array[] = [];
  const into = new Uint8Array(1 << 20);
  try {
    for (;;) {
      const count = await plain.read(into, 0, into.length);
      if (count === 0) return { bytes: join(...parts), error: null };
      parts.push(into.slice(0, count));
    }
  } catch (error) {
    return { bytes: join(...parts), error: error instanceof Error ? error.message : String(error) };
  } finally {
    await plain.close();
  }
}

/** The records that are whole before that many bytes. */
const wholeBefore = (length: number) => begins.filter((end) => end <= length).length - 1;

/** What is read is a beginning of the capture, and the damage is where the first record begins that is missing. */
function isBeginning(result: ReadResult, whole: ReadResult, what: string): void {
  assert.deepEqual(result.records, whole.records.slice(0, result.records.length), what);
  assert.equal(result.damage?.offset, begins[result.records.length], what);
}

describe('gzip', () => {
  for (const level of [0, 1, 6, 9]) {
    test(`of level ${level} is read in pieces of any sizes`, async () => {
      const { format, ...whole } = await read(sample);
      const packed = new Uint8Array(gzipSync(sample, { level }));
      const sizes = fc.array(fc.integer({ min: 1, max: 30_000 }), { maxLength: 30 });
      await fc.assert(
        fc.asyncProperty(sizes, async (pieces) => {
          const result = await read(packed, pieces);
          assert.equal(result.format, `${format},gzip`);
          assert.deepEqual(result.records, whole.records);
          assert.equal(result.damage, null);
        }),
        { numRuns: 12, seed: 3 },
      );
    });
  }

  test('may have every optional part in its header', async () => {
    const extra = hex('4142 0200 0102');
    const packed = gzip(small, {
      extra,
      name: 'a.pcap',
      comment: 'of the first floor',
      headerChecksum: true,
    });
    const whole = await read(small);
    for (let at = 1; at < 60; at++) assert.deepEqual((await read(packed, [at])).records, whole.records);
  });

  test('may have many members, some of nothing, and zeros behind any of them', async () => {
    const members = Array.from({ length: 40 }, (_, i) =>
      join(gzipSync(small.subarray(i * 20, (i + 1) * 20)), gzipSync(zeros(0)), zeros(i % 3)),
    );
    const packed = join(...members, gzipSync(small.subarray(800)), zeros(1000));
    const whole = await read(small);
    for (const pieces of [[], new Array<number>(packed.length).fill(1)]) {
      const result = await read(packed, pieces);
      assert.deepEqual(result.records, whole.records);
      assert.equal(result.damage, null);
    }
  });

  test('that is cut at any byte gives every packet before, and says where it ends', async () => {
    const whole = await read(small);
    const parts = begins.slice(1).map((end, i) => small.subarray(i === 0 ? 0 : begins[i], end));
    const members = parts.map((part) => new Uint8Array(gzipSync(part)));
    for (const packed of [gzip(small), new Uint8Array(gzipSync(small)), join(...members)]) {
      const ends = packed.length > gzip(small).length ? members : [packed];
      const clean = new Set(ends.map((_, i) => join(...ends.slice(0, i + 1)).length));
      for (let length = 0; length < packed.length; length++) {
        if (clean.has(length)) continue;
        const result = await readOrNull(packed.subarray(0, length));
        if (result === null) continue;
        isBeginning(result, whole, `cut at ${length}`);
        assert.equal(result.damage?.reason, `the gzip stream ends early at byte ${length} of the file`);
      }
    }
    // Of stored bytes nothing at all is lost.
    for (let at = 24; at < small.length; at++) {
      const { records } = await read(gzip(small).subarray(0, 15 + at));
      assert.equal(records.length, wholeBefore(at), `${at} bytes`);
    }
  });

  test('with a false checksum or size gives every packet', async () => {
    const whole = await read(small);
    for (const [packed, reason] of [
      [gzip(small, { checksum: 1 }), /checksum at byte \d+ of the file is not that of its content/],
      [gzip(small, { size: 1 }), /size at byte \d+ of the file is not that of its content/],
    ] as const) {
      const result = await read(packed);
      assert.deepEqual(result.records, whole.records);
      assert.equal(result.damage?.offset, small.length);
      assert.match(result.damage?.reason ?? '', reason);
    }
  });

  test('followed by anything else gives every packet, and says so', async () => {
    const whole = await read(small);
    for (const more of [text('?'), text('more'), hex('0000 1f8a'), hex('28b52ffd')]) {
      const packed = join(gzipSync(small), more);
      const { records, damage } = await read(packed);
      assert.deepEqual(records, whole.records);
      assert.equal(damage?.offset, small.length);
      const where = packed.length - more.length + more.findIndex((byte) => byte !== 0);
      assert.equal(damage?.reason, `what follows the gzip stream, at byte ${where} of the file, is no gzip`);
    }
  });

  test('with a false block gives every packet before it', async () => {
    // A stored block of the first five packets, then a block of a type that does not exist.
    const begin = gzip(small.subarray(0, begins[5])).subarray(0, -8).with(10, 0);
    const result = await read(join(begin, hex('07'), zeros(30)));
    assert.equal(result.records.length, 5);
    assert.equal(result.damage?.offset, begins[5]);
    assert.match(result.damage?.reason ?? '', /^the gzip stream is damaged at byte \d+ of the file$/);
  });

  test('with any bit turned never throws, and never gives more than was there', async () => {
    const whole = await read(small);
    const packed = new Uint8Array(gzipSync(small));
    for (let at = 0; at < packed.length; at++) {
      const result = await readOrNull(packed.with(at, packed[at] ^ (1 << (at & 7))));
      // The header's time, flags and system say nothing of the content, nor do bits that fill up the last byte.
      if (result?.damage === null && at >= 10) assert.deepEqual(result.records, whole.records, `byte ${at}`);
    }
  });

  test('that cannot be begun says why', async () => {
    await isRefused(hex('1f8b08'), /^the gzip stream ends early at byte 3 of the file$/);
    await isRefused(hex('1f8b0800 00000000 0003'), /ends early at byte 10/);
    await isRefused(hex('1f8b0700 00000000 0003 00'), /gzip header at byte 0 of the file is of a kind/);
    await isRefused(gzip(text('a,b\n1,2\n')), /^unpacked from gzip, it is text$/);
    await isRefused(gzip(zeros(0)), /^unpacked from gzip, it is empty$/);
  });
});

const rle = (count: number) => join(zstdBlock(1, count, false), zeros(1));
/** `zstd -19` of the text below; made by version 1.5.4. */
const realText = 'Nobody inspects the spammish repetition. '.repeat(4);
const realZstd = hex(
  '28b52ffd24a47d010092820910d0e7a5c8ce2207f3329736034d40680b05c79e4f9f510b6f8c38ac' +
    '2b8b497c78de546c58080100c12c5565fa06fe60',
);

describe('zstd', () => {
  const variants: readonly ZstdOptions[] = [{}, { window: 0 }, { window: 0x50 }, { blockBytes: 7 }];

  test('is read in pieces of any sizes', async () => {
    const whole = await read(small);
    for (const options of variants) {
      const packed = zstd(small, options);
      for (const pieces of [[], new Array<number>(packed.length).fill(1), [3], [5, 4], [200]]) {
        const result = await read(packed, pieces);
        assert.equal(result.format, 'pcap,zstd');
        assert.deepEqual(result.records, whole.records);
        assert.equal(result.damage, null);
      }
    }
  });

  test('may have many frames, some of nothing, and some to pass over', async () => {
    const frames = Array.from({ length: 30 }, (_, i) =>
      join(zstd(small.subarray(i * 20, (i + 1) * 20)), zstd(zeros(0)), zstdSkippable(i, i % 16)),
    );
    const result = await read(join(zstdSkippable(9), ...frames, zstd(small.subarray(600))));
    assert.deepEqual(result.records, (await read(small)).records);
    assert.equal(result.damage, null);
  });

  test('that is cut at any byte gives every packet before, and says where it ends', async () => {
    const whole = await read(small);
    const packed = join(
      zstd(small.subarray(0, 100), { blockBytes: 9 }),
      zstdSkippable(5),
      zstd(small.subarray(100)),
    );
    const clean = [zstd(small.subarray(0, 100), { blockBytes: 9 }).length];
    clean.push(clean[0] + 13);
    for (let length = 0; length < packed.length; length++) {
      if (clean.includes(length)) continue;
      const result = await readOrNull(packed.subarray(0, length));
      if (result === null) continue;
      isBeginning(result, whole, `cut at ${length}`);
      assert.equal(result.damage?.reason, `the zstd stream ends early at byte ${length} of the file`);
    }
  });

  test('with a false checksum, a false size or anything behind it gives every packet', async () => {
    const whole = await read(small);
    for (const [packed, reason] of [
      [zstd(small, { checksum: 1 }), /checksum at byte \d+ of the file is not that of its content/],
      [zstd(small, { size: small.length + 1 }), /says it holds \d+ bytes, and holds/],
      [join(zstd(small), text('more')), /what follows the zstd stream, at byte \d+ of the file, is no zstd/],
      [join(zstd(small), text('?')), /ends early/],
    ] as const) {
      const { records, damage } = await read(packed);
      assert.deepEqual(records, whole.records);
      assert.equal(damage?.offset, small.length);
      assert.match(damage?.reason ?? '', reason);
    }
  });

  test('with a false block gives every packet before it', async () => {
    const good = join(zstdBlock(0, begins[5], false), small.subarray(0, begins[5]));
    for (const bad of [zstdBlock(3, 5, true), zstdBlock(2, 20, true), zstdBlock(0, (1 << 17) + 1, true)]) {
      const packed = zstdFrame([good, bad, zeros(200_000).fill(0xff)], small.length, { window: 0x50 });
      const result = await read(packed);
      assert.equal(result.records.length, 5);
      assert.equal(result.damage?.offset, begins[5]);
      assert.match(
        result.damage?.reason ?? '',
        /zstd stream is damaged in the block at byte \d+ of the file/,
      );
    }
  });

  test('that wants too much memory, a dictionary, or what does not exist yet is refused', async () => {
    await isRefused(zstd(small, { window: 0x89 }), /wants 144 MiB of memory, and 128 are allowed/);
    await isRefused(zstd(small, { size: 1 << 28 }), /wants 256 MiB of memory/);
    await isRefused(zstd(small, { dictionary: 77 }), /made with a dictionary/);
    await isRefused(zstd(small).with(4, 0xa8), /of a kind that nobody writes yet/);
    assert.deepEqual((await read(zstd(small, { window: 0x88 }))).records, (await read(small)).records);
  });

  test('is read with the size of its content in any width', async () => {
    for (const head of [
      '28b52ffd 20 40',
      '28b52ffd 60 4000',
      '28b52ffd a0 40010000',
      '28b52ffd e0 40010000 00000000',
    ]) {
      const size = head.includes('20 40') ? 0x40 : 0x140;
      const content = pcap([{ timeUs: 0, bytes: zeros(size - 40) }]);
      assert.equal(content.length, size);
      const { records, damage } = await read(join(hex(head), zstdBlock(0, size, true), content));
      assert.equal(damage, null, head);
      assert.equal(records.length, 1, head);
    }
  });
});

test('compression within compression is looked through to a depth that nobody needs', async () => {
  const { records } = await read(small);
  const result = await read(zstd(gzip(zstd(gzip(small)))));
  assert.equal(result.format, 'pcap,gzip,zstd,gzip,zstd');
  assert.deepEqual(result.records, records);
  await isRefused(gzip(zstd(gzip(zstd(gzip(small))))), /compressed more than 4 times over/);
  const inner = await read(zstd(gzip(small).subarray(0, 100)));
  assert.equal(inner.damage?.reason, 'the gzip stream ends early at byte 100 of what the zstd holds');
});

/** Gives a piece again and again, `times` times. */
function repeated(head: Uint8Array, piece: Uint8Array, times: number): ByteSource {
  let given = -1;
  let rest = head;
  return {
    size: null,
    read: async (into, at, length) => {
      if (rest.length === 0) {
        if (++given >= times) return 0;
        rest = piece;
      }
      const part = rest.subarray(0, length);
      into.set(part, at);
      rest = rest.subarray(part.length);
      return part.length;
    },
    close: async () => {},
  };
}

describe('a bomb', () => {
  const megabytes = 600;
  const flat = 96 << 20;

  async function isFlat(source: ByteSource): Promise<void> {
    const { source: plain } = await unpack(source);
    const into = new Uint8Array(1 << 20);
    const buffers = () => process.memoryUsage().arrayBuffers;
    const before = buffers();
    let total = 0;
    let most = 0;
    for (let count = -1; count !== 0; total += count) {
      count = await plain.read(into, 0, into.length);
      most = Math.max(most, buffers());
    }
    await plain.close();
    assert.ok(total >= megabytes << 20, `${total} bytes`);
    assert.ok(most - before < flat, `${most - before} bytes of buffers`);
  }

  test('of gzip is unpacked in flat memory', async () => {
    const member = new Uint8Array(gzipSync(zeros(20 << 20)));
    assert.ok(member.length < (20 << 20) / 900, `${member.length} bytes`);
    await isFlat(repeated(member, member, megabytes / 20));
  });

  test('of zstd is unpacked in flat memory', async () => {
    const head = zstdFrame([], 0, { window: 0x38 });
    await isFlat(ending(repeated(head, rle(1 << 17), megabytes * 8), zstdBlock(0, 0, true)));
  });
});

/** The source, and bytes behind its end. */
function ending(source: ByteSource, last: Uint8Array): ByteSource {
  let rest = last;
  return {
    ...source,
    read: async (into, at, length) => {
      const count = await source.read(into, at, length);
      if (count > 0) return count;
      const part = rest.subarray(0, length);
      into.set(part, at);
      rest = rest.subarray(part.length);
      return part.length;
    },
  };
}

test('what zstd itself compressed is unpacked', async () => {
  const { bytes, error } = await unpackAll(inPieces(realZstd, []));
  assert.equal(error, null);
  assert.equal(new TextDecoder().decode(bytes), realText);
});

describe('a checksum', () => {
  test('of gzip is that of RFC 1952', () => {
    assert.equal(crc32OfTable(text('123456789'), 0), 0xcbf4_3926);
    assert.equal(crc32OfTable(text('56789'), crc32OfTable(text('1234'), 0)), 0xcbf4_3926);
  });

  test('of zstd is XXH64 of seed 0', () => {
    const low = (...parts: Uint8Array[]) => {
      const hash = new Xxh64();
      for (const part of parts) hash.update(part);
      return hash.low();
    };
    // Of the specification's and other implementations' test vectors.
    assert.equal(low(text('')), 0x51d8_e999);
    assert.equal(low(text('a')), 0xa98c_6e5b);
    assert.equal(low(text('abc')), 0xad77_0999);
    assert.equal(low(text('Nobody inspects the spammish repetition')), 0x8a37_8bf1);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
        assert.equal(low(bytes.subarray(0, cut), bytes.subarray(cut)), xxh64OfBigInts(bytes));
      }),
      { numRuns: 400, seed: 5 },
    );
  });
});

/** The specification, word by word. */
function xxh64OfBigInts(bytes: Uint8Array): number {
  const [p1, p2, p3, p4, p5]: readonly [bigint, bigint, bigint, bigint, bigint] = [
    11_400_714_785_074_694_791n,
    14_029_467_366_897_019_727n,
    1_609_587_929_392_839_161n,
    9_650_029_242_287_828_579n,
    2_870_177_450_012_600_261n,
  ];
  const word = (value: bigint) => BigInt.asUintN(64, value);
  const turn = (value: bigint, bits: bigint) => word((value << bits) | (value >> (64n - bits)));
  const round = (lane: bigint, value: bigint) => word(turn(word(lane + value * p2), 31n) * p1);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let acc = p5;
  if (bytes.length >= 32) {
    const lanes = [word(p1 + p2), p2, 0n, word(-p1)];
    for (; bytes.length - at >= 32; at += 32) {
      for (let lane = 0; lane < 4; lane++)
        lanes[lane] = round(lanes[lane]!, view.getBigUint64(at + 8 * lane, true));
    }
    acc = word(turn(lanes[0]!, 1n) + turn(lanes[1]!, 7n) + turn(lanes[2]!, 12n) + turn(lanes[3]!, 18n));
    for (const lane of lanes) acc = word((acc ^ round(0n, lane)) * p1 + p4);
  }
  acc = word(acc + BigInt(bytes.length));
  for (; bytes.length - at >= 8; at += 8) {
    acc = word(turn(acc ^ round(0n, view.getBigUint64(at, true)), 27n) * p1 + p4);
  }
  if (bytes.length - at >= 4) {
    acc = word(turn(acc ^ word(BigInt(view.getUint32(at, true)) * p1), 23n) * p2 + p3);
    at += 4;
  }
  for (; at < bytes.length; at++) acc = word(turn(acc ^ word(BigInt(bytes[at]!) * p5), 11n) * p1);
  acc = word((acc ^ (acc >> 33n)) * p2);
  acc = word((acc ^ (acc >> 29n)) * p3);
  return Number(BigInt.asUintN(32, acc ^ (acc >> 32n)));
}
