// One device opened through libpcap (pcap_create(3PCAP) and what follows): activated, filtered, non-blocking.

import { promisify } from 'node:util';
import { EXIT, XportsError } from '../../base/errors.ts';
import type { LiveOptions } from './engine.ts';
import type { Pointer } from './libc.ts';
import { messageIn, PCAP, type PcapLibrary, pcapLibrary } from './pcap-library.ts';
import { deniedError, noDeviceError, notUpError } from './permission.ts';

/** How long the kernel fills a block of its ring before it hands it over, however little is in it. */
export const BLOCK_MS = 100;
const DEFAULT_BUFFER_MIB = 256;
const MIB = 1 << 20;
/** sizeof(struct bpf_program): a count and a pointer. */
const PROGRAM_BYTES = 16;
const TWO32 = 0x1_0000_0000;

/** A counter of 32 bits that starts again from 0, as one that does not. */
export class WideCounter {
  total = 0;
  private last = 0;

  /** Takes the counter as it stands. */
  update(value: number): void {
    this.total += (value - this.last + TWO32) % TWO32;
    this.last = value;
  }

  /** The next value counts from 0: the device was opened again. */
  restart(): void {
    this.last = 0;
  }
}

export type OpenOptions = Pick<LiveOptions, 'device' | 'filter' | 'snaplen' | 'bufferMiB' | 'promiscuous'>;

export class PcapHandle {
  readonly warnings: readonly string[];
  /** What poll waits on. */
  readonly fd: number;
  readonly pointer: Pointer;
  private readonly library: PcapLibrary;
  private readonly dispatching: (
    handle: Pointer,
    count: number,
    callback: Pointer,
    user: Pointer,
  ) => Promise<number>;

  private constructor(library: PcapLibrary, pointer: Pointer, fd: number, warnings: readonly string[]) {
    this.library = library;
    this.pointer = pointer;
    this.fd = fd;
    this.warnings = warnings;
    this.dispatching = promisify(library.dispatch.async);
  }

  /** Throws XportsError with libpcap's words: exit code 5, or 2 for a filter that makes no sense. */
  static open(options: OpenOptions): PcapHandle {
    const library = pcapLibrary();
    const message = new Uint8Array(PCAP.messageBytes);
    const pointer = library.create(options.device, message);
    if (pointer === null) throw noDeviceError(options.device, messageIn(message));
    try {
      library.setSnaplen(pointer, options.snaplen);
      library.setPromiscuous(pointer, options.promiscuous ? 1 : 0);
      library.setTimeout(pointer, BLOCK_MS);
      library.setBufferSize(pointer, (options.bufferMiB ?? DEFAULT_BUFFER_MIB) * MIB);
      // Where it is refused, the header that libpcap writes says microseconds.
      library.setPrecision(pointer, PCAP.nanoseconds);
      const warnings = activate(library, pointer, options.device);
      setFilter(library, pointer, options.filter);
      if (library.setNonBlocking(pointer, 1, message) < 0) {
        throw new XportsError('live', EXIT.noLive, `${options.device}: ${messageIn(message)}`);
      }
      return new PcapHandle(library, pointer, library.selectableFd(pointer), warnings);
    } catch (error) {
      library.close(pointer);
      throw error;
    }
  }

  /** Has at most `count` packets written by pcap_dump to `file`, on another thread. Negative where it failed. */
  dispatch(count: number, file: Pointer): Promise<number> {
    return this.dispatching(this.pointer, count, this.library.dump, file);
  }

  /** Begins a capture file on `file`: pcap_dump_fopen writes its header. */
  beginDump(file: Pointer): void {
    if (this.library.dumpOpen(this.pointer, file) === null) throw new Error(this.errorText());
  }

  errorText(): string {
    return this.library.errorOf(this.pointer);
  }

  /** libpcap's number of the link type, which is not always that of capture files. */
  get dataLink(): number {
    return this.library.dataLink(this.pointer);
  }

  /** Reads packets received, dropped by the kernel, and dropped by the interface, each modulo 2^32. */
  stats(into: Uint32Array): boolean {
    return this.library.stats(this.pointer, into) === 0;
  }

  /** No dispatch may be under way. */
  close(): void {
    this.library.close(this.pointer);
  }
}

/** Activates the device and answers its warnings. */
function activate(library: PcapLibrary, pointer: Pointer, device: string): string[] {
  const status = library.activate(pointer);
  if (status === 0) return [];
  const detail = library.errorOf(pointer);
  const text = Math.abs(status) > PCAP.genericWarning ? library.statusText(status) : '';
  const words = detail === '' || detail === text ? text : text === '' ? detail : `${text}: ${detail}`;
  if (status > 0) return [`${device}: ${words}`];
  switch (status) {
    case PCAP.permissionDenied:
    case PCAP.promiscuousDenied:
      throw deniedError(device, words);
    case PCAP.noSuchDevice:
      throw noDeviceError(device, words);
    case PCAP.notUp:
      throw notUpError(device, words);
    default:
      throw new XportsError('live', EXIT.noLive, `${device} cannot be opened: ${words}`);
  }
}

/** An empty filter is set too: only a filter lets the kernel cut packets at the snaplen. */
function setFilter(library: PcapLibrary, pointer: Pointer, filter: string | null): void {
  const program = new Uint8Array(PROGRAM_BYTES);
  if (library.compile(pointer, program, filter ?? '', 1, PCAP.netmaskUnknown) < 0)
    throw filterError(filter, library.errorOf(pointer));
  const status = library.setFilter(pointer, program);
  library.freeCode(program);
  if (status < 0) throw filterError(filter, library.errorOf(pointer));
}

function filterError(filter: string | null, words: string): XportsError {
  return new XportsError(
    'usage',
    EXIT.usage,
    `--filter ${JSON.stringify(filter ?? '')}: ${words}`,
    'man pcap-filter says what is accepted',
  );
}
