// snoop and the relatives of pcap: where their records begin and end, and which link type they are of.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { join, u32, zeros } from '../../fixtures/builder/bytes.ts';
import { pcap, pcapHeader, pcapRecordHeader } from '../../fixtures/builder/pcap.ts';
import { snoop, snoopRecord } from '../../fixtures/builder/snoop.ts';
import { NotACapture } from '../../src/source/record.ts';
import { inPieces, readCapture } from './support.ts';

const packets = Array.from({ length: 5 }, (_, i) => ({
  timeUs: 4_000_000_000_000_001 + i,
  bytes: Uint8Array.from({ length: 41 + i }, (_, at) => at),
}));
const read = (bytes: Uint8Array) => readCapture(inPieces(bytes, []));
const expected = packets.map(
  ({ timeUs, bytes }) => `${timeUs} ${bytes.length} 1 ${Buffer.from(bytes).toString('hex')}`,
);

async function isRefused(bytes: Uint8Array, sentence: RegExp): Promise<void> {
  await assert.rejects(read(bytes), (error) => error instanceof NotACapture && sentence.test(error.message));
}

async function isDamaged(bytes: Uint8Array, records: number, offset: number, reason: RegExp): Promise<void> {
  const result = await read(bytes);
  assert.deepEqual(result.records, expected.slice(0, records));
  assert.equal(result.damage?.offset, offset);
  assert.match(result.damage?.reason ?? '', reason);
}

describe('snoop', () => {
  test('is read with its padding, its cut packets and its running count of losses', async () => {
    const whole = await read(snoop(packets));
    assert.deepEqual(whole.records, expected);
    assert.equal(whole.kernelDropped, 0);
    const cut = await read(snoop(packets, { snaplen: 7 }));
    assert.deepEqual(
      cut.records.map((record) => record.split(' ')[1]),
      ['41', '42', '43', '44', '45'],
    );
    const lossy = await read(snoop(packets.map((packet, i) => ({ ...packet, dropped: i * i }))));
    assert.equal(lossy.kernelDropped, 16);
    assert.equal((await read(snoop([]))).kernelDropped, null);
  });

  test('has the link types of RFC 1761 and its followers', async () => {
    for (const [datalink, linkType] of [
      [0, 1],
      [2, 6],
      [4, 1],
      [8, 10],
      [16, 122],
      [18, 123],
      [26, 242],
      [1, 0x20001],
      [9, 0x20009],
    ] as const) {
      assert.deepEqual((await read(snoop(packets, { datalink }))).linkTypes, [linkType]);
    }
  });

  test('that is cut or of another version says so', async () => {
    await isRefused(snoop(packets).subarray(0, 15), /begins like a snoop file and ends within the 16 bytes/);
    await isRefused(snoop(packets, { version: 3 }), /snoop file of version 3; version 2 is accepted/);
    const one = snoop(packets.slice(0, 1));
    const second = snoopRecord(packets[1]!);
    for (let length = 1; length < second.length; length++) {
      const reason =
        length < 24
          ? new RegExp(`cut short: ${length} of the 24 bytes of a record header`)
          : new RegExp(`cut short: a record says it has 68 bytes, and ${length} are left`);
      await isDamaged(join(one, second.subarray(0, length)), 1, one.length, reason);
    }
  });

  test('has no record shorter than its packet, none without end, and no captured length above 262144', async () => {
    const one = snoop(packets.slice(0, 1));
    const with3 = (captured: number, length: number) =>
      join(one, u32(60), u32(captured), u32(length), zeros(12), zeros(3 << 20));
    await isDamaged(with3(60, 83), 1, one.length, /has 83 bytes, and 60 captured ones in them/);
    await isDamaged(with3(60, 0), 1, one.length, /has 0 bytes, and 60/);
    await isDamaged(with3(60, 0xffff_fffc), 1, one.length, /a record says it has 4294967292 bytes/);
    await isDamaged(with3(262_145, 262_169), 1, one.length, /262145 captured bytes/);
  });
});

describe('a relative of pcap', () => {
  const relatives = ['modified', 'suse', 'ixia'] as const;

  test('is read in either byte order', async () => {
    for (const relative of relatives) {
      for (const order of ['little', 'big'] as const) {
        const { records, damage } = await read(pcap(packets, { relative, order }));
        assert.deepEqual(records, expected, relative);
        assert.equal(damage, null);
      }
    }
    const nano = await read(pcap(packets, { relative: 'ixia', resolution: 'nano' }));
    assert.deepEqual([nano.format, nano.records], ['pcap-ns', expected]);
  });

  test('is told by where its second record begins, from the first second of 1970 too', async () => {
    const early = packets.map(({ bytes }) => ({ timeUs: 0, bytes }));
    for (const relative of ['modified', 'suse'] as const) {
      const { records, damage } = await read(pcap(early, { relative }));
      assert.equal(damage, null);
      assert.deepEqual(
        records,
        expected.map((line) => line.replace(/^\d+/, '0')),
      );
    }
  });

  test('may have one packet or none', async () => {
    for (const relative of relatives) {
      for (const count of relative === 'suse' ? [0] : [0, 1]) {
        const { records, damage } = await read(pcap(packets.slice(0, count), { relative }));
        assert.deepEqual([records, damage], [expected.slice(0, count), null], relative);
      }
    }
  });

  test('has false lengths and ends as pcap has', async () => {
    const options = { relative: 'modified' } as const;
    await isDamaged(
      join(pcapHeader(options), pcapRecordHeader(packets[0]!, 0x7fff_ffff, 60, options)),
      0,
      24,
      /2147483647/,
    );
    const two = pcap(packets.slice(0, 2), options);
    await isDamaged(two.subarray(0, -1), 1, 24 + 24 + 41, /cut short: 41 of the 42 bytes of a packet/);
    await isDamaged(
      two.subarray(0, -50),
      1,
      24 + 24 + 41,
      /cut short: 16 of the 24 bytes of a record header/,
    );
    await isRefused(
      pcapHeader({ relative: 'ixia' }).subarray(0, 27),
      /ends within the 28 bytes of its header/,
    );
  });
});
