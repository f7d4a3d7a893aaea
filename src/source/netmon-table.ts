// Where the frames of a Network Monitor file are. A file on disk is read by its frame table; in a stream, where the
// table comes last, frames are taken one behind the other and the table is compared with them.

import type { ByteWindow } from './bytes.ts';
import type { NetmonHeader } from './netmon-header.ts';
import { NETMON_HEADER } from './netmon-header.ts';

const ENTRY = 4;

/** What is wrong with a table before any frame is read; null where nothing is. */
export function tableProblem(header: NetmonHeader, size: number | null): string | null {
  const { tableOffset, tableLength, frameHeader } = header;
  if (tableLength % ENTRY !== 0) {
    return `the header says that the frame table has ${tableLength} bytes, which is not a multiple of four`;
  }
  if (tableLength === 0) return null;
  if (tableOffset < NETMON_HEADER) {
    return `the header says that the frame table is at ${tableOffset}, within the header`;
  }
  if (size === null) return null;
  if (tableOffset + tableLength > size) return tableOutside(header, size);
  const room = Math.floor((size - NETMON_HEADER - tableLength) / frameHeader);
  if (tableLength / ENTRY > room) {
    return `the frame table names ${tableLength / ENTRY} frames, and the file has room for ${room}`;
  }
  return null;
}

export function tableOutside({ tableOffset, tableLength }: NetmonHeader, size: number): string {
  return `the header says that the frame table is at ${tableOffset} and has ${tableLength} bytes, and the file ends at ${size}`;
}

/** What is wrong with an entry, in a file of that size; null where nothing is. */
export function entryProblem(
  table: Uint32Array,
  index: number,
  { frameHeader }: NetmonHeader,
  size: number,
): string | null {
  const at = table[index];
  if (at >= NETMON_HEADER && at + frameHeader <= size) return null;
  return `the frame table says that frame ${index + 1} is at ${at}, and frames are between ${NETMON_HEADER} and ${size}`;
}

/** Reads the table of a file in which one can jump; null where the file ends in it. */
export async function readTable(window: ByteWindow, header: NetmonHeader): Promise<Uint32Array | null> {
  const table = new Uint32Array(header.tableLength / ENTRY);
  window.jump(header.tableOffset);
  let n = 0;
  while (n < table.length) {
    const there = Math.floor((window.end - window.start) / ENTRY);
    const count = Math.min(there, table.length - n);
    for (let i = 0; i < count; i++) table[n++] = window.view.getUint32(window.start + i * ENTRY, true);
    window.start += count * ENTRY;
    if (n === table.length) break;
    await window.more();
    if (window.ended) return null;
  }
  return table;
}

/** Sums up places of frames, in any order, to compare those met with those of a table. */
export class PlaceSum {
  count = 0;
  private sum = 0;

  add(offset: number): void {
    this.count++;
    // Multiplied by an odd number, so that places that were exchanged bit for bit do not cancel out.
    this.sum = (this.sum + Math.imul(offset ^ (offset >>> 15), 0x9e37_79b1)) | 0;
  }

  equals(other: PlaceSum): boolean {
    return this.count === other.count && this.sum === other.sum;
  }
}

/** Takes the entries of a table at hand, up to `left` bytes of it; says how many bytes it took. */
export function addEntries(window: ByteWindow, left: number, places: PlaceSum): number {
  const taken = Math.min(left, window.end - window.start) & ~(ENTRY - 1);
  for (let i = 0; i < taken; i += ENTRY) places.add(window.view.getUint32(window.start + i, true));
  window.start += taken;
  return taken;
}
