import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { isCaptureName } from '../../fixtures/files.ts';
import { PcapParserReader } from '../../src/source/pcap-parser.ts';
import { NotACapture } from '../../src/source/record.ts';
import { inPieces, readCapture } from './support.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const SPLIT_UP_TO = 1500;
/** Captures that are the same up to so many bytes behind a cut are cut there once. */
const AROUND_A_CUT = 64;

const captures = readdirSync(FIXTURES, { recursive: true })
  .map(String)
  .filter(isCaptureName)
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(FIXTURES, name))) }));
const containers = captures.filter(
  ({ name, bytes }) => /container|damage/.test(name) && bytes.length <= SPLIT_UP_TO,
);

/** Frames of Network Monitor that do not lie in order are found in a file only, by the table behind them. */
const needsTable = /netmon2-table-order|netmon-frame-outside/;

/** How long record headers are is seen from where the second record begins. */
const needsTwoRecords = /pcap-modified-suse/;

/** Answers whether it is asked for the first time about the first `length` bytes. */
function newBeginnings(): (bytes: Uint8Array, length: number) => boolean {
  const seen = new Set<string>();
  return (bytes, length) => {
    const before = seen.size;
    return seen.add(Buffer.from(bytes.subarray(0, length)).toString('latin1')).size > before;
  };
}

async function readOrRefuse(bytes: Uint8Array, pieces: readonly number[], size?: number | null) {
  try {
    const { bytesGiven: _, ...result } = await readCapture(inPieces(bytes, pieces, size));
    return result;
  } catch (error) {
    assert.ok(error instanceof NotACapture, String(error));
    return error.message;
  }
}

test('a capture reads the same wherever its bytes are cut in two', async () => {
  assert.ok(containers.length >= 15, `${containers.length} small captures`);
  const isNew = newBeginnings();
  for (const { name, bytes } of containers) {
    const whole = await readOrRefuse(bytes, []);
    for (let at = 1; at < bytes.length; at++) {
      if (!isNew(bytes, at + AROUND_A_CUT) && at + AROUND_A_CUT < bytes.length) continue;
      assert.deepEqual(await readOrRefuse(bytes, [at]), whole, `${name} cut at ${at}`);
    }
    assert.deepEqual(
      await readOrRefuse(bytes, new Array(bytes.length).fill(1)),
      whole,
      `${name} byte by byte`,
    );
  }
});

test('a stream reads the same as a file of known size', async () => {
  for (const { name, bytes } of captures) {
    if (needsTable.test(name)) continue;
    const asFile = await readOrRefuse(bytes, []);
    assert.deepEqual(await readOrRefuse(bytes, [], null), asFile, name);
  }
});

test('a larger capture reads the same in pieces of any sizes', async () => {
  const bytes = new Uint8Array(readFileSync(join(FIXTURES, 'sample.pcap')));
  const whole = await readOrRefuse(bytes, []);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9000 }), { maxLength: 60 }), async (pieces) => {
      assert.deepEqual(await readOrRefuse(bytes, pieces), whole);
    }),
    { numRuns: 40 },
  );
});

test('every prefix of a capture gives a prefix of its records', async () => {
  const isNew = newBeginnings();
  for (const { name, bytes } of containers) {
    const whole = await readOrRefuse(bytes, []);
    if (typeof whole === 'string' || needsTable.test(name) || needsTwoRecords.test(name)) continue;
    for (let length = 0; length < bytes.length; length++) {
      if (!isNew(bytes, length)) continue;
      const part = await readOrRefuse(bytes.subarray(0, length), []);
      if (typeof part === 'string') continue;
      assert.deepEqual(part.records, whole.records.slice(0, part.records.length), `${name} up to ${length}`);
    }
  }
});

test('the package pcap-parser reads plain pcap as our own reader does', async () => {
  let compared = 0;
  for (const { name, bytes } of captures) {
    const ours = await readOrRefuse(bytes, []);
    if (typeof ours === 'string' || ours.format !== 'pcap' || name.includes('ixia')) continue;
    const theirs = await readCapture(inPieces(bytes, []), PcapParserReader.open);
    assert.deepEqual(theirs.records, ours.records, name);
    assert.deepEqual(theirs.damage, ours.damage, name);
    compared++;
  }
  assert.ok(compared > 50, `${compared} captures`);
});

test('the package pcap-parser reads the same in pieces of any sizes', async () => {
  const bytes = new Uint8Array(readFileSync(join(FIXTURES, 'sample.pcap')));
  const { records } = await readCapture(inPieces(bytes, []));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 900 }), { maxLength: 60 }), async (pieces) => {
      const theirs = await readCapture(inPieces(bytes, pieces), PcapParserReader.open);
      assert.deepEqual(theirs.records, records);
    }),
    { numRuns: 25, seed: 6 },
  );
});

test('a false length is answered where it stands, without reading on', async () => {
  const header = Buffer.from('d4c3b2a1020004000000000000000000ffff000001000000', 'hex');
  const record = Buffer.alloc(16);
  record.writeUInt32LE(0x7fffffff, 8);
  const bytes = new Uint8Array(Buffer.concat([header, record, Buffer.alloc(40 << 20)]));
  const result = await readCapture(inPieces(bytes, new Array(1000).fill(64 * 1024), null));
  assert.equal(result.damage?.offset, 24);
  assert.match(result.damage?.reason ?? '', /2147483647 captured bytes/);
  assert.ok(result.bytesGiven <= 2 * 64 * 1024, `${result.bytesGiven} bytes were read`);
});

test('a block that says it is longer than the file is answered where it stands', async () => {
  const { bytes } = captures.find(({ name }) => /\.pcapng$/.test(name)) ?? assert.fail('no pcapng fixture');
  const block = Buffer.alloc(12);
  block.writeUInt32LE(0x0bad, 0);
  block.writeUInt32LE(0xfffffff0, 4);
  const little = Buffer.from('0a0d0d0a1c0000004d3c2b1a01000000ffffffffffffffff1c000000', 'hex');
  const result = await readCapture(inPieces(new Uint8Array(Buffer.concat([bytes, little, block])), []));
  assert.equal(result.damage?.offset, bytes.length + little.length);
  assert.match(result.damage?.reason ?? '', /4294967280 bytes, and 12 are left/);
});
