// The header of a Microsoft Network Monitor file, 1.x and 2.x, and how its times are reckoned.

import type { ByteWindow } from './bytes.ts';
import { NotACapture } from './record.ts';

export const NETMON_HEADER = 128;
const MINOR = 4;
const MAJOR = 5;
const NETWORK = 6;
const START = 8;
const TABLE_OFFSET = 24;
const TABLE_LENGTH = 28;

const TWO32 = 4_294_967_296;
/** Microseconds from 1601, where Windows counts from, to 1970. */
const FROM_1601_US = 11_644_473_600_000_000;
/** High halves from here on need more than 53 bits in all. */
const BEYOND_EXACT = 1 << 21;

export interface NetmonHeader {
  readonly format: 'netmon1' | 'netmon2';
  readonly minor: number;
  /** The media type of all frames, where frames have none of their own. */
  readonly media: number;
  readonly startUs: number;
  readonly tableOffset: number;
  readonly tableLength: number;
  readonly frameHeader: number;
  /** Bytes behind a frame's data: 0 where there are none. */
  readonly trailer: number;
}

/** Reads the header, which stays in the window. Throws NotACapture where it is of no use. */
export function readNetmonHeader(window: ByteWindow): NetmonHeader {
  const { view, start } = window;
  if (window.end - start < NETMON_HEADER) {
    throw new NotACapture(
      `it begins like a Network Monitor file and ends within the ${NETMON_HEADER} bytes of its header`,
    );
  }
  const major = view.getUint8(start + MAJOR);
  const minor = view.getUint8(start + MINOR);
  if (major !== 1 && major !== 2) {
    throw new NotACapture(
      `it is a Network Monitor file of version ${major}.${minor}; versions 1 and 2 are accepted`,
    );
  }
  return {
    format: major === 1 ? 'netmon1' : 'netmon2',
    minor,
    media: view.getUint16(start + NETWORK, true),
    startUs: systemTimeUs(view, start + START),
    tableOffset: view.getUint32(start + TABLE_OFFSET, true),
    tableLength: view.getUint32(start + TABLE_LENGTH, true),
    frameHeader: major === 1 ? 8 : 16,
    trailer: major === 1 ? 0 : [0, 2, 6, 15][Math.min(minor, 3)],
  };
}

/** A SYSTEMTIME: year, month, weekday, day, hour, minute, second, millisecond, in the local time of who captured. */
function systemTimeUs(view: DataView, at: number): number {
  const [year, month, , day, hour, minute, second, ms] = Array.from({ length: 8 }, (_, i) =>
    view.getUint16(at + 2 * i, true),
  );
  // No file says in which zone that was; that of who reads is the likeliest.
  return new Date(year, month - 1, day, hour, minute, second, ms).getTime() * 1000;
}

/** Microseconds since the start, of a 64-bit count of them; a negative one was made by halving the range of ten times it. */
export function sinceStartUs(high: number, low: number): number {
  if (high < BEYOND_EXACT) return high * TWO32 + low;
  const count = (BigInt(high) << 32n) + BigInt(low);
  return Number(BigInt.asIntN(64, count * 10n) / 10n);
}

/** Microseconds since 1970 of a FILETIME's two halves, which count tenths of them. */
export function fileTimeUs(high: number, low: number): number {
  // high = 10 q + r, so that the remainder stays below 2^53.
  const quotient = Math.floor(high / 10);
  const rest = (high - quotient * 10) * TWO32 + low;
  const us = quotient * TWO32 + Math.floor(rest / 10) - FROM_1601_US;
  return Math.min(us, Number.MAX_SAFE_INTEGER);
}
