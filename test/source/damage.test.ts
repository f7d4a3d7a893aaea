// Where a capture is damaged and why, and what it takes to find out.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ByteOrder, hex, join, u16, u32, zeros } from '../../fixtures/builder/bytes.ts';
import { type PcapOptions, pcap, pcapRecordHeader } from '../../fixtures/builder/pcap.ts';
import {
  type Block,
  block,
  customBlock,
  enhancedPacket,
  interfaceBlock,
  obsoletePacket,
  section,
  simplePacket,
} from '../../fixtures/builder/pcapng.ts';
import { CHUNK, inPieces, type ReadResult, readCapture } from './support.ts';

/** What may be asked of a source to answer a false length: the chunk that holds it, and the one read ahead. */
const FEW_BYTES = 2 * CHUNK;
const MEGABYTE = 1 << 20;
const TIME_US = 1_700_000_000_000_000;
const packet = { timeUs: TIME_US, bytes: hex('000102030405060708090a0b0800') };

/** The same as a file, whose size is known, and as a stream, whose size is not. */
async function bothWays(bytes: Uint8Array): Promise<ReadResult[]> {
  return [await readCapture(inPieces(bytes, [])), await readCapture(inPieces(bytes, [], null))];
}

async function isDamaged(bytes: Uint8Array, records: number, offset: number, reason: RegExp): Promise<void> {
  for (const result of await bothWays(bytes)) {
    assert.equal(result.records.length, records);
    assert.equal(result.damage?.offset, offset);
    assert.match(result.damage?.reason ?? '', reason);
  }
}

async function isWhole(bytes: Uint8Array, records: number): Promise<void> {
  for (const result of await bothWays(bytes)) {
    assert.equal(result.damage, null);
    assert.equal(result.records.length, records);
  }
}

/** The damage is there, and is found without reading the megabytes behind it. */
async function isFoundAtOnce(bytes: Uint8Array, offset: number, reason: RegExp): Promise<void> {
  for (const result of await bothWays(join(bytes, zeros(4 * MEGABYTE)))) {
    assert.equal(result.damage?.offset, offset);
    assert.match(result.damage?.reason ?? '', reason);
    assert.ok(result.bytesGiven <= FEW_BYTES, `${result.bytesGiven} bytes were asked for`);
  }
}

const KINDS: readonly PcapOptions[] = [
  { order: 'little', resolution: 'micro' },
  { order: 'big', resolution: 'micro' },
  { order: 'little', resolution: 'nano' },
  { order: 'big', resolution: 'nano' },
];

describe('a pcap file', () => {
  for (const kind of KINDS) {
    const one = pcap([packet], kind);
    const second = one.length;

    test(`of ${kind.resolution}seconds in ${kind.order}-endian order is cut short at any byte of a record`, async () => {
      const two = pcap([packet, packet], kind);
      for (let length = second + 1; length < two.length; length++) {
        const there = length - second;
        const reason =
          there < 16
            ? new RegExp(`cut short: ${there} of the 16 bytes of a record header`)
            : new RegExp(`cut short: ${there - 16} of the 14 bytes of a packet`);
        await isDamaged(two.subarray(0, length), 1, second, reason);
      }
      await isWhole(two, 2);
    });

    test(`of ${kind.resolution}seconds in ${kind.order}-endian order has no captured length above 262144`, async () => {
      for (const length of [262_145, 0x7fff_ffff, 0xffff_ffff]) {
        const bytes = join(one, pcapRecordHeader(packet, length, length, kind), packet.bytes);
        await isFoundAtOnce(bytes, second, new RegExp(`a record says it has ${length} captured bytes`));
      }
    });
  }

  const withRecord = (snaplen: number, captured: number) =>
    join(pcap([], { snaplen }), pcapRecordHeader(packet, captured, captured), zeros(captured));

  test('may have a captured length of 262144, if its snaplen allows for it or says nothing', async () => {
    await isWhole(withRecord(262_144, 262_144), 1);
    await isWhole(withRecord(0, 262_144), 1);
    await isWhole(withRecord(0xffff_ffff, 262_144), 1);
  });

  test('may have packets a little above the snaplen, as some writers make them, and not far above it', async () => {
    await isWhole(withRecord(96, 97), 1);
    await isWhole(withRecord(96, 65_535), 1);
    await isFoundAtOnce(withRecord(96, 65_536), 24, /65536 captured bytes/);
    await isFoundAtOnce(withRecord(65_535, 65_536), 24, /65536 captured bytes/);
    await isWhole(withRecord(65_536, 65_536), 1);
  });

  test('ends where its last record does', async () => {
    await isWhole(pcap([]), 0);
    await isWhole(pcap([packet]), 1);
  });
});

const ORDERS: readonly ByteOrder[] = ['little', 'big'];
/** Section header 28 bytes, interface 20, a packet 32 and 16 for its 14 bytes. */
const SECOND = 28 + 20 + 48;

/** A section with one packet, and what the blocks behind it say. */
function behind(order: ByteOrder, ...blocks: Block[]): Uint8Array {
  return section(order, [interfaceBlock(), enhancedPacket(packet), ...blocks]);
}

function raw(type: number, length: number, rest: Uint8Array): Block {
  return (order) => join(u32(type, order), u32(length, order), rest);
}

for (const order of ORDERS) {
  describe(`a ${order}-endian pcapng file`, () => {
    test('is cut short at any byte of a block that holds a packet', async () => {
      for (const make of [enhancedPacket, obsoletePacket, simplePacket]) {
        const whole = behind(order, make(packet));
        const length = whole.length - SECOND;
        for (let there = 1; there < length; there++) {
          const reason =
            there < 12
              ? new RegExp(`cut short: ${there} of the 12 bytes that a block has at least`)
              : new RegExp(`cut short: a block says it has ${length} bytes, and ${there} are left`);
          await isDamaged(whole.subarray(0, SECOND + there), 1, SECOND, reason);
        }
        await isWhole(whole, 2);
      }
    });

    test('is cut short at any byte of a block that is passed over', async () => {
      const whole = behind(order, customBlock(7, zeros(20)));
      for (let there = 12; there < whole.length - SECOND; there++) {
        await isDamaged(
          whole.subarray(0, SECOND + there),
          1,
          SECOND,
          /says it has 36 bytes, and \d+ are left/,
        );
      }
      await isWhole(whole, 1);
    });

    test('has no block that is smaller than its kind, or no multiple of four', async () => {
      for (const [type, least] of [
        [0x0bad, 12],
        [1, 20],
        [2, 32],
        [3, 16],
        [5, 24],
        [6, 32],
        [0x0a0d_0d0a, 28],
      ] as const) {
        const body =
          type === 0x0a0d_0d0a ? join(u32(0x1a2b_3c4d, order), u16(1, order), zeros(14)) : zeros(40);
        for (const length of [0, 4, least - 4]) {
          const bytes = behind(order, raw(type, length, body));
          await isFoundAtOnce(bytes, SECOND, new RegExp(`type ${type} says it has ${length} bytes`));
        }
        for (const length of [least + 1, least + 2, least + 3, 0xffff_fffd]) {
          const bytes = behind(order, raw(type, length, body));
          await isFoundAtOnce(bytes, SECOND, new RegExp(`${length} bytes, which is not a multiple of four`));
        }
      }
    });

    test('has no packet block longer than any writer makes, however long the file is', async () => {
      for (const type of [1, 2, 3, 5, 6]) {
        const bytes = behind(order, raw(type, 0xffff_fffc, zeros(40)));
        await isFoundAtOnce(bytes, SECOND, /4294967292 bytes/);
      }
    });

    test('has no block beyond the end of the file', async () => {
      const bytes = join(behind(order, raw(0x0bad, 8 * MEGABYTE, zeros(40))), zeros(4 * MEGABYTE));
      const left = bytes.length - SECOND;
      const result = await readCapture(inPieces(bytes, []));
      assert.deepEqual(result.damage, {
        offset: SECOND,
        reason: `cut short: a block says it has ${8 * MEGABYTE} bytes, and ${left} are left`,
      });
      assert.ok(result.bytesGiven <= FEW_BYTES, `${result.bytesGiven} bytes were asked for`);
    });

    test('ends each block with the length that it began with', async () => {
      for (const make of [
        enhancedPacket(packet),
        obsoletePacket(packet),
        simplePacket(packet),
        interfaceBlock(),
        customBlock(7, zeros(8)),
      ]) {
        const bytes = behind(order, make);
        const length = bytes.length - SECOND;
        new DataView(bytes.buffer).setUint32(bytes.length - 4, length + 4, order === 'little');
        const reason = new RegExp(
          `says it has ${length} bytes at its beginning and ${length + 4} at its end`,
        );
        await isDamaged(bytes, 1, SECOND, reason);
        await isFoundAtOnce(bytes, SECOND, reason);
      }
    });

    test('has room in each packet block for the bytes that were captured', async () => {
      for (const type of [2, 6]) {
        for (const captured of [17, 0xffff, 0x7fff_ffff, 0xffff_ffff]) {
          const lie = block(type, (o) => join(zeros(12), u32(captured, o), u32(captured, o), zeros(16)));
          const reason = new RegExp(`${captured} captured bytes and has room for 16`);
          await isFoundAtOnce(behind(order, lie), SECOND, reason);
        }
      }
    });

    test('has no captured length above 262144, even in a block that has room', async () => {
      for (const make of [enhancedPacket, obsoletePacket]) {
        const large = { timeUs: TIME_US, bytes: zeros(262_145) };
        await isDamaged(behind(order, make(large, { snaplen: 262_145 })), 1, SECOND, /262145 captured bytes/);
        await isWhole(behind(order, make({ timeUs: TIME_US, bytes: zeros(262_144) })), 2);
      }
    });

    test('has no captured length above 262144 in a simple packet block, whose length alone tells it', async () => {
      const large = (length: number) => simplePacket({ timeUs: TIME_US, bytes: zeros(length) }, length);
      const unlimited = (packetBlock: Block) => section(order, [interfaceBlock({ snaplen: 0 }), packetBlock]);
      await isDamaged(unlimited(large(262_145)), 0, 48, /262145 captured bytes/);
      await isWhole(unlimited(large(262_144)), 1);
    });

    test('has room in a simple packet block for the lesser of what was sent and the snaplen', async () => {
      const claims = (original: number) => block(3, (o) => join(u32(original, o), zeros(16)));
      const of = (snaplen: number, original: number) =>
        section(order, [interfaceBlock({ snaplen }), claims(original)]);
      for (const [snaplen, original] of [
        [0, 17],
        [0, 0xffff_ffff],
        [17, 64],
        [262_144, 1500],
      ] as const) {
        const least = snaplen === 0 ? original : Math.min(snaplen, original);
        await isFoundAtOnce(
          of(snaplen, original),
          48,
          new RegExp(`${least} captured bytes and has room for 16`),
        );
      }
      for (const [snaplen, original] of [
        [0, 16],
        [16, 1500],
        [16, 0xffff_ffff],
        [14, 1500],
      ] as const) {
        await isWhole(of(snaplen, original), 1);
      }
    });

    test('describes no more interfaces in a section than a 16-bit number tells apart', async () => {
      const many = Array.from({ length: 65_536 }, (_, n) => interfaceBlock({ linkType: n }));
      const whole = section(order, [...many, enhancedPacket(packet, { interfaceId: 65_535 })]);
      const result = await readCapture(inPieces(join(whole, whole), []));
      assert.deepEqual([result.records.length, result.damage], [2, null]);
      assert.deepEqual(
        result.linkTypes,
        Array.from({ length: 65_536 }, (_, n) => n),
      );
      const reason = /describes more than 65536 interfaces/;
      await isDamaged(section(order, [...many, interfaceBlock()]), 0, 28 + 65_536 * 20, reason);
    });

    test('is cut short at any byte of a further section header, of either byte order', async () => {
      const first = behind(order);
      for (const other of ORDERS) {
        const whole = join(first, section(other, []));
        for (let there = 12; there < 28; there++) {
          const reason = new RegExp(`cut short: a block says it has 28 bytes, and ${there} are left`);
          await isDamaged(whole.subarray(0, first.length + there), 1, first.length, reason);
        }
        await isWhole(whole, 1);
      }
    });

    test('describes an interface before a packet names it', async () => {
      const reason = /names interface 1, and 1 are described/;
      for (const make of [enhancedPacket, obsoletePacket]) {
        await isFoundAtOnce(behind(order, make(packet, { interfaceId: 1 })), SECOND, reason);
      }
      await isFoundAtOnce(section(order, [simplePacket(packet)]), 28, /before any interface/);
      await isFoundAtOnce(
        section(order, [enhancedPacket(packet)]),
        28,
        /names interface 0, and 0 are described/,
      );
    });

    test('begins anew with each section: interfaces, byte order and all', async () => {
      const two = section(order, [
        interfaceBlock(),
        interfaceBlock(),
        enhancedPacket(packet, { interfaceId: 1 }),
      ]);
      const opposite: ByteOrder = order === 'little' ? 'big' : 'little';
      const one = section(opposite, [interfaceBlock(), enhancedPacket(packet)]);
      await isWhole(join(two, one, two), 3);
      const missing = section(opposite, [interfaceBlock(), enhancedPacket(packet, { interfaceId: 1 })]);
      await isDamaged(join(two, missing), 1, two.length + 48, /names interface 1, and 1 are described/);
    });

    test('has sections of a known byte order and version', async () => {
      const first = behind(order);
      const version = section(order, [interfaceBlock()], [2, 0]);
      await isFoundAtOnce(join(first, version), first.length, /version is 2\.0/);
      const magic = section(order, [interfaceBlock()]);
      magic.set(hex('deadbeef'), 8);
      await isFoundAtOnce(join(first, magic), first.length, /byte-order magic is 0x/);
      await isWhole(join(first, section(order, [interfaceBlock()], [1, 2])), 1);
    });

    test('may hold a block of megabytes that is passed over, without its being kept', async () => {
      const bytes = behind(order, customBlock(7, zeros(3 * MEGABYTE)), enhancedPacket(packet));
      await isWhole(bytes, 2);
    });
  });
}

test('a source that fails is damage where it fails', async () => {
  const bytes = pcap([packet, packet]);
  const source = inPieces(bytes, [70]);
  const { read } = source;
  let turn = 0;
  source.read = (into, at, length) =>
    ++turn > 1 ? Promise.reject(new Error('the disk is gone')) : read(into, at, length);
  const result = await readCapture(source);
  assert.equal(result.records.length, 1);
  assert.deepEqual(result.damage, { offset: 70, reason: 'reading failed: the disk is gone' });
});
