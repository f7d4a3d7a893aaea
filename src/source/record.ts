// What every capture reader delivers: batches of records, each a place in the window's bytes, a time, a length.

/** Captured lengths above this are damage, as they are to libpcap and Wireshark (262144 bytes). */
export const MAX_CAPTURED = 262_144;
/** The time of a record that has none (a pcapng simple packet block). */
export const NO_RECORD_TIME = -Infinity;
const BATCH = 256;

/** Records by column; `offset` points into `view`, which is good until the next read. */
export class RecordBatch {
  view: DataView = new DataView(new ArrayBuffer(0));
  count = 0;
  readonly capacity = BATCH;
  readonly offset = new Int32Array(BATCH);
  /** Bytes captured, and bytes that were on the wire. */
  readonly length = new Int32Array(BATCH);
  readonly wireLength = new Uint32Array(BATCH);
  readonly linkType = new Int32Array(BATCH);
  /** Microseconds since the epoch, rounded down; NO_RECORD_TIME for none. */
  readonly timeUs = new Float64Array(BATCH);
}

/** Where and why a capture cannot be read further. */
export interface Damage {
  /** Where the damaged record or block begins, in bytes from the start of the source. */
  readonly offset: number;
  readonly reason: string;
}

/** The end of the bytes at hand, a full batch, and damage are three outcomes, never one. */
export const READ = { needsBytes: 0, batchFull: 1, damaged: 2 } as const;
export type ReadOutcome = (typeof READ)[keyof typeof READ];

/** Why a source is not opened, such as a header that cannot be read: the sentence goes to the user. */
export class NotACapture extends Error {}

/** What begins like no capture at all; among the captures of a directory it is to be expected. */
export class ForeignFile extends NotACapture {}

/** It was told to stop before it had said what it is. */
export class Unheard extends NotACapture {}

/** A captured length that no writer means, given the file's own limit. */
export function isFalseLength(captured: number, snaplen: number): boolean {
  return captured > MAX_CAPTURED || (captured > 65_535 && snaplen !== 0 && captured > snaplen);
}
