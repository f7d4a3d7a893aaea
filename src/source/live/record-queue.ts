// Packets that arrive one by one, as the bytes of a capture file with microseconds (draft-ietf-opsawg-pcap), kept in
// a bounded ring until they are read. A read always ends with a whole record.

const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const MAGIC_MICROSECONDS = 0xa1b2c3d4;
/** What is kept while nobody reads; a packet that finds no room is dropped and counted. */
const QUEUE_BYTES = 64 << 20;

export class RecordQueue {
  /** Packets for which there was no room. */
  dropped = 0;
  private readonly snaplen: number;
  private readonly ring: Buffer;
  private readonly view: DataView;
  private readonly header: Uint8Array;
  /** Bytes of records that wait. */
  bytes = 0;
  /** True once the header was taken. */
  begun = false;
  /** Where the next record is read and written; records do not wrap, and `end` is where the last before a wrap ends. */
  private head = 0;
  private tail = 0;
  private end: number;

  constructor(snaplen: number, linkType: number, bytes = QUEUE_BYTES) {
    this.snaplen = snaplen;
    this.ring = Buffer.alloc(bytes);
    this.view = new DataView(this.ring.buffer, this.ring.byteOffset, bytes);
    this.end = bytes;
    this.header = new Uint8Array(FILE_HEADER_BYTES);
    const header = new DataView(this.header.buffer);
    header.setUint32(0, MAGIC_MICROSECONDS, true);
    header.setUint16(4, 2, true);
    header.setUint16(6, 4, true);
    header.setUint32(16, snaplen, true);
    header.setUint32(20, linkType, true);
  }

  /** Adds the first `length` bytes of `packet`, cut at the snaplen; false where there is no room. */
  add(packet: Buffer, length: number, timeUs: number): boolean {
    const captured = Math.min(length, this.snaplen);
    const bytes = RECORD_HEADER_BYTES + captured;
    const at = this.place(bytes);
    if (at < 0) {
      this.dropped++;
      return false;
    }
    const seconds = Math.floor(timeUs / 1e6);
    this.view.setUint32(at, seconds, true);
    this.view.setUint32(at + 4, timeUs - seconds * 1e6, true);
    this.view.setUint32(at + 8, captured, true);
    this.view.setUint32(at + 12, length, true);
    packet.copy(this.ring, at + RECORD_HEADER_BYTES, 0, captured);
    this.tail = at + bytes;
    this.bytes += bytes;
    return true;
  }

  /** Moves whole records to `at`, at most `length` bytes; 0 where there are none. The file's header comes first. */
  take(into: Uint8Array, at: number, length: number): number {
    if (!this.begun) {
      into.set(this.header, at);
      this.begun = true;
      return FILE_HEADER_BYTES;
    }
    if (this.head > this.tail && this.head === this.end) this.head = 0;
    const limit = this.head <= this.tail ? this.tail : this.end;
    let to = this.head;
    while (to < limit) {
      const next = to + RECORD_HEADER_BYTES + this.view.getUint32(to + 8, true);
      if (next - this.head > length) break;
      to = next;
    }
    into.set(this.ring.subarray(this.head, to), at);
    const taken = to - this.head;
    this.head = to;
    this.bytes -= taken;
    return taken;
  }

  /** Where so many bytes have room; -1 for nowhere. The tail never comes up to a head behind it. */
  private place(bytes: number): number {
    const { head, tail, ring } = this;
    if (tail < head) return tail + bytes < head ? tail : -1;
    if (tail + bytes <= ring.length) return tail;
    if (bytes >= head) return -1;
    this.end = tail;
    return 0;
  }
}
