// Bytes that mean no good: nothing throws, nothing behind the record is read, and each packet ends in one place.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import fc from 'fast-check';
import { fixtureFiles } from '../../fixtures/files.ts';
import { LINK } from '../../src/decode/link/others.ts';
import { PacketView } from '../../src/decode/packet.ts';
import { Capture } from '../../src/source/capture.ts';
import { detectReader } from '../../src/source/detect.ts';
import { NotACapture, RecordBatch } from '../../src/source/record.ts';
import { inPieces } from '../source/support.ts';
import { type Cut, type Decoded, decode } from './support.ts';

/** All that are read, and one that is not. */
const LINK_TYPES = [...Object.values(LINK), 253];
const REASON = new RegExp(
  `^(${[
    'arp',
    'truncated-before-ip',
    'too-many-encapsulations',
    'encrypted-802[.]11',
    'malformed-ip(v4-header|v6-header|-version)',
    'non-ip:(0x[0-9a-f]{4}|llc-0x[0-9a-f]{2}|snap-[0-9a-f]{6}-0x[0-9a-f]{4}|af-[0-9]+|ppp-0x[0-9a-f]{4})',
    'non-ip:(nlpid-0x[0-9a-f]{2}|frame-control-0x[0-9a-f]{2}|erf-[0-9]+)',
    'non-ip:802[.]11-(management|control|extension|null|fragment)',
    'unsupported-link-type:(netmon-|snoop-)?[0-9]+',
  ].join('|')})$`,
);

interface Frame {
  readonly bytes: Uint8Array;
  readonly linkType: number;
}

/** One frame of each shape that is in the fixtures: link, headers, flags and length. */
async function allFrames(): Promise<Frame[]> {
  const frames = new Map<string, Frame>();
  for (const bytes of fixtureFiles().values()) {
    const capture = await Capture.open('fixture', inPieces(bytes, []), detectReader).catch((error) => {
      assert.ok(error instanceof NotACapture);
      return null;
    });
    const batch = new RecordBatch();
    while (capture !== null && !capture.done) {
      capture.fill(batch);
      for (let n = 0; n < batch.count; n++) {
        const frame = new Uint8Array(
          batch.view.buffer as ArrayBuffer,
          batch.offset[n],
          batch.length[n],
        ).slice();
        const linkType = batch.linkType[n];
        frames.set(shapeOf(frame, linkType), { bytes: frame, linkType });
      }
      if (batch.count === 0 && !capture.done) await capture.advance();
    }
  }
  return [...frames.values()];
}

function shapeOf(bytes: Uint8Array, linkType: number): string {
  const { skip, version, protocol, inner, flags, fragment, hint, vlans } = decode(bytes, linkType);
  return [linkType, skip, version, protocol, inner, flags, fragment, hint, vlans, bytes.length].join(' ');
}

/** A packet that was read is in a flow or has a reason, and none of its numbers is out of bounds. */
function endsInOnePlace(read: Decoded, wire: number): void {
  assert.equal(read.wireBytes, wire);
  if (read.skip !== null) {
    assert.match(read.skip, REASON);
    return;
  }
  assert.ok(read.version === 4 || read.version === 6, `version ${read.version}`);
  assert.ok(read.protocol >= 0 && read.protocol <= 255 && read.inner >= 0 && read.inner <= 255);
  const ports = read.ports === 'unread' ? [] : read.ports;
  for (const port of ports) assert.ok(port >= 0 && port <= 65_535, `port ${port}`);
  assert.ok(read.payload >= 0 && read.payload <= wire, `${read.payload} payload bytes of ${wire}`);
}

describe('a hostile packet', () => {
  let frames: Frame[] = [];
  before(async () => {
    frames = await allFrames();
  });

  test('may end at any byte', () => {
    assert.ok(frames.length > 100, `${frames.length} frames`);
    for (const { bytes, linkType } of frames) {
      const longest = Math.min(bytes.length, 200);
      for (let captured = 0; captured <= longest; captured++) {
        endsInOnePlace(decode(bytes, linkType, { captured }), bytes.length);
        endsInOnePlace(decode(bytes.subarray(0, captured), linkType), captured);
      }
    }
  });

  test('may be of any bytes, on any link', () => {
    const record = fc.uint8Array({ maxLength: 120 });
    const property = fc.property(record, fc.nat(2000), (bytes, more) => {
      const wire = bytes.length + more;
      for (const linkType of LINK_TYPES) endsInOnePlace(decode(bytes, linkType, { wire }), wire);
    });
    fc.assert(property, { numRuns: 3000, seed: 3 });
  });

  test('may be a good one with some bytes changed', () => {
    const change = fc.record({ at: fc.nat(119), to: fc.integer({ min: 0, max: 255 }) });
    const changes = fc.array(change, { minLength: 1, maxLength: 4 });
    const property = fc.property(fc.nat(), changes, fc.constantFrom(...LINK_TYPES), (n, all, other) => {
      const { bytes, linkType } = frames[n % frames.length];
      const changed = bytes.slice(0, 200);
      for (const { at, to } of all) if (at < changed.length) changed[at] = to;
      endsInOnePlace(decode(changed, linkType), changed.length);
      endsInOnePlace(decode(changed, other), changed.length);
    });
    fc.assert(property, { numRuns: 20_000, seed: 4 });
  });

  test('may go round and round in headers that are all in order', () => {
    const ethernet = '020000000001 020000000002';
    const rings = [
      [`${ethernet} 8100`, '0064 0100 aaaa03 000000 8100'],
      [`${ethernet} 8100`, '0064 8100'],
      [`${ethernet} 8847`, `00010040`],
      [`${ethernet} 8847`, `00010140 ${ethernet} 8847`],
      [`${ethernet} 8864`, '1100 0001 fff0 0281 00010140 00000001'],
    ] as const;
    for (const [head, ring] of rings) {
      const digits = head + ring.repeat(262_144 / (ring.replaceAll(' ', '').length / 2));
      const bytes = Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex')).subarray(0, 262_144);
      endsInOnePlace(decode(bytes, 1), bytes.length);
    }
  });

  test('may claim to have been shorter on the wire than what was captured', () => {
    for (const { bytes, linkType } of frames) {
      const read = decode(bytes, linkType, { wire: 3 });
      assert.equal(read.wireBytes, 3);
      assert.equal(read.skip, decode(bytes, linkType).skip);
    }
  });

  test('leaves nothing behind for the next one in the same object', () => {
    const property = fc.property(
      fc.array(fc.nat(), { minLength: 2, maxLength: 6 }),
      fc.nat(100),
      (numbers, cut) => {
        const reused = new PacketView();
        for (const n of numbers) {
          const { bytes, linkType } = frames[n % frames.length];
          const how: Cut = { captured: n % 3 === 0 ? Math.min(cut, bytes.length) : bytes.length };
          assert.deepEqual(decode(bytes, linkType, how, reused), decode(bytes, linkType, how));
        }
      },
    );
    fc.assert(property, { numRuns: 5000, seed: 5 });
  });
});
