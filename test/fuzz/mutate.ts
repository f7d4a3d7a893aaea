// Changes to bytes that are likely to matter: numbers at the border of what fits, words that headers are told by,
// pieces that are gone, doubled, or of another packet.
import type { Dice } from './dice.ts';

/** Bytes that lengths and counts are most often wrong with. */
const TELLING = [0, 1, 2, 4, 5, 0x0f, 0x3f, 0x40, 0x45, 0x60, 0x7f, 0x80, 0xff];
const TELLING_16 = [0, 1, 4, 7, 8, 20, 0x7fff, 0x8000, 0xfff8, 0xffff];
const TELLING_32 = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fff0, 0xffff_ffff];
/** EtherTypes, protocols and ports that lead to other readers, and how some payloads begin. */
const WORDS = [
  ...['0800', '86dd', '0806', '8100', '88a8', '8847', '8864', '6558', '88be', '22eb', '8902'],
  ...[
    '0021',
    '0057',
    'aaaa03000000',
    '4500',
    '6000',
    '04',
    '29',
    '2f',
    '32',
    '33',
    '2c',
    '00',
    '3c',
    '2b',
    '84',
    '3a',
  ],
  ...['12b5', '17c1', '0868', '1194', '01f4', '0087', '0251', '01bd', '0035', '0185', '0019', '008f'],
  ...['05000203', '05000c03', '05000b03', '0400', '160301', '160303', '1603030000', 'fe534d42', 'ff534d42'],
  ...['08000000', '0800000000', '30ff', '2000', '3000', '10640064', '20640064'],
].map((digits) => Uint8Array.from(Buffer.from(digits, 'hex')));
const LONGEST = 4096;

/** A copy with up to six changes; it may be shorter or longer, or end with the tail of `other`. */
export function mutated(bytes: Uint8Array, other: Uint8Array, dice: Dice, from = 0): Uint8Array {
  let changed: Uint8Array = bytes.slice();
  for (let n = dice.below(6); n >= 0; n--) changed = changedOnce(changed, other, dice, from);
  return changed;
}

function changedOnce(bytes: Uint8Array, other: Uint8Array, dice: Dice, from: number): Uint8Array {
  if (bytes.length <= from) return other.slice(0, dice.below(other.length + 1));
  const at = from + dice.below(bytes.length - from);
  const left = bytes.length - at;
  switch (dice.below(14)) {
    case 0:
    case 1:
      bytes[at] ^= 1 << dice.below(8);
      return bytes;
    case 2:
    case 3:
      bytes[at] = dice.of(TELLING);
      return bytes;
    case 4:
      bytes[at] = dice.below(256);
      return bytes;
    case 5:
      bytes[at] += dice.below(9) - 4;
      return bytes;
    case 6:
      if (left >= 2) write16(bytes, at, dice.of(TELLING_16));
      return bytes;
    case 7:
      if (left >= 4) write32(bytes, at, dice.of(TELLING_32), dice.below(2) === 0);
      return bytes;
    case 8:
    case 9:
      bytes.set(dice.of(WORDS).subarray(0, left), at);
      return bytes;
    case 10:
      return bytes.slice(0, at);
    case 11:
      return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + dice.below(left)));
    case 12: {
      const piece = bytes.subarray(at, at + 1 + dice.below(left));
      return joined(bytes.subarray(0, at), piece, bytes.subarray(at));
    }
    default:
      return joined(bytes.subarray(0, at), other.subarray(dice.below(other.length + 1)));
  }
}

function write16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

function write32(bytes: Uint8Array, at: number, value: number, little: boolean): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value, little);
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts)).subarray(0, LONGEST);
}
