// A FILE over a part of our own memory, for pcap_dump to write to (fmemopen(3)).

import { addressOf, libc, type Pointer } from './libc.ts';
import type { PcapHandle } from './pcap-handle.ts';

const SEEK_SET = 0;
export const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
/** A VLAN tag that the kernel took out is put back, which is not meant to pass the snaplen. */
const TAG_BYTES = 4;

/** How many packets fit for certain. What does not fit is lost, and fflush says nothing of it. */
export function packetsThatFit(bytes: number, snaplen: number): number {
  return Math.floor((bytes - FILE_HEADER_BYTES) / (RECORD_HEADER_BYTES + snaplen + TAG_BYTES));
}

export class DumpFile {
  readonly pointer: Pointer;
  readonly at: number;
  readonly bytes: number;
  /** Referenced for as long as the FILE points into it. */
  private readonly memory: Uint8Array;

  /** Begins with the header of a capture file made with `handle`. */
  constructor(handle: PcapHandle, memory: Uint8Array, at: number, bytes: number) {
    this.memory = memory;
    this.at = at;
    this.bytes = bytes;
    const pointer = libc().fmemopen(addressOf(memory, at), bytes, 'w');
    if (pointer === null) throw new Error('fmemopen failed');
    this.pointer = pointer;
    handle.beginDump(pointer);
  }

  /** The header of a capture file made with `handle`. */
  static header(handle: PcapHandle): Uint8Array {
    const memory = new Uint8Array(64);
    const file = new DumpFile(handle, memory, 0, memory.length);
    file.written();
    file.close();
    return memory.slice(0, FILE_HEADER_BYTES);
  }

  isOver(memory: Uint8Array, at: number, bytes: number): boolean {
    return this.memory === memory && this.at === at && this.bytes === bytes;
  }

  /** What is written next goes to the beginning. */
  rewind(): void {
    libc().fseek(this.pointer, 0, SEEK_SET);
  }

  /** Bytes written since `rewind`. Throws where some had no room. */
  written(): number {
    const { fflush, ftell, ferror } = libc();
    const flushed = fflush(this.pointer);
    const bytes = ftell(this.pointer);
    if (flushed !== 0 || ferror(this.pointer) !== 0 || bytes < 0 || bytes >= this.bytes) {
      throw new Error(`packets did not fit into ${this.bytes} bytes`);
    }
    return bytes;
  }

  close(): void {
    libc().fclose(this.pointer);
  }
}
