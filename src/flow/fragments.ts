// Later fragments have no ports: they belong to the flow of their first fragment, in whichever order the two come.
// They are kept for it for thirty seconds, and bounded. Without it they are a flow without ports, in which they count
// by the clock they came at: when they were let go of decides nothing.

import { hasPorts, PROTOCOL } from '../base/transport.ts';
import { isExtension } from '../decode/ip/ipv6.ts';
import { NO_BYTES, PacketView } from '../decode/packet.ts';
import { setUnreadFamily } from '../decode/transport/icmp.ts';
import type { AddressBook } from './addresses.ts';
import { type Datagram, DatagramTable, type FirstFragment, type FragmentKey, MAX_KEPT } from './datagrams.ts';

const LIFETIME_US = 30_000_000;
const MAX_WAITING = 32_768;

/**
 * Takes fragments that waited, with the ports of their first one if it came; each with the clock it counts at, which
 * is the first one's, or its own where there was none.
 */
export type Deliver = (fragment: PacketView) => void;

export class FragmentTable {
  private readonly datagrams: DatagramTable;
  private waiting = 0;
  private readonly deliver: Deliver;

  constructor(addresses: AddressBook, deliver: Deliver) {
    this.datagrams = new DatagramTable(addresses);
    this.deliver = deliver;
  }

  /** How many datagrams are known. */
  get size(): number {
    return this.datagrams.count;
  }

  /** The clock of the oldest fragment that may still wait; Infinity where none does. */
  get heldSinceUs(): number {
    return this.datagrams.oldest?.bornUs ?? Infinity;
  }

  /**
   * A first fragment known by `key` whose packet is in its flow: those that waited for it follow. The packet is the
   * fragment itself or, where that is a tunnel's, what it carries.
   */
  first(key: FragmentKey, packet: PacketView): void {
    if (!needsFirst(key)) return;
    const datagram = this.datagramOf(key, packet.clockUs);
    if (datagram.first !== null) this.datagrams.renew(datagram, packet.clockUs);
    datagram.first = firstFragment(packet);
    for (const fragment of this.takeWaiting(datagram)) {
      Object.assign(fragment, datagram.first);
      fragment.clockUs = packet.clockUs;
      fragment.past = 1;
      this.deliver(fragment);
    }
  }

  /** A later fragment: true when it can be counted now, false when it is kept until the first one comes. */
  later(packet: PacketView): boolean {
    if (!needsFirst(packet)) return true;
    let datagram = this.datagramOf(packet, packet.clockUs);
    if (datagram.first !== null) {
      Object.assign(packet, datagram.first);
      return true;
    }
    if (this.waiting >= MAX_WAITING) {
      while (this.datagrams.oldest !== undefined) this.drop(this.datagrams.oldest);
      datagram = this.datagramOf(packet, packet.clockUs);
    }
    datagram.waiting.push(Object.assign(new PacketView(), packet, { view: NO_BYTES }));
    this.waiting++;
    return false;
  }

  /** Lets go of datagrams that are older than thirty seconds at `clockUs`; of all of them at Infinity. */
  expire(clockUs: number): void {
    for (;;) {
      const { oldest } = this.datagrams;
      if (oldest === undefined || clockUs - oldest.bornUs <= LIFETIME_US) return;
      this.drop(oldest);
    }
  }

  /** Packets and bytes that wait for a first fragment. */
  get held(): { packets: number; bytes: number } {
    let bytes = 0;
    for (let datagram = this.datagrams.oldest; datagram !== undefined; datagram = datagram.younger)
      for (const fragment of datagram.waiting) bytes += fragment.wireBytes;
    return { packets: this.waiting, bytes };
  }

  /** Gives what came before there was a time the first one there is. */
  startClock(timeUs: number): void {
    for (let datagram = this.datagrams.oldest; datagram !== undefined; datagram = datagram.younger) {
      datagram.bornUs = timeUs;
      for (const fragment of datagram.waiting) {
        fragment.timeUs = timeUs;
        fragment.clockUs = timeUs;
      }
    }
  }

  private datagramOf(key: FragmentKey, clockUs: number): Datagram {
    const { datagrams } = this;
    this.expire(clockUs);
    if (datagrams.isFull) {
      // Under a flood the older half goes as well.
      while (datagrams.oldest !== undefined && datagrams.count > MAX_KEPT) this.drop(datagrams.oldest);
      datagrams.rebuild();
    }
    return datagrams.of(key, clockUs);
  }

  private drop(datagram: Datagram): void {
    this.datagrams.remove(datagram);
    for (const fragment of this.takeWaiting(datagram)) {
      markOrphan(fragment);
      this.deliver(fragment);
    }
  }

  private takeWaiting(datagram: Datagram): PacketView[] {
    const { waiting } = datagram;
    datagram.waiting = [];
    this.waiting -= waiting.length;
    return waiting;
  }
}

/** Whether a fragment's flow is known from its datagram's first one only. In IPv6 the first alone names the protocol. */
function needsFirst({ ipVersion, protocol }: FragmentKey): boolean {
  return (
    ipVersion === 6 ||
    hasPorts(protocol) ||
    protocol === PROTOCOL.icmp ||
    protocol === PROTOCOL.icmp6 ||
    mayBeTunnel(protocol)
  );
}

/** Whether the first fragment may show another packet inside. */
function mayBeTunnel(protocol: number): boolean {
  return protocol === PROTOCOL.gre || protocol === PROTOCOL.ipip || protocol === PROTOCOL.ipv6;
}

/** A fragment without its first one lacks what the first would have said: ports, or the family of an ICMP type. */
function markOrphan(fragment: PacketView): void {
  const { inner } = fragment;
  if (inner === PROTOCOL.icmp || inner === PROTOCOL.icmp6) setUnreadFamily(fragment);
  else if (hasPorts(inner) || (fragment.ipVersion === 6 && isExtension(inner))) fragment.portsUnread = 1;
}

function firstFragment(packet: PacketView): FirstFragment {
  const { ipVersion, src0, src1, src2, src3, dst0, dst1, dst2, dst3 } = packet;
  const { srcPort, dstPort, portsUnread, protocol, inner, tunnel, encapsulation } = packet;
  const addresses = { ipVersion, src0, src1, src2, src3, dst0, dst1, dst2, dst3 };
  return { ...addresses, srcPort, dstPort, portsUnread, protocol, inner, tunnel, encapsulation };
}
