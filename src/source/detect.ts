// What a source is, by its first bytes and never by its name. A format that is read is a row here; those that
// are only known are named, so that the message can say what was found and what to do.

import type { ByteWindow } from './bytes.ts';
import { isPcapMagic, PcapReader } from './pcap.ts';
import { PcapngReader, SECTION_HEADER } from './pcapng.ts';
import type { CaptureReader } from './reader.ts';
import { ForeignFile, NotACapture } from './record.ts';

const ENOUGH = 28;

interface KnownFormat {
  readonly magic: readonly number[];
  readonly what: string;
  /** A capture all the same. */
  readonly capture?: boolean;
}

const KNOWN: readonly KnownFormat[] = [
  {
    magic: [0x1f, 0x8b],
    what: 'a gzip file: unpack it first, or pipe it: gunzip -c FILE | xports analyze -',
  },
  {
    magic: [0x28, 0xb5, 0x2f, 0xfd],
    what: 'a zstd file: unpack it first, or pipe it: zstd -dc FILE | xports analyze -',
  },
  {
    magic: [0xfd, 0x37, 0x7a, 0x58],
    what: 'an xz file: unpack it first, or pipe it: xz -dc FILE | xports analyze -',
  },
  { magic: [0x50, 0x4b, 0x03, 0x04], what: 'a zip archive: unpack it first' },
  {
    magic: [0x47, 0x4d, 0x42, 0x55],
    what: 'a Network Monitor 2 capture: convert it with editcap -F pcapng',
    capture: true,
  },
  {
    magic: [0x52, 0x54, 0x53, 0x53],
    what: 'a Network Monitor 1 capture: convert it with editcap -F pcapng',
    capture: true,
  },
  {
    magic: [0x73, 0x6e, 0x6f, 0x6f, 0x70],
    what: 'a snoop capture: convert it with editcap -F pcapng',
    capture: true,
  },
  {
    magic: [0x34, 0xcd, 0xb2, 0xa1],
    what: 'a pcap file of the "modified" kind: convert it with editcap -F pcapng',
    capture: true,
  },
  {
    magic: [0xa1, 0xb2, 0xcd, 0x34],
    what: 'a pcap file of the "modified" kind: convert it with editcap -F pcapng',
    capture: true,
  },
  { magic: [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], what: 'an SQLite database' },
];

/** Makes the reader for the source behind the window. Throws NotACapture with what was found. */
export async function detectReader(window: ByteWindow): Promise<CaptureReader> {
  while (!window.ended && window.end - window.start < ENOUGH) await window.more();
  const { view, start, end } = window;
  const there = end - start;
  if (there === 0) throw new ForeignFile('it is empty');
  if (there >= 4) {
    const magic = view.getUint32(start);
    if (isPcapMagic(magic)) return new PcapReader(window);
    if (magic === SECTION_HEADER) return new PcapngReader(window);
  }
  const bytes = window.bytes.subarray(start, end);
  const known = KNOWN.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
  if (known?.capture) throw new NotACapture(`it is ${known.what}`);
  throw new ForeignFile(`it is ${known?.what ?? describe(bytes)}`);
}

function describe(bytes: Uint8Array): string {
  const head = bytes.subarray(0, 512);
  if (isText(head)) return 'text';
  const hex = [...head.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `of an unknown kind and begins with the bytes ${hex}`;
}

function isText(bytes: Uint8Array): boolean {
  if (!bytes.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13)) return false;
  try {
    // A character may be cut at the end.
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
