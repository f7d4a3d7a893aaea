// The run's address book: every address gets a number, from 1 in the order of first use.

import { ipv4Text, ipv6Text } from '../base/address.ts';
import { TupleTable } from '../base/tuple-table.ts';

/** Numbers addresses and gives them back as words or text. */
export class AddressBook {
  private readonly v4: TupleTable;
  private readonly v6 = new TupleTable(256);
  /** Index in `v4` or `v6` by number; IPv6 ones are kept as their complement. */
  private entries = new Int32Array(1024);
  private readonly v4Ids: number[] = [];
  private readonly v6Ids: number[] = [];

  /** How many addresses there are; the highest number given. */
  size = 0;

  /** `room` for so many IPv4 addresses is set aside: see TupleTable. */
  constructor(room = 0) {
    this.v4 = new TupleTable(1024, undefined, room);
  }

  v4Id(word: number): number {
    const index = this.v4.intern(word, 0, 0, 0);
    if (index === this.v4Ids.length) this.v4Ids.push(this.add(index));
    return this.v4Ids[index];
  }

  v6Id(w0: number, w1: number, w2: number, w3: number): number {
    const index = this.v6.intern(w0, w1, w2, w3);
    if (index === this.v6Ids.length) this.v6Ids.push(this.add(~index));
    return this.v6Ids[index];
  }

  isV4(id: number): boolean {
    return this.entries[id - 1] >= 0;
  }

  /** Word 0 to 3 of the address; IPv4 has word 0 only. */
  word(id: number, word: number): number {
    const entry = this.entries[id - 1];
    return entry >= 0 ? this.v4.word(entry, word) : this.v6.word(~entry, word);
  }

  /** As RFC 5952 says. */
  text(id: number): string {
    const entry = this.entries[id - 1];
    if (entry >= 0) return ipv4Text(this.v4.word(entry, 0));
    const at = ~entry;
    return ipv6Text(this.v6.word(at, 0), this.v6.word(at, 1), this.v6.word(at, 2), this.v6.word(at, 3));
  }

  private add(entry: number): number {
    if (this.size === this.entries.length) {
      const larger = new Int32Array(this.entries.length * 2);
      larger.set(this.entries);
      this.entries = larger;
    }
    this.entries[this.size] = entry;
    return ++this.size;
  }
}
