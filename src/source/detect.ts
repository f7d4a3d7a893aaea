// What a source is, by its first bytes and never by its name. A format that is read is a row here; those that
// are only known are named, so that the message can say what was found and what to do.

import type { ByteWindow } from './bytes.ts';
import { NetmonReader } from './netmon.ts';
import { StreamDamage } from './packed.ts';
import { isPcapMagic, MODIFIED, PcapReader, relativeMagic } from './pcap.ts';
import { openModifiedPcap } from './pcap-modified.ts';
import { PcapngReader, SECTION_HEADER } from './pcapng.ts';
import type { CaptureReader } from './reader.ts';
import { ForeignFile, NotACapture } from './record.ts';
import { SNOOP_MAGIC, SnoopReader } from './snoop.ts';

const ENOUGH = 28;
const NETMON_1 = [0x52, 0x54, 0x53, 0x53];
const NETMON_2 = [0x47, 0x4d, 0x42, 0x55];

interface KnownFormat {
  readonly magic: readonly number[];
  readonly what: string;
}

const KNOWN: readonly KnownFormat[] = [
  {
    magic: [0xfd, 0x37, 0x7a, 0x58],
    what: 'an xz file: unpack it first, or pipe it: xz -dc FILE | xports analyze -',
  },
  { magic: [0x50, 0x4b, 0x03, 0x04], what: 'a zip archive: unpack it first' },
  { magic: [0x53, 0x51, 0x4c, 0x69, 0x74, 0x65], what: 'an SQLite database' },
];

/** A format that is read, by what a source begins with. */
interface ReadFormat {
  readonly begins: (window: ByteWindow) => boolean;
  readonly open: (window: ByteWindow) => CaptureReader | Promise<CaptureReader>;
}

const READ_FORMATS: readonly ReadFormat[] = [
  {
    begins: ({ view, start }) => isPcapMagic(view.getUint32(start)),
    open: (window) => new PcapReader(window),
  },
  {
    begins: ({ view, start }) => view.getUint32(start) === SECTION_HEADER,
    open: (window) => new PcapngReader(window),
  },
  { begins: (window) => relativeMagic(window) !== null, open: openRelative },
  { begins: (window) => beginsWith(window, NETMON_1), open: NetmonReader.open },
  { begins: (window) => beginsWith(window, NETMON_2), open: NetmonReader.open },
  { begins: (window) => beginsWith(window, SNOOP_MAGIC), open: (window) => new SnoopReader(window) },
];

/** Makes the reader for the source behind the window. Throws NotACapture with what was found. */
export async function detectReader(window: ByteWindow): Promise<CaptureReader> {
  let failure: unknown = null;
  try {
    while (!window.ended && window.end - window.start < ENOUGH) await window.more();
  } catch (error) {
    // A capture without packets may be whole before the stream around it breaks; the failure comes again.
    failure = error;
  }
  try {
    return await openReader(window);
  } catch (error) {
    throw failure instanceof StreamDamage ? new NotACapture(failure.message) : (failure ?? error);
  }
}

async function openReader(window: ByteWindow): Promise<CaptureReader> {
  const there = window.end - window.start;
  if (there === 0) throw new ForeignFile('it is empty');
  const format = there < 4 ? undefined : READ_FORMATS.find(({ begins }) => begins(window));
  if (format !== undefined) return format.open(window);
  throw new ForeignFile(`it is ${describe(window)}`);
}

async function openRelative(window: ByteWindow): Promise<CaptureReader> {
  return relativeMagic(window) === MODIFIED
    ? openModifiedPcap(window, window.view.getUint32(window.start) !== MODIFIED)
    : new PcapReader(window);
}

function beginsWith({ bytes, start, end }: ByteWindow, magic: readonly number[]): boolean {
  return end - start >= magic.length && magic.every((byte, i) => bytes[start + i] === byte);
}

function describe(window: ByteWindow): string {
  const bytes = window.bytes.subarray(window.start, window.end);
  const known = KNOWN.find(({ magic }) => beginsWith(window, magic));
  if (known !== undefined) return known.what;
  // As many bytes as there always are, so that it does not depend on how they came.
  const head = bytes.subarray(0, ENOUGH);
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
