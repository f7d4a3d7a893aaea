// The flow table: one record a live flow, found by a hash of its key. One table holds IPv4, another IPv6; they differ
// in the width of a record only. Records lie in the order their flows began, and a sweep that drops what has ended
// closes the gaps: nothing points at a record but the slots, which a sweep rebuilds.

import { PROTOCOL } from '../base/transport.ts';
import { FRAGMENT, PAYLOAD, type PacketView, TCP } from '../decode/packet.ts';
import { beginFlow, continueFlow, nameService, type PortTables } from './beginning.ts';
import type { Exporter } from './exporter.ts';
import { holdsKey, setKey } from './key.ts';
import { LastRows } from './last-rows.ts';
import { LOOK_DONE } from './looking.ts';
import type { ServiceMinutes } from './minutes.ts';
import { BIT, COLD_Q, HOT, PAD_WORDS, Records, TIMER } from './record.ts';
import { Slots } from './slots.ts';
import { isAnotherConnection, seeHandshake } from './tcp.ts';
import { END } from './terms.ts';
import { type Timeouts, Timers } from './timers.ts';

export interface FlowTableOptions extends PortTables, Timeouts {
  readonly hashSeed: number;
}

const FIRST_LIMIT = 16_384;
/** Connections that are over are looked for each time so many flows have begun, and one more. */
const STORE_MASK = 255;

/** Where packets go that begin or end a flow, change its state, or need more than their table: back to `add`. */
export interface RarePackets {
  add(packet: PacketView, table: FlowTable): void;
  /** Until when nothing can come any more that counts before it, now or at `clockUs` at the latest. */
  settledUs(clockUs: number, ipVersion: number): number;
}

/** Flows whose timers or rows a packet has to be looked at for. */
const NEEDS_MORE = BIT.timerIsClock | BIT.stored;
const CHANGES_STATE = TCP.syn | TCP.rst;
/** The ACK flag's position, so that it can be put anywhere without a branch; FIN's is 0. */
const ACK_SHIFT = 4;

/** The live flows of one IP version. */
export class FlowTable {
  /** Records in use: live flows, and expired ones that are remembered. */
  count = 0;
  private readonly records: Records;
  private readonly slots = new Slots(2 * FIRST_LIMIT);
  /** The table is swept, and then grown if that did not help, when `count` reaches this. */
  private limit = FIRST_LIMIT;
  /** Flows so far. */
  private begun = 0;
  private readonly options: FlowTableOptions;
  private readonly rows: LastRows;
  readonly timers: Timers;
  private readonly minutes: ServiceMinutes;
  private readonly rare: RarePackets;
  /** Keeps the asking of memory from being optimised away. */
  protected touched = 0;

  /** `wide` for IPv6; `reserve` records are set aside at first. */
  constructor(
    wide: boolean,
    reserve: number,
    options: FlowTableOptions,
    exporter: Exporter,
    minutes: ServiceMinutes,
    rare: RarePackets,
  ) {
    this.records = new Records(wide, reserve);
    this.options = options;
    this.rows = new LastRows(this.records, exporter);
    this.timers = new Timers(this.records, options);
    this.minutes = minutes;
    this.rare = rare;
  }

  /**
   * Counts a group of packets that are in this table's IP version. A flow table is larger than the caches, so the
   * group first asks memory for all of its slots, then for its records, and is counted when they are near
   * (docs/adr/0003). Each step is a function of its own, so that the compiler's budget for inlining does for it. A
   * packet that changes nothing but its flow's sums is counted by `countUsual`; all others go to `rare`.
   */
  addAll(packets: readonly PacketView[], count: number): void {
    for (let k = 0; k < count; k++) setKey(packets[k], this.options.hashSeed);
    this.touched = this.askForSlots(packets, count) ^ this.askForRecords(packets, count);
    for (let k = this.countUsual(packets, 0, count); k < count; k = this.countUsual(packets, k + 1, count))
      this.rare.add(packets[k], this);
  }

  private askForSlots(packets: readonly PacketView[], count: number): number {
    const { words, mask } = this.slots;
    let touched = 0;
    for (let k = 0; k < count; k++) touched ^= words[packets[k].hash & mask];
    return touched;
  }

  /** Notes in `near` which record each packet's slot leads to. */
  private askForRecords(packets: readonly PacketView[], count: number): number {
    const { words, mask } = this.slots;
    const { hot, hotWords } = this.records;
    let touched = 0;
    for (let k = 0; k < count; k++) {
      const packet = packets[k];
      const { hash } = packet;
      let at = hash & mask;
      let slot = words[at];
      while (slot !== 0 && ((slot ^ hash) & ~mask) !== 0) {
        at = (at + 1) & mask;
        slot = words[at];
      }
      const number = slot & mask;
      packet.near = number - 1;
      touched ^= hot[number === 0 ? 0 : PAD_WORDS + (number - 1) * hotWords];
    }
    return touched;
  }

  /** Counts packets from number `k` on up to one that needs more, and returns its number: `count` where none does. */
  private countUsual(packets: readonly PacketView[], k: number, count: number): number {
    const { hot, hotQ, hotWords, wide } = this.records;
    const { activeUs, tcpIdleUs, otherIdleUs } = this.options;
    for (; k < count; k++) {
      const packet = packets[k];
      const n = packet.near;
      const { tcpFlags, timeUs } = packet;
      // Records may have moved since they were asked for; what lies behind the last one may still look like one.
      if (((tcpFlags & CHANGES_STATE) | packet.past | packet.rare) !== 0 || n < 0 || n >= this.count)
        return k;
      const at = PAD_WORDS + n * hotWords;
      if (!holdsKey(hot, at, wide, packet)) return k;
      const bits = hot[at + HOT.bits];
      const timer = (at >> 1) + TIMER;
      const limit = packet.inner === PROTOCOL.tcp ? tcpIdleUs : otherIdleUs;
      if ((bits & NEEDS_MORE) !== 0 || timeUs - hotQ[timer] > limit) return k;
      if (activeUs !== 0 && this.timers.isOld(n, timeUs)) return k;
      const seen = ((tcpFlags & TCP.ack) >>> ACK_SHIFT) * BIT.ackA + (tcpFlags & TCP.fin) * BIT.finA;
      hotQ[timer] = timeUs;
      hot[at + HOT.bits] = bits | (seen << packet.dir);
      this.countPacket(hot, at, n, packet);
      this.minutes.add(timeUs, (bits & BIT.serviceMask) >>> BIT.serviceShift, packet.wireBytes);
      if (packet.payloadBytes !== 0) this.look(n, hot, at, packet);
    }
    return count;
  }

  /** Counts one packet in its flow, which begins if there is none. */
  add(packet: PacketView): void {
    let n = packet.near;
    if (n < 0 || n >= this.count || !this.holds(n, packet)) n = this.find(packet);
    let begins = n < 0;
    if (begins) n = this.insert(packet);
    else begins = this.endsBefore(n, packet);
    if (packet.inner === PROTOCOL.tcp) this.updateTcp(n, packet, begins);
    this.updateRare(n, packet);
    const { hot } = this.records;
    const at = this.records.hotAt(n);
    this.countPacket(hot, at, n, packet);
    this.minutes.add(
      packet.timeUs,
      (hot[at + HOT.bits] & BIT.serviceMask) >>> BIT.serviceShift,
      packet.wireBytes,
    );
    if (packet.payloadBytes !== 0 && packet.fragment !== FRAGMENT.later) this.look(n, hot, at, packet);
  }

  /** Has the packet's payload looked at, where its flow still wants that. */
  private look(n: number, hot: Int32Array, at: number, packet: PacketView): void {
    const side = sideOf(hot[at + HOT.bits], packet.dir);
    if ((hot[at + HOT.look] & (LOOK_DONE << side)) === 0)
      this.options.looker.look(this.records, n, packet, side as 0 | 1);
  }

  /** Marks the flow of a packet that an ICMP error quotes, unless it has ended by the error's clock. */
  refuse(quoted: PacketView): void {
    const n = this.find(quoted);
    if (n < 0 || this.timers.isIdle(n, quoted.clockUs)) return;
    this.records.hot[this.records.hotAt(n) + HOT.bits] |= BIT.icmpRefused;
  }

  /** Gives the flows that began before there was a time the first one there is. */
  startClock(timeUs: number): void {
    for (let n = 0; n < this.count; n++) {
      this.records.hotQ[(this.records.hotAt(n) >> 1) + TIMER] = timeUs;
      this.records.coldQ[(this.records.coldAt(n) >> 1) + COLD_Q.first] = timeUs;
    }
  }

  /** Stores and drops what has ended by the clock. */
  sweep(clockUs: number): void {
    const forgetBeforeUs = this.timers.forgetBefore(this.count, clockUs);
    this.drop((n) => {
      if (!this.timers.isIdle(n, clockUs)) return false;
      this.rows.write(n, END.idle);
      if (this.timers.of(n) < forgetBeforeUs || !this.timers.isRemembered(n)) return true;
      this.records.hot[this.records.hotAt(n) + HOT.bits] |= BIT.expired;
      return false;
    });
  }

  /** Stores and drops the records that `goes` takes by their timers, though they have not ended. */
  evict(goes: (timerUs: number) => boolean): void {
    this.drop((n) => {
      const evicted = goes(this.timers.of(n));
      if (evicted) this.rows.write(n, END.evicted);
      return evicted;
    });
  }

  /** Writes every flow that goes on; those that no packet changed since the clock stood at `sinceUs` are marked. */
  show(sinceUs: number): void {
    this.rows.show(this.count, sinceUs);
  }

  /** Stores all that is left and gives the memory back, at the end of a run. */
  drain(clockUs: number): void {
    for (let n = 0; n < this.count; n++) {
      this.rows.write(n, this.timers.isIdle(n, clockUs) ? END.idle : END.end);
    }
    this.count = 0;
    this.records.free();
    this.slots.free();
  }

  // Finding a record

  /** The number of the packet's record, or -1. */
  private find(packet: PacketView): number {
    const { words, mask } = this.slots;
    const { hash } = packet;
    let at = hash & mask;
    for (;;) {
      const slot = words[at];
      if (slot === 0) return -1;
      if (((slot ^ hash) & ~mask) === 0 && this.holds((slot & mask) - 1, packet)) return (slot & mask) - 1;
      at = (at + 1) & mask;
    }
  }

  private holds(n: number, packet: PacketView): boolean {
    const { records } = this;
    return holdsKey(records.hot, records.hotAt(n), records.wide, packet);
  }

  // Beginnings

  private insert(packet: PacketView): number {
    if (this.count === this.limit) this.makeRoom(packet.clockUs);
    if ((++this.begun & STORE_MASK) === 0) this.rows.writeOver(this.count, packet.clockUs);
    const { records } = this;
    const n = this.count++;
    const at = records.hotAt(n);
    const { hot } = records;
    // The first sender is side A.
    packet.dir = 0;
    hot[at + HOT.ports] = packet.ports;
    hot[at + HOT.kind] = packet.kind;
    hot[at + HOT.addressA] = packet.src0;
    hot[at + HOT.addressB] = packet.dst0;
    hot[at + HOT.hash] = packet.hash;
    if (records.wide) {
      hot[at + HOT.restA] = packet.src1;
      hot[at + HOT.restA + 1] = packet.src2;
      hot[at + HOT.restA + 2] = packet.src3;
      hot[at + HOT.restB] = packet.dst1;
      hot[at + HOT.restB + 1] = packet.dst2;
      hot[at + HOT.restB + 2] = packet.dst3;
    }
    this.slots.place(n, packet.hash);
    beginFlow(this.records, n, packet, this.options);
    return n;
  }

  // Endings that a packet finds

  /** Whether the flow is over before this packet, by a timeout; another has begun in its place then. */
  private endsBefore(n: number, packet: PacketView): boolean {
    if (this.timers.isIdle(n, packet.clockUs)) {
      const goesOn = (packet.tcpFlags & TCP.syn) === 0 && this.timers.mayGoOn(n, packet.clockUs);
      this.rows.write(n, END.idle);
      if (goesOn) continueFlow(this.records, n, packet, this.options);
      else beginFlow(this.records, n, packet, this.options);
      return true;
    }
    if (this.options.activeUs === 0 || !this.timers.isOld(n, packet.clockUs)) return false;
    const another = (packet.tcpFlags & TCP.syn) !== 0 && isAnotherConnection(this.records, n, packet);
    this.rows.write(n, END.active);
    if (another) beginFlow(this.records, n, packet, this.options);
    else continueFlow(this.records, n, packet, this.options);
    return true;
  }

  // A packet of a flow

  private updateTcp(n: number, packet: PacketView, begins: boolean): void {
    const flags = packet.tcpFlags;
    const another = (flags & TCP.syn) !== 0 && !begins && isAnotherConnection(this.records, n, packet);
    if (!another) this.rows.takeBack(n);
    if ((flags & (TCP.syn | TCP.fin | TCP.rst)) === 0) {
      if ((flags & TCP.ack) !== 0)
        this.records.hot[this.records.hotAt(n) + HOT.bits] |= BIT.ackA << packet.dir;
      return;
    }
    if (another) {
      this.rows.write(n, END.end);
      beginFlow(this.records, n, packet, this.options);
    }
    if (seeHandshake(this.records, n, packet)) nameService(this.records, n, this.options);
  }

  /** Adds the packet to its side's sums. */
  private countPacket(hot: Int32Array, at: number, n: number, packet: PacketView): void {
    const { dir, wireBytes, payloadBytes } = packet;
    const packetsAt = at + HOT.packetsA + dir;
    const packets = (hot[packetsAt] + 1) | 0;
    hot[packetsAt] = packets;
    const bytesAt = at + HOT.bytesA + dir;
    const bytes = ((hot[bytesAt] >>> 0) + wireBytes) >>> 0;
    hot[bytesAt] = bytes;
    const payloadAt = at + HOT.payloadA + dir;
    const payload = ((hot[payloadAt] >>> 0) + payloadBytes) >>> 0;
    hot[payloadAt] = payload;
    if (packets === 0) this.carry(n, HOT.packetsA + dir);
    if (bytes < wireBytes) this.carry(n, HOT.bytesA + dir);
    if (payload < payloadBytes) this.carry(n, HOT.payloadA + dir);
  }

  private carry(n: number, field: number): void {
    const rare = this.records.makeRare(n);
    rare.carries ??= [0, 0, 0, 0, 0, 0];
    rare.carries[field - HOT.packetsA]++;
  }

  /** What packets in the usual run of things leave alone; moves the timer. */
  private updateRare(n: number, packet: PacketView): void {
    const at = this.records.hotAt(n);
    let bits = this.records.hot[this.records.hotAt(n) + HOT.bits];
    if (packet.linkGroup !== 0) bits |= BIT.linkGroup;
    if (packet.payloadProtocol === PAYLOAD.ike) bits |= BIT.ike;
    if (packet.payloadProtocol === PAYLOAD.espInUdp) bits |= BIT.espInUdp;
    // A fragment that waited in vain is not from the past, and may still come behind what counts after it.
    const movesTimer = packet.past === 0 && packet.timeUs >= this.timers.of(n);
    if (movesTimer) {
      bits &= ~BIT.timerIsClock;
      this.records.hotQ[(at >> 1) + TIMER] = packet.timeUs;
    }
    this.records.hot[at + HOT.bits] = bits;
    const { coldQ } = this.records;
    const q = this.records.coldAt(n) >> 1;
    if (!movesTimer && packet.timeUs > coldQ[q + COLD_Q.lastPast]) coldQ[q + COLD_Q.lastPast] = packet.timeUs;
    if (packet.timeUs < coldQ[q + COLD_Q.first]) coldQ[q + COLD_Q.first] = packet.timeUs;
    if (packet.ordinal < coldQ[q + COLD_Q.flowId]) coldQ[q + COLD_Q.flowId] = packet.ordinal;
  }

  private makeRoom(clockUs: number): void {
    this.sweep(this.rare.settledUs(clockUs, this.records.wide ? 6 : 4));
    if (this.count * 4 <= this.limit * 3) return;
    this.limit *= 2;
    if (this.limit > this.records.capacity) this.records.grow(this.limit, this.count);
    this.reindex(true);
  }

  /** Closes the gaps that the records leave which `goes` takes. */
  private drop(goes: (n: number) => boolean): void {
    let kept = 0;
    for (let n = 0; n < this.count; n++) {
      if (goes(n)) {
        this.records.forgetRare(n);
        continue;
      }
      if (kept !== n) this.records.move(n, kept);
      kept++;
    }
    this.count = kept;
    this.reindex(false);
  }

  private reindex(larger: boolean): void {
    this.slots.clear(larger);
    for (let n = 0; n < this.count; n++)
      this.slots.place(n, this.records.hot[this.records.hotAt(n) + HOT.hash]);
  }
}

/** 0 where the side that is `dir` is the initiator. */
function sideOf(bits: number, dir: number): number {
  return dir ^ ((bits & BIT.initiatorIsB) === 0 ? 0 : 1);
}
