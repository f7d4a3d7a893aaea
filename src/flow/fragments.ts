// Later fragments have no ports: they belong to the flow of their first fragment, in whichever order the two come.
// Keyed as reassembly is (RFC 791 section 3.2, RFC 8200 section 4.5), kept for thirty seconds, and bounded.

import { TupleTable } from '../base/tuple-table.ts';
import { type OuterFragment, PacketView } from '../decode/packet.ts';
import type { AddressBook } from './addresses.ts';

const LIFETIME_US = 30_000_000;
const MAX_DATAGRAMS = 65_536;
const MAX_WAITING = 32_768;
const NO_BYTES = new DataView(new ArrayBuffer(0));

/** What a packet's fragments have in common. */
export type FragmentKey = Omit<OuterFragment, 'next'>;

/** What is known of one datagram that came in pieces. */
class Datagram {
  readonly index: number;
  /** When it was first seen, by the run's clock. */
  readonly bornUs: number;
  /** Of the first fragment, once it came, what makes its flow. */
  first: FirstFragment | null = null;
  /** Fragments that came before the first one. */
  waiting: PacketView[] = [];

  constructor(index: number, bornUs: number) {
    this.index = index;
    this.bornUs = bornUs;
  }
}

/**
 * Takes fragments that waited, with ports if their first one came and marked as without if not, and the clock of the
 * packet that let them go; Infinity at the end of a run.
 */
export type Deliver = (fragment: PacketView, clockUs: number) => void;

export class FragmentTable {
  private keys = new TupleTable(64);
  private byKey: (Datagram | undefined)[] = [];
  /** Datagrams by age, from `head`. */
  private queue: Datagram[] = [];
  private head = 0;
  private waiting = 0;
  private readonly addresses: AddressBook;
  private readonly deliver: Deliver;

  constructor(addresses: AddressBook, deliver: Deliver) {
    this.addresses = addresses;
    this.deliver = deliver;
  }

  /**
   * A first fragment known by `key` whose packet is in its flow: those that waited for it follow. The packet is the
   * fragment itself or, where that is a tunnel's, what it carries.
   */
  first(key: FragmentKey, packet: PacketView, clockUs: number): void {
    let datagram = this.datagramOf(key, clockUs);
    // An identification that is used again begins a new life.
    if (datagram.first !== null) datagram = this.begin(datagram.index, clockUs);
    datagram.first = firstFragment(packet);
    if (datagram.waiting.length > 0) this.release(datagram, clockUs);
  }

  /** A later fragment: true when it has its ports now, false when it is kept until the first one comes. */
  later(packet: PacketView, clockUs: number): boolean {
    let datagram = this.datagramOf(packet, clockUs);
    if (datagram.first !== null) {
      Object.assign(packet, datagram.first);
      return true;
    }
    if (this.waiting >= MAX_WAITING) {
      while (this.head < this.queue.length) this.drop(clockUs);
      datagram = this.datagramOf(packet, clockUs);
    }
    datagram.waiting.push(Object.assign(new PacketView(), packet, { view: NO_BYTES, past: 1 }));
    this.waiting++;
    return false;
  }

  /** Lets go of datagrams that are older than thirty seconds at `clockUs`; of all of them at Infinity. */
  expire(clockUs: number): void {
    while (this.head < this.queue.length && clockUs - this.queue[this.head].bornUs > LIFETIME_US)
      this.drop(clockUs);
    if (this.head > 1024 && this.head * 2 > this.queue.length) {
      this.queue = this.queue.slice(this.head);
      this.head = 0;
    }
  }

  private datagramOf(packet: FragmentKey, clockUs: number): Datagram {
    this.expire(clockUs);
    if (this.keys.size >= MAX_DATAGRAMS) this.rebuild(clockUs);
    const v4 = packet.ipVersion === 4;
    const book = this.addresses;
    const src = v4 ? book.v4Id(packet.src0) : book.v6Id(packet.src0, packet.src1, packet.src2, packet.src3);
    const dst = v4 ? book.v4Id(packet.dst0) : book.v6Id(packet.dst0, packet.dst1, packet.dst2, packet.dst3);
    // IPv6 identifies a datagram without its protocol, which a later fragment may not even name.
    const scope = (v4 ? packet.protocol : 256) | (packet.encapsulation << 9);
    const index = this.keys.intern(src, dst, packet.ipId, scope);
    return this.byKey[index] ?? this.begin(index, clockUs);
  }

  private begin(index: number, clockUs: number): Datagram {
    const datagram = new Datagram(index, clockUs);
    this.byKey[index] = datagram;
    this.queue.push(datagram);
    return datagram;
  }

  /** Lets go of the oldest. */
  private drop(clockUs: number): void {
    const datagram = this.queue[this.head++];
    if (this.byKey[datagram.index] === datagram) this.byKey[datagram.index] = undefined;
    this.release(datagram, clockUs);
  }

  /** Forgets keys that are no longer in use; under a flood the older half of the datagrams goes as well. */
  private rebuild(clockUs: number): void {
    while (this.queue.length - this.head > MAX_DATAGRAMS / 2) this.drop(clockUs);
    const old = this.keys;
    const living = this.queue.slice(this.head).filter((datagram) => this.byKey[datagram.index] === datagram);
    this.keys = new TupleTable(living.length * 2);
    this.byKey = [];
    this.queue = [];
    this.head = 0;
    for (const datagram of living) {
      const { index } = datagram;
      const key = this.keys.intern(
        old.word(index, 0),
        old.word(index, 1),
        old.word(index, 2),
        old.word(index, 3),
      );
      const moved = Object.assign(new Datagram(key, datagram.bornUs), { ...datagram, index: key });
      this.byKey[key] = moved;
      this.queue.push(moved);
    }
  }

  private release(datagram: Datagram, clockUs: number): void {
    const { waiting } = datagram;
    datagram.waiting = [];
    this.waiting -= waiting.length;
    for (const fragment of waiting) {
      if (datagram.first !== null) Object.assign(fragment, datagram.first);
      else fragment.portsUnread = 1;
      this.deliver(fragment, clockUs);
    }
  }
}

/** The flow of a first fragment: later ones take all of this on. */
type FirstFragment = ReturnType<typeof firstFragment>;

function firstFragment(packet: PacketView) {
  const { ipVersion, src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet;
  const { srcPort, dstPort, portsUnread, protocol, inner, tunnel, encapsulation } = packet;
  return {
    ipVersion,
    src0,
    src1,
    src2,
    src3,
    dst0,
    dst1,
    dst2,
    dst3,
    srcPort,
    dstPort,
    portsUnread,
    protocol,
    inner,
    tunnel,
    encapsulation,
  };
}
