// Mutated frames of any link types as one pcapng capture, with times that jump and lengths that lie.

import { u32 } from '../../fixtures/builder/bytes.ts';
import { interfaceBlock, section } from '../../fixtures/builder/pcapng.ts';
import type { Dice } from './dice.ts';
import { mutated } from './mutate.ts';
import type { Frame } from './seeds.ts';

/** A record to be: its frame, how it is stamped, and how long it says it was. */
export interface Record {
  readonly bytes: Uint8Array;
  readonly linkType: number;
  readonly timeUs: number;
  readonly wireBytes: number;
}

const BEGIN_US = 1_709_629_200_000_000;

/** As many mutated frames, each with one of `frames` as what it was. */
export function mutatedRecords(frames: readonly Frame[], count: number, dice: Dice): Record[] {
  const records: Record[] = [];
  let clockUs = BEGIN_US;
  for (let n = 0; n < count; n++) {
    const frame = dice.of(frames);
    const kind = dice.below(8);
    // Some are left as they are, so that there are whole conversations among them; of some only the payload is changed.
    const bytes =
      kind === 0
        ? frame.bytes
        : mutated(frame.bytes, dice.of(frames).bytes, dice, kind < 3 ? frame.payloadAt : 0);
    const linkType = dice.below(64) === 0 ? dice.of(frames).linkType : frame.linkType;
    clockUs += step(dice);
    records.push({ bytes, linkType, timeUs: Math.max(0, clockUs), wireBytes: wireOf(bytes.length, dice) });
  }
  return records;
}

function step(dice: Dice): number {
  const kind = dice.below(400);
  if (kind === 0) return 61_000_000;
  if (kind === 1) return 3_601_000_000;
  if (kind < 8) return -dice.below(400_000_000);
  return dice.below(2000);
}

function wireOf(captured: number, dice: Dice): number {
  const kind = dice.below(32);
  if (kind === 0) return dice.below(captured + 1);
  if (kind === 1) return 0xffff_ffff;
  return kind < 4 ? captured + dice.below(3000) : captured;
}

/** The records as a capture that every reader of pcapng can open. */
export function captureOf(records: readonly Record[]): Uint8Array {
  const linkTypes = [...new Set(records.map(({ linkType }) => linkType))];
  const head = section(
    'little',
    linkTypes.map((linkType) => interfaceBlock({ linkType, snaplen: 262_144 })),
  );
  const interfaceOf = new Map(linkTypes.map((linkType, n) => [linkType, n]));
  const size = records.reduce((sum, { bytes }) => sum + 32 + padded(bytes.length), head.length);
  const capture = new Uint8Array(size);
  const view = new DataView(capture.buffer);
  capture.set(head);
  let at = head.length;
  for (const { bytes, linkType, timeUs, wireBytes } of records) {
    const length = 32 + padded(bytes.length);
    const words = [6, length, interfaceOf.get(linkType) ?? 0, Math.floor(timeUs / 2 ** 32), timeUs % 2 ** 32];
    words.push(bytes.length, wireBytes);
    for (const [n, word] of words.entries()) view.setUint32(at + 4 * n, word, true);
    capture.set(bytes, at + 28);
    capture.set(u32(length, 'little'), at + length - 4);
    at += length;
  }
  return capture;
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
