// The interface of a capture format: a file beside pcap.ts and pcapng.ts, and a row in detect.ts.

import type { ByteWindow } from './bytes.ts';
import type { Damage, ReadOutcome, RecordBatch } from './record.ts';

export interface CaptureReader {
  /** The format's name as the table `sources` has it. */
  readonly format: string;
  /** Link types met so far, in the order they were met. */
  readonly linkTypes: readonly number[];
  /** The largest snaplen the capture says it was made with; null where it says none. */
  readonly snaplen: number | null;
  /** Packets lost according to the capture itself; null where it does not tell. */
  readonly kernelDropped: number | null;
  readonly interfaceDropped: number | null;
  /** Set once `read` answered `damaged`. */
  readonly damage: Damage | null;
  /** Puts whole records of the window into the batch, behind those already there, and moves the window's start. */
  read(window: ByteWindow, batch: RecordBatch): ReadOutcome;
  /** What is wrong with the capture ending where the window ends; null for a clean end. */
  atEnd(window: ByteWindow): Damage | null;
}
