// Datagrams that come in pieces, found by what reassembly tells them by (RFC 791 section 3.2, RFC 8200 section 4.5),
// and in the order of their age.

import { TupleTable } from '../base/tuple-table.ts';
import type { OuterFragment, PacketView } from '../decode/packet.ts';
import type { AddressBook } from './addresses.ts';

const MAX_DATAGRAMS = 65_536;

/** What a packet's fragments have in common. */
export type FragmentKey = Omit<OuterFragment, 'next'>;

/** What of a first fragment makes its flow: later ones take all of this on. */
export type FirstFragment = Pick<
  PacketView,
  | 'ipVersion'
  | 'src0'
  | 'src1'
  | 'src2'
  | 'src3'
  | 'dst0'
  | 'dst1'
  | 'dst2'
  | 'dst3'
  | 'srcPort'
  | 'dstPort'
  | 'portsUnread'
  | 'protocol'
  | 'inner'
  | 'tunnel'
  | 'encapsulation'
>;

/** What is known of one datagram that came in pieces. */
export class Datagram {
  /** The number of its key. */
  index: number;
  /** When it was first seen, by the run's clock. */
  bornUs: number;
  /** What the first fragment said, once it came. */
  first: FirstFragment | null = null;
  /** Fragments that came before the first one. */
  waiting: PacketView[] = [];
  /** Its neighbours by age. */
  older: Datagram | undefined = undefined;
  younger: Datagram | undefined = undefined;

  constructor(index: number, bornUs: number) {
    this.index = index;
    this.bornUs = bornUs;
  }
}

/** Datagrams by key and by age; who takes them out decides when. */
export class DatagramTable {
  count = 0;
  oldest: Datagram | undefined = undefined;
  private youngest: Datagram | undefined = undefined;
  private keys = new TupleTable(64);
  private byKey: (Datagram | undefined)[] = [];
  private readonly addresses: AddressBook;

  constructor(addresses: AddressBook) {
    this.addresses = addresses;
  }

  /** True when `rebuild` is due. Keys outlive their datagrams, so few of those may be left. */
  get isFull(): boolean {
    return this.keys.size >= MAX_DATAGRAMS;
  }

  /** The fragment's datagram, which begins at `clockUs` if there is none. */
  of(fragment: FragmentKey, clockUs: number): Datagram {
    const v4 = fragment.ipVersion === 4;
    const { addresses: book, keys } = this;
    const { src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = fragment;
    const src = v4 ? book.v4Id(src0) : book.v6Id(src0, src1, src2, src3);
    const dst = v4 ? book.v4Id(dst0) : book.v6Id(dst0, dst1, dst2, dst3);
    // IPv6 identifies a datagram without its protocol, which a later fragment may not even name.
    const scope = (v4 ? fragment.protocol : 256) | (fragment.encapsulation << 9);
    const index = keys.intern(src, dst, fragment.ipId, scope);
    const known = this.byKey[index];
    if (known !== undefined) return known;
    const datagram = new Datagram(index, clockUs);
    this.byKey[index] = datagram;
    this.append(datagram);
    return datagram;
  }

  /** Begins the datagram's life anew: its identification is used again. */
  renew(datagram: Datagram, clockUs: number): void {
    this.unlink(datagram);
    datagram.bornUs = clockUs;
    this.append(datagram);
  }

  remove(datagram: Datagram): void {
    this.unlink(datagram);
    this.byKey[datagram.index] = undefined;
  }

  /** Forgets keys that are no longer in use. The caller makes room first, by taking out all but `MAX_KEPT`. */
  rebuild(): void {
    const old = this.keys;
    this.keys = new TupleTable(this.count * 2);
    this.byKey = [];
    for (let datagram = this.oldest; datagram !== undefined; datagram = datagram.younger) {
      const { index } = datagram;
      datagram.index = this.keys.intern(
        old.word(index, 0),
        old.word(index, 1),
        old.word(index, 2),
        old.word(index, 3),
      );
      this.byKey[datagram.index] = datagram;
    }
  }

  private append(datagram: Datagram): void {
    datagram.older = this.youngest;
    datagram.younger = undefined;
    if (this.youngest === undefined) this.oldest = datagram;
    else this.youngest.younger = datagram;
    this.youngest = datagram;
    this.count++;
  }

  private unlink(datagram: Datagram): void {
    const { older, younger } = datagram;
    if (older === undefined) this.oldest = younger;
    else older.younger = younger;
    if (younger === undefined) this.youngest = older;
    else younger.older = older;
    this.count--;
  }
}

/** How many datagrams may be left when the keys are rebuilt. */
export const MAX_KEPT = MAX_DATAGRAMS / 2;
