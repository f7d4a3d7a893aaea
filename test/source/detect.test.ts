// What a source is, by its first bytes alone, and what is said of those that are no captures.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex, join, text, u32, zeros } from '../../fixtures/builder/bytes.ts';
import { pcap } from '../../fixtures/builder/pcap.ts';
import { interfaceBlock, section } from '../../fixtures/builder/pcapng.ts';
import { PcapParserReader } from '../../src/source/pcap-parser.ts';
import { NotACapture } from '../../src/source/record.ts';
import { inPieces, readCapture } from './support.ts';

async function formatOf(bytes: Uint8Array, pieces: readonly number[] = []): Promise<string> {
  const { format, linkTypes } = await readCapture(inPieces(bytes, pieces));
  return `${format} of ${linkTypes.join()}`;
}

/** The same sentence must come out however the bytes arrive. */
async function isRefused(bytes: Uint8Array, sentence: RegExp): Promise<void> {
  for (const pieces of [[], new Array<number>(bytes.length).fill(1)]) {
    for (const size of [bytes.length, null]) {
      await assert.rejects(readCapture(inPieces(bytes, pieces, size)), (error) => {
        assert.ok(error instanceof NotACapture, String(error));
        assert.match(error.message, sentence);
        return true;
      });
    }
  }
}

describe('a source', () => {
  test('is pcap by its magic number, in either order and resolution', async () => {
    assert.equal(await formatOf(pcap([])), 'pcap of 1');
    assert.equal(await formatOf(pcap([], { order: 'big', linkType: 101 })), 'pcap of 101');
    assert.equal(await formatOf(pcap([], { resolution: 'nano' })), 'pcap-ns of 1');
    assert.equal(await formatOf(pcap([], { order: 'big', resolution: 'nano' })), 'pcap-ns of 1');
  });

  test('is pcapng by its first block', async () => {
    const two = [interfaceBlock(), interfaceBlock({ linkType: 113 }), interfaceBlock()];
    assert.equal(await formatOf(section('little', two)), 'pcapng of 1,113');
    assert.equal(await formatOf(section('big', two)), 'pcapng of 1,113');
    assert.equal(await formatOf(section('little', [])), 'pcapng of ');
  });

  test('is told whatever pieces its first bytes come in', async () => {
    for (const bytes of [pcap([]), section('big', [interfaceBlock()])]) {
      const whole = await formatOf(bytes);
      assert.equal(await formatOf(bytes, new Array(bytes.length).fill(1)), whole);
    }
  });

  test('of no bytes is empty', async () => {
    await isRefused(zeros(0), /^it is empty$/);
  });

  test('that begins like a capture and ends within the header says so', async () => {
    for (let length = 4; length < 24; length++) {
      await isRefused(pcap([]).subarray(0, length), /begins like a pcap file and ends within .* header/);
    }
    const pcapng = section('little', []);
    for (let length = 4; length < 28; length++) {
      await isRefused(
        pcapng.subarray(0, length),
        /begins like a pcapng file and ends within its first block/,
      );
    }
  });

  test('of a version that is not read says which it is and which are accepted', async () => {
    await isRefused(pcap([], { version: [3, 0] }), /pcap file of version 3; version 2 is accepted/);
    await isRefused(pcap([], { order: 'big', version: [543, 2] }), /version 543/);
    await isRefused(section('big', [], [2, 0]), /pcapng file whose version is 2\.0, and 1\.0 is accepted/);
    await isRefused(section('little', [], [1, 1]), /version is 1\.1/);
  });

  test('of pcapng with an unknown byte order shows what it found', async () => {
    const bytes = section('little', []);
    bytes.set(u32(0x1122_3344, 'little'), 8);
    await isRefused(bytes, /byte-order magic is 0x11223344/);
  });

  test('that is compressed, of another tool, or a database is called by its name', async () => {
    const rest = zeros(60);
    for (const [magic, name] of [
      ['fd377a585a00', /xz/],
      ['504b0304', /zip archive/],
    ] as const) {
      await isRefused(join(hex(magic), rest), name);
    }
    await isRefused(join(text('SQLite format 3'), rest), /SQLite database/);
  });

  test('of letters is text, and of anything else of an unknown kind', async () => {
    await isRefused(text('No.,Time,Source\n1,0.0,10.0.0.5\n'), /^it is text$/);
    await isRefused(text('d'), /^it is text$/);
    await isRefused(text('Größe,Länge\n'), /^it is text$/);
    await isRefused(text('Größe,Länge\n').subarray(0, 3), /^it is text$/);
    await isRefused(hex('e9e9e9e9 41424344'), /unknown kind and begins with the bytes e9 e9 e9 e9/);
    await isRefused(hex('4d5a9000 0300'), /unknown kind and begins with the bytes 4d 5a 90 00/);
    await isRefused(hex('00ff'), /unknown kind and begins with the bytes 00 ff$/);
    // Bytes behind the first few may have come or not.
    await isRefused(join(text('frame by frame, line by line; '), zeros(300)), /^it is text$/);
  });

  test('has a link type without what is told beside it, and no bits that mean nothing yet', async () => {
    // The upper bits of the field tell of a frame check sequence.
    assert.equal(await formatOf(pcap([], { linkType: 0x2400_0001 | 0 })), 'pcap of 1');
    await isRefused(pcap([], { linkType: 0x0001_0001 }), /link type field, 0x00010001, uses reserved bits/);
  });
});

describe('the reader of the package pcap-parser', () => {
  async function isRefusedThere(bytes: Uint8Array, sentence: RegExp): Promise<void> {
    await assert.rejects(readCapture(inPieces(bytes, []), PcapParserReader.open), (error) => {
      assert.ok(error instanceof NotACapture, String(error));
      assert.match(error.message, sentence);
      return true;
    });
  }

  test('says what it cannot read', async () => {
    await isRefusedThere(pcap([], { resolution: 'nano' }), /nanoseconds.*microseconds only/);
    await isRefusedThere(section('little', []), /a pcapng file.*plain pcap/);
    await isRefusedThere(zeros(0), /not a pcap file/);
    await isRefusedThere(pcap([]).subarray(0, 20), /ends within/);
    await isRefusedThere(pcap([], { version: [3, 0] }), /version 3/);
  });
});
