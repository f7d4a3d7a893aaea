// The "modified" pcap of some Linux distributions of 1999 and 2000: records have longer headers, of 24 bytes, or 28
// in the libpcap of SuSE 6.3, and nothing but the records themselves tells which.

import type { ByteWindow } from './bytes.ts';
import { PcapReader } from './pcap.ts';
import { MAX_CAPTURED } from './record.ts';

const FILE_HEADER = 24;
const USUAL = 24;
const LONG = 28;
const FRACTION = 4;
const CAPTURED = 8;
const ORIGINAL = 12;
const INTERFACE = 16;
/** Bytes of a record's header that are looked at. */
const LOOKED_AT = 20;
const MANY_INTERFACES = 10_000;

/** Makes the reader, having looked where the second record begins; a capture of one record has the usual headers. */
export async function openModifiedPcap(window: ByteWindow, little: boolean): Promise<PcapReader> {
  const first = FILE_HEADER;
  const captured = async () => {
    await waitFor(window, first + LOOKED_AT);
    return window.end - window.start < first + LOOKED_AT
      ? 0
      : window.view.getUint32(window.start + first + CAPTURED, little);
  };
  const length = await captured();
  // A false length is the reader's to tell.
  if (length > MAX_CAPTURED) return new PcapReader(window, USUAL);
  await waitFor(window, first + LONG + length + LOOKED_AT);
  const doubts = [USUAL, LONG].map((header) => doubtsOf(window, first + header + length, little));
  return new PcapReader(window, doubts[1] < doubts[0] ? LONG : USUAL);
}

async function waitFor(window: ByteWindow, length: number): Promise<void> {
  while (!window.ended && window.end - window.start < length) await window.more();
}

/** How many things are wrong with a record that is said to begin so far into the window. */
function doubtsOf(window: ByteWindow, from: number, little: boolean): number {
  const at = window.start + from;
  const left = window.end - at;
  if (left < LOOKED_AT) return 1;
  const { view } = window;
  const captured = view.getUint32(at + CAPTURED, little);
  const wrong = [
    view.getUint32(at + FRACTION, little) >= 1_000_000,
    captured === 0 || captured > MAX_CAPTURED,
    captured > view.getUint32(at + ORIGINAL, little),
    view.getUint32(at + INTERFACE, little) > MANY_INTERFACES,
  ];
  return wrong.filter((one) => one).length;
}
