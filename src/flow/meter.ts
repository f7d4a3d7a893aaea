// The flow meter: takes packets in the order they were read, keeps the run's clock, and hands out flows that ended.

import { PROTOCOL } from '../base/transport.ts';
import { decodeIpv4 } from '../decode/ip/ipv4.ts';
import { decodeIpv6 } from '../decode/ip/ipv6.ts';
import { FRAGMENT, PacketView } from '../decode/packet.ts';
import { SKIP } from '../decode/skip.ts';
import { AddressBook } from './addresses.ts';
import type { FragmentKey } from './datagrams.ts';
import { DuplicateSampler } from './duplicates.ts';
import { Exporter, type RowTaker } from './exporter.ts';
import { FragmentTable } from './fragments.ts';
import { setKey } from './key.ts';
import { ServiceMinutes } from './minutes.ts';
import { FlowTable, type FlowTableOptions, type RarePackets } from './table.ts';

/** The time of a packet whose record has none: it takes the clock's. */
const NO_TIME = -Infinity;
/** The clock before the first packet that has a time: above all times, so that the usual case is one comparison. */
const NO_CLOCK = Infinity;

/** Records set aside at first: enough for a million flows without moving any. */
const RESERVE_V4 = 1 << 20;
/** There are fewer of IPv6. */
const V6_SHARE = 4;

/** The share of the flows allowed that stays when there were more. */
const EVICT_TO = 7 / 8;

/** Takes decoded packets, hands out batches of flows that ended. */
export class FlowMeter implements RarePackets {
  /** The highest packet time seen, in microseconds since the epoch. */
  clockUs = NO_CLOCK;
  /** The time that the clock started at; null before that. */
  firstTimeUs: number | null = null;
  /** Some packets came before there was a time. */
  private untimed = false;
  packetsOutOfOrder = 0;
  /** Above so many flows in the tables, those that were quiet longest are stored and dropped. */
  maxFlows = Infinity;
  readonly duplicates = new DuplicateSampler();
  readonly minutes: ServiceMinutes;
  private readonly v4: FlowTable;
  private readonly v6: FlowTable;
  /** One for each version, since packets of the two are counted in groups of their own. */
  private readonly fragmentsV4: FragmentTable;
  private readonly fragmentsV6: FragmentTable;
  private readonly exporter: Exporter;
  private readonly quoted = new PacketView();
  private readonly blank = new PacketView();
  private readonly seed: number;

  /**
   * `services` is how many there are, unlisted included; `deliver` takes batches of ended flows; `reserve` is less where
   * meters are made by the thousand.
   */
  constructor(options: FlowTableOptions, services: number, deliver: RowTaker, reserve = RESERVE_V4) {
    this.seed = options.hashSeed;
    this.minutes = new ServiceMinutes(services);
    this.exporter = new Exporter(deliver);
    this.v4 = new FlowTable(false, reserve, options, this.exporter, this.minutes, this);
    this.v6 = new FlowTable(true, reserve / V6_SHARE, options, this.exporter, this.minutes, this);
    const join = (fragment: PacketView) => this.addWaited(fragment);
    const addresses = new AddressBook();
    this.fragmentsV4 = new FragmentTable(addresses, join);
    this.fragmentsV6 = new FragmentTable(addresses, join);
  }

  /** Moves the clock by a packet's time and marks the packet where it comes from the past. */
  tick(packet: PacketView): void {
    if (packet.timeUs < this.clockUs) {
      this.tickOtherwise(packet);
      return;
    }
    this.clockUs = packet.timeUs;
    packet.clockUs = packet.timeUs;
    packet.past = 0;
  }

  private tickOtherwise(packet: PacketView): void {
    packet.past = 0;
    if (this.clockUs === NO_CLOCK) {
      if (packet.timeUs === NO_TIME) {
        packet.timeUs = 0;
        this.untimed = true;
      } else this.startClock(packet.timeUs);
      packet.clockUs = packet.timeUs;
      return;
    }
    packet.clockUs = this.clockUs;
    if (packet.timeUs === NO_TIME) {
      packet.timeUs = this.clockUs;
    } else {
      packet.past = 1;
      this.packetsOutOfOrder++;
    }
  }

  /** The first time there is; packets that came before without one take it. */
  private startClock(timeUs: number): void {
    this.clockUs = timeUs;
    this.firstTimeUs = timeUs;
    this.v4.startClock(timeUs);
    this.v6.startClock(timeUs);
    this.fragmentsV4.startClock(timeUs);
    this.fragmentsV6.startClock(timeUs);
    this.minutes.startClock(timeUs);
  }

  /**
   * Counts the first `count` of the packets, which are all of one IP version, have no skip reason and went through
   * `tick` in this order.
   */
  addAll(packets: readonly PacketView[], count: number, ipVersion: number): void {
    if (this.untimed) this.timeGroup(packets, count);
    for (let k = 0; k < count; k++) this.duplicates.look(packets[k]);
    (ipVersion === 4 ? this.v4 : this.v6).addAll(packets, count);
  }

  /** Packets without a time that are in the group in which the clock started take the time it started at. */
  private timeGroup(packets: readonly PacketView[], count: number): void {
    const { firstTimeUs } = this;
    if (firstTimeUs === null) return;
    for (let k = 0; k < count && packets[k].clockUs === 0; k++) {
      packets[k].timeUs = firstTimeUs;
      packets[k].clockUs = firstTimeUs;
    }
  }

  /** A packet that its table did not count in passing. */
  add(packet: PacketView, table: FlowTable): void {
    const fragments = this.fragmentsOf(packet);
    // Fragments without ports come before this packet: they share a flow with other packets that lack them.
    fragments.expire(packet.clockUs);
    if ((packet.fragment & FRAGMENT.later) !== 0) {
      if (!fragments.later(packet)) return;
      setKey(packet, this.seed);
      // The first fragment may have shown a packet of the other version inside.
      this.tableOf(packet).add(packet);
    } else table.add(packet);
    if ((packet.fragment & FRAGMENT.first) !== 0) fragments.first(packet, packet);
    if ((packet.fragment & FRAGMENT.around) !== 0) this.tellOuterFragments(packet);
    if (packet.quoteAt !== 0) this.refuseQuoted(packet);
    if (this.size > this.maxFlows) this.evict(packet.clockUs);
  }

  /** Later fragments of a packet around this one go where this one went. */
  private tellOuterFragments(packet: PacketView): void {
    for (let outer = packet.outerFragments; outer !== null; outer = outer.next)
      this.fragmentsOf(outer).first(outer, packet);
  }

  /** No packet of this IP version that counts at an earlier clock is still to come. */
  settledUs(clockUs: number, ipVersion: number): number {
    return Math.min(clockUs, (ipVersion === 4 ? this.fragmentsV4 : this.fragmentsV6).heldSinceUs);
  }

  /** The clock, or 0 where no packet had a time yet. */
  get endUs(): number {
    return this.firstTimeUs === null ? 0 : this.clockUs;
  }

  /** How many flows were stored before their time, for want of room. */
  get evicted(): number {
    return this.exporter.evicted;
  }

  /** How many flows are in the tables. */
  get size(): number {
    return this.v4.count + this.v6.count;
  }

  /** Packets and bytes that are in no flow yet: fragments whose first one has not come. */
  get waiting(): { packets: number; bytes: number } {
    const v4 = this.fragmentsV4.held;
    const v6 = this.fragmentsV6.held;
    return { packets: v4.packets + v6.packets, bytes: v4.bytes + v6.bytes };
  }

  /**
   * Moves the clock on where the wire is silent: no packet that is still to come is older than `timeUs`. Without a
   * clock there is nothing that could end.
   */
  passTime(timeUs: number): void {
    if (this.firstTimeUs !== null && timeUs > this.clockUs) this.clockUs = timeUs;
  }

  /** Delivers what has ended by the clock, then every flow that goes on; marks those that are as they were at `sinceUs`. */
  show(sinceUs: number): void {
    this.fragmentsV4.expire(this.endUs);
    this.fragmentsV6.expire(this.endUs);
    this.v4.sweep(this.settledUs(this.endUs, 4));
    this.v6.sweep(this.settledUs(this.endUs, 6));
    this.exporter.flush(false);
    this.v4.show(sinceUs);
    this.v6.show(sinceUs);
    this.exporter.flush(true);
  }

  /** Delivers every flow that is left, ended or not: the source has no more packets. */
  finish(): void {
    this.fragmentsV4.expire(Infinity);
    this.fragmentsV6.expire(Infinity);
    this.v4.drain(this.endUs);
    this.v6.drain(this.endUs);
    this.exporter.flush(false);
  }

  /** Makes room for many flows at once, so that one more costs the same however many there are. */
  private evict(clockUs: number): void {
    const { v4, v6 } = this;
    v4.sweep(this.settledUs(clockUs, 4));
    v6.sweep(this.settledUs(clockUs, 6));
    const surplus = this.size - Math.ceil(this.maxFlows * EVICT_TO);
    if (surplus <= 0) return;
    const timers = new Float64Array(this.size);
    for (let n = 0; n < v4.count; n++) timers[n] = v4.timers.of(n);
    for (let n = 0; n < v6.count; n++) timers[v4.count + n] = v6.timers.of(n);
    const quietSinceUs = timers.sort()[surplus - 1];
    let left = surplus;
    const goes = (timerUs: number) => timerUs <= quietSinceUs && left-- > 0;
    v4.evict(goes);
    v6.evict(goes);
  }

  /** A fragment that waited for its first one. */
  private addWaited(fragment: PacketView): void {
    setKey(fragment, this.seed);
    this.tableOf(fragment).add(fragment);
    if ((fragment.fragment & FRAGMENT.around) !== 0) this.tellOuterFragments(fragment);
  }

  private fragmentsOf(packet: FragmentKey): FragmentTable {
    return packet.ipVersion === 4 ? this.fragmentsV4 : this.fragmentsV6;
  }

  private tableOf(packet: PacketView): FlowTable {
    return packet.ipVersion === 4 ? this.v4 : this.v6;
  }

  /** The flow whose packet the ICMP error quotes, if the error went to that packet's sender. */
  private refuseQuoted(packet: PacketView): void {
    const quoted = this.quoted;
    Object.assign(quoted, this.blank, {
      view: packet.view,
      start: packet.quoteAt,
      end: packet.end,
      wireEnd: packet.wireEnd,
      tunnel: packet.tunnel,
      encapsulation: packet.encapsulation,
      clockUs: packet.clockUs,
    });
    const v4 = packet.inner === PROTOCOL.icmp;
    if (v4) decodeIpv4(quoted, packet.quoteAt);
    else decodeIpv6(quoted, packet.quoteAt);
    if (quoted.skip !== SKIP.none || quoted.portsUnread !== 0 || (quoted.fragment & FRAGMENT.later) !== 0)
      return;
    const toSender =
      quoted.src0 === packet.dst0 &&
      (v4 || (quoted.src1 === packet.dst1 && quoted.src2 === packet.dst2 && quoted.src3 === packet.dst3));
    if (!toSender) return;
    setKey(quoted, this.seed);
    this.tableOf(quoted).refuse(quoted);
  }
}
