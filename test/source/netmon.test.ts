// Microsoft Network Monitor files: their times, media types and frame tables, and what is wrong with them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { join, u16, zeros } from '../../fixtures/builder/bytes.ts';
import { type NetmonOptions, netmon } from '../../fixtures/builder/netmon.ts';
import { fileTimeUs, sinceStartUs } from '../../src/source/netmon-header.ts';
import { linkTypeOfMedia } from '../../src/source/netmon-media.ts';
import { NotACapture } from '../../src/source/record.ts';
import { inPieces, readCapture } from './support.ts';

const startUs = 1_709_629_200_123_000;
const frames = Array.from({ length: 12 }, (_, i) => ({
  timeUs: startUs + i * 1_000,
  bytes: Uint8Array.from({ length: 40 + i }, (_, at) => at),
}));
const VERSIONS = [
  [1, 1],
  [2, 0],
  [2, 1],
  [2, 2],
  [2, 3],
] as const;

const asFile = (bytes: Uint8Array) => readCapture(inPieces(bytes, []));
const asStream = (bytes: Uint8Array) => readCapture(inPieces(bytes, [], null));
const dataOf = (records: readonly string[]) => records.map((record) => record.split(' ').slice(1).join(' '));
const expected = frames.map(({ bytes }) => `${bytes.length} 1 ${Buffer.from(bytes).toString('hex')}`);

/** What local clocks show is meant, so the zone is that of the machine. */
const localStartUs = new Date(2024, 2, 5, 9, 0, 0, 123).getTime() * 1000;

for (const version of VERSIONS) {
  describe(`Network Monitor ${version.join('.')}`, () => {
    test('is read by its table and in order', async () => {
      const bytes = netmon(frames, { version });
      for (const result of [await asFile(bytes), await asStream(bytes)]) {
        assert.equal(result.format, `netmon${version[0]}`);
        assert.equal(result.damage, null);
        assert.deepEqual(dataOf(result.records), expected);
        assert.deepEqual(result.linkTypes, [1]);
      }
    });

    test('has the time of the clock where it was made, or UTC from 2.3 on', async () => {
      const { records } = await asFile(netmon(frames, { version }));
      const isUtc = version[1] === 3;
      const first = isUtc ? startUs : localStartUs;
      assert.deepEqual(
        records.map((record) => Number(record.split(' ')[0])),
        frames.map((_, i) => first + i * 1_000),
      );
    });

    test('has frames wherever the table says, in its order', async () => {
      const order = [3, 0, 1, 2, 11, 10, 9, 8, 7, 6, 5, 4];
      const bytes = netmon(frames, { version, order, hole: 700 });
      const { records, damage } = await asFile(bytes);
      assert.equal(damage, null);
      assert.deepEqual(
        dataOf(records),
        order.map((i) => expected[i]),
      );
    });

    test('that ends too early gives every frame before', async () => {
      const whole = netmon(frames, { version });
      for (const cut of [1, 30, 47, 60, 300]) {
        for (const read of [asFile, asStream]) {
          const { records, damage } = await read(whole.subarray(0, -cut));
          assert.deepEqual(dataOf(records), expected.slice(0, records.length));
          assert.match(damage?.reason ?? '', /cut short|the header says that the frame table is at/);
        }
      }
    });
  });
}

describe('a frame table', () => {
  const tableAt = netmon(frames).length - 48;

  async function isDamaged(
    options: NetmonOptions,
    records: number,
    offset: number,
    reason: RegExp,
    readers = [asFile, asStream],
  ): Promise<void> {
    for (const read of readers) {
      const result = await read(netmon(frames, options));
      assert.deepEqual(dataOf(result.records), expected.slice(0, records));
      assert.equal(result.damage?.offset, offset);
      assert.match(result.damage?.reason ?? '', reason);
    }
  }

  test('outside the file is damage behind the last frame', async () => {
    await isDamaged(
      { tableOffset: 0xffff_fff0 },
      12,
      tableAt,
      /frame table is at 4294967280 .* the file ends at/,
    );
  });

  test('within the header or of a broken length is damage behind the last frame', async () => {
    await isDamaged({ tableOffset: 20 }, 12, tableAt, /frame table is at 20, within the header/);
    await isDamaged({ tableLength: 47 }, 12, tableAt, /47 bytes, which is not a multiple of four/);
  });

  test('with more frames than the file has room for is damage where frames end', async () => {
    const bytes = netmon(frames, { tableLength: 4 * 40_000 });
    const more = join(bytes, zeros(160_000));
    const { damage, records } = await asFile(more);
    assert.match(damage?.reason ?? '', /names 40000 frames, and the file has room for \d+|bytes of a frame/);
    assert.deepEqual(dataOf(records).slice(0, 12), expected);
  });

  test('that names a frame outside the file is damage at that entry', async () => {
    for (const wrong of [0, 127, 0x7fff_ffff, 0xffff_ffff, netmon(frames).length]) {
      const entry = (offset: number, index: number) => (index === 7 ? wrong : offset);
      await isDamaged(
        { entry },
        7,
        tableAt + 28,
        new RegExp(`frame 8 is at ${wrong}, and frames are between`),
        [asFile],
      );
      await isDamaged({ entry }, 12, tableAt, /names 12 frames in other places than the 12/, [asStream]);
    }
  });

  test('in the midst of a frame is damage of that frame in a stream, and none at all in a file', async () => {
    await isDamaged({ tableOffset: tableAt - 5 }, 12, tableAt, /frame 1 is at \d+, and frames/, [asFile]);
    await isDamaged(
      { tableOffset: tableAt - 5 },
      11,
      tableAt - 82,
      /a frame of 82 bytes runs into the frame table/,
      [asStream],
    );
  });

  test('of nothing is an empty capture', async () => {
    for (const read of [asFile, asStream]) {
      const { records, damage } = await read(netmon([]));
      assert.deepEqual([records, damage], [[], null]);
    }
  });

  test('that a header which was never finished does not name is done without', async () => {
    const bytes = netmon(frames, { tableOffset: 0, tableLength: 0 }).subarray(0, tableAt);
    for (const read of [asFile, asStream]) {
      const { records, damage } = await read(bytes);
      assert.deepEqual([dataOf(records), damage], [expected, null]);
    }
  });

  test('that sends the reader to and fro without end is given up', async () => {
    const far = [
      { ...frames[0]!, bytes: zeros(20_000) },
      { ...frames[1]!, bytes: zeros(20_000) },
      frames[2]!,
    ];
    const order = Array.from({ length: 10_000 }, (_, i) => (i % 2) * 2);
    const filler = Array.from({ length: 4 }, () => ({ ...frames[0]!, bytes: zeros(50_000) }));
    const { damage } = await asFile(netmon([...far, ...filler], { order }));
    assert.match(damage?.reason ?? '', /goes back in the file more than 4096 times/);
  });
});

describe('a frame', () => {
  test('is of the link type that its media type stands for', async () => {
    const known: readonly (readonly [number, number])[] = [
      [0, 1],
      [1, 1],
      [2, 6],
      [3, 10],
      [7, 101],
      [8, 101],
      [9, 101],
      [0xe001, 1],
      [0xe065, 101],
      [0xe069, 105],
      [0xe080, 105],
    ];
    for (const [media, linkType] of known) assert.equal(linkTypeOfMedia(media), linkType, String(media));
    for (const media of [5, 10, 11, 0xe081, 0xe08a, 0x1234])
      assert.equal(linkTypeOfMedia(media), 0x10000 + media);
  });

  test('of a radio is 802.11 behind a header of 32 bytes', async () => {
    const radio = join(Uint8Array.of(2), u16(32, 'little'), zeros(29));
    const wifi = { ...frames[0]!, bytes: join(radio, frames[0]!.bytes), media: 6 };
    const other = { ...frames[1]!, bytes: join(radio.with(0, 9), frames[1]!.bytes), media: 6 };
    const { records, linkTypes } = await asFile(netmon([wifi, other]));
    assert.deepEqual(linkTypes, [105, 0x10006]);
    assert.equal(records[0], `${startUs} 40 105 ${Buffer.from(frames[0]!.bytes).toString('hex')}`);
    assert.match(records[1] ?? '', / 73 65542 0920/);
  });

  test('may be from before the start of the capture', () => {
    assert.equal(sinceStartUs(0, 5), 5);
    assert.equal(sinceStartUs(1, 0), 2 ** 32);
    // Minus one second is 2^64 / 10 less a million, rounded down; so it comes back in whole microseconds or one more.
    const before = (2n ** 64n - 10_000_000n) / 10n;
    const us = sinceStartUs(Number(before >> 32n), Number(before & 0xffff_ffffn));
    assert.ok(us <= -1_000_000 && us >= -1_000_001, String(us));
  });

  test('has a time in tenths of microseconds since 1601', () => {
    const ticks = (BigInt(startUs) + 11_644_473_600_000_000n) * 10n + 9n;
    assert.equal(fileTimeUs(Number(ticks >> 32n), Number(ticks & 0xffff_ffffn)), startUs);
    assert.equal(fileTimeUs(0xffff_ffff, 0xffff_ffff), Number.MAX_SAFE_INTEGER);
  });
});

test('a header says what is not read', async () => {
  const whole = netmon(frames);
  const refused = (bytes: Uint8Array, sentence: RegExp) =>
    assert.rejects(asFile(bytes), (error) => error instanceof NotACapture && sentence.test(error.message));
  await refused(whole.subarray(0, 127), /begins like a Network Monitor file and ends within the 128 bytes/);
  await refused(whole.with(5, 3), /Network Monitor file of version 3.3; versions 1 and 2 are accepted/);
});
