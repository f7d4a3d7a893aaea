// Every prefix and every change of a single byte of small frames and small captures.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeRecord } from '../../src/decode/link/index.ts';
import { PacketView } from '../../src/decode/packet.ts';
import { SKIP } from '../../src/decode/skip.ts';
import { NotACapture } from '../../src/source/record.ts';
import { inPieces, readCapture } from '../source/support.ts';
import { CountingView } from './invariants.ts';
import { type Frame, framesOf, smallCaptures } from './seeds.ts';

const LONGEST_FRAME = 110;
const LONGEST_CAPTURE = 330;
/** What a byte of a capture is changed by; of a frame it becomes every other value. */
const CHANGES = [1, 4, 16, 64, 128, 255];

/** The bytes end with the record, so that a read behind its last byte throws. */
function check(
  packet: PacketView,
  view: CountingView,
  captured: number,
  wire: number,
  linkType: number,
): void {
  view.reads = 0;
  decodeRecord(packet, view, 0, captured, wire, linkType);
  assert.ok(view.reads <= 300 + captured, `${view.reads} reads`);
  assert.equal(packet.wireBytes, wire);
  if (packet.skip !== SKIP.none) return;
  assert.ok(packet.ipVersion === 4 || packet.ipVersion === 6);
  assert.ok(packet.payloadBytes >= 0 && packet.payloadBytes <= wire, `${packet.payloadBytes} payload bytes`);
}

test('any one byte of a frame may have any value, and it may end anywhere', async () => {
  const all = await framesOf(smallCaptures().map(({ data }) => data));
  const frames = new Map<string, Frame>();
  // The shortest of each length and link stands for those that differ in ports and flags alone.
  for (const frame of all) {
    if (frame.bytes.length > LONGEST_FRAME) continue;
    frames.set(`${frame.linkType} ${frame.bytes.length} ${frame.payloadAt}`, frame);
  }
  assert.ok(frames.size > 100, `${frames.size} frames`);
  const packet = new PacketView();
  for (const { bytes, linkType } of frames.values()) {
    const changed = bytes.slice();
    const view = new CountingView(changed.buffer);
    for (let at = 0; at < bytes.length; at++) {
      for (let value = 0; value < 256; value++) {
        changed[at] = value;
        check(packet, view, bytes.length, bytes.length, linkType);
      }
      changed[at] = bytes[at];
    }
    for (let captured = 0; captured <= bytes.length; captured++) {
      const cut = new CountingView(bytes.slice(0, captured).buffer);
      check(packet, cut, captured, bytes.length, linkType);
      check(packet, cut, captured, captured, linkType);
    }
  }
});

/** What a reader says of the bytes: how many records, and what is wrong. */
async function readOrRefuse(bytes: Uint8Array): Promise<number> {
  try {
    const { records, damage } = await readCapture(inPieces(bytes, []));
    if (damage !== null) {
      assert.ok(damage.reason.length > 10);
      assert.ok(damage.offset >= 0 && Number.isSafeInteger(damage.offset), `damage at ${damage.offset}`);
    }
    return records.length;
  } catch (error) {
    assert.ok(error instanceof NotACapture, String(error));
    assert.ok(error.message.length > 5);
    return 0;
  }
}

test('any one byte of a capture may be another, and it may end anywhere', async () => {
  const shortest = new Map<string, Uint8Array>();
  for (const { name, data } of smallCaptures()) {
    const kind = /(pcap|pcapng|cap|snoop|gz|zst)$/.exec(name)?.[0];
    const best = kind === undefined ? undefined : shortest.get(kind);
    if (kind === undefined || data.length > LONGEST_CAPTURE || data.length < 60) continue;
    if (best === undefined || data.length > best.length) shortest.set(kind, data);
  }
  assert.ok(shortest.size >= 5, [...shortest.keys()].join(' '));
  for (const [kind, data] of shortest) {
    const whole = await readOrRefuse(data);
    for (let at = 0; at < data.length; at++) {
      const prefix = await readOrRefuse(data.subarray(0, at));
      assert.ok(
        prefix <= whole,
        `${kind} has ${prefix} records when it ends at ${at}, ${whole} when it is whole`,
      );
      for (const change of CHANGES) {
        const changed = data.slice();
        changed[at] ^= change;
        await readOrRefuse(changed);
      }
    }
  }
});
