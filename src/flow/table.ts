// The flow table: one record a live flow, found by an open-addressed hash of its key. One table holds IPv4, another
// IPv6; they differ in the width of a record only. Records lie in one array in the order their flows began, so a
// sweep that drops what has ended closes the gaps, and nothing points into the array but the hash slots.

import { PROTOCOL } from '../base/transport.ts';
import { HINT, type PacketView, TCP } from '../decode/packet.ts';
import type { Exporter } from './exporter.ts';
import {
  ANY_RST,
  ANY_SYN,
  ANY_SYN_ACK,
  BIT,
  F,
  HANDSHAKE_SEEN,
  KIND,
  PAD_WORDS,
  Q,
  V4_WORDS,
  V6_WORDS,
} from './record.ts';
import { isEstablished, isOver } from './state.ts';
import { BASIS, END, PAYLOAD } from './terms.ts';

export interface FlowTableOptions {
  readonly tcpIdleUs: number;
  readonly otherIdleUs: number;
  /** 0 for none. */
  readonly activeUs: number;
  /** Ports of the allow-list by transport, each to its service; 0 where the list has none. */
  readonly tcpListed: Uint8Array;
  readonly udpListed: Uint8Array;
  /** What a flow is counted as while its packets pass: service by responder port, and by IP protocol. */
  readonly tcpServices: Uint8Array;
  readonly udpServices: Uint8Array;
  readonly protocolServices: Uint8Array;
  readonly hashSeed: number;
}

/** How long the key of an expired established flow is remembered, after its end. */
const REMEMBER_US = 7_200_000_000;
const MAX_REMEMBERED = 65_536;
const FIRST_LIMIT = 16_384;
/** What a flow that continues another inherits of its bits. */
const INHERITED =
  ANY_SYN |
  ANY_SYN_ACK |
  (BIT.ackA * 3) |
  BIT.initiatorIsB |
  BIT.basisMask |
  (BIT.isnKnownA * 3) |
  BIT.linkGroup |
  BIT.ike |
  BIT.espInUdp;
const WELL_KNOWN = 1024;

export class FlowTable {
  /** Records in use: live flows, and expired ones that are remembered. */
  count = 0;
  private readonly wide: boolean;
  private readonly stride: number;
  private words: Int32Array;
  private doubles: Float64Array;
  /** Pairs of (record number + 1, hash). */
  private slots = new Int32Array(2 * 2 * FIRST_LIMIT);
  private mask = 2 * FIRST_LIMIT - 1;
  /** The table is swept, and then grown if that did not help, when `count` reaches this. */
  private limit = FIRST_LIMIT;
  private readonly options: FlowTableOptions;
  private readonly exporter: Exporter;

  /** Room for `reserve` records is set aside; the system gives memory only as it is touched. */
  constructor(wide: boolean, reserve: number, options: FlowTableOptions, exporter: Exporter) {
    this.wide = wide;
    this.stride = wide ? V6_WORDS : V4_WORDS;
    this.words = new Int32Array(PAD_WORDS + reserve * this.stride);
    this.doubles = new Float64Array(this.words.buffer);
    this.options = options;
    this.exporter = exporter;
  }

  /**
   * Asks memory for the slot of a packet that comes soon. A flow table is larger than the caches, so a group of
   * packets first touches its slots, then its records, and is counted when both are near (docs/adr/0003).
   */
  touchSlot(packet: PacketView): number {
    return this.slots[(packet.hash & this.mask) * 2];
  }

  /** Looks up where the packet's record probably is, and asks memory for as much of it as the packet will need. */
  touchRecord(packet: PacketView): number {
    const { slots, mask } = this;
    let at = packet.hash & mask;
    let number = slots[at * 2];
    while (number !== 0 && slots[at * 2 + 1] !== packet.hash) {
      at = (at + 1) & mask;
      number = slots[at * 2];
    }
    packet.near = number === 0 ? -1 : PAD_WORDS + (number - 1) * this.stride;
    if (number === 0) return 0;
    const second = packet.payloadBytes === 0 ? 0 : this.words[packet.near + F.vlans];
    return this.words[packet.near] ^ second;
  }

  /** Counts the packet in its flow, which begins if there is none. Returns the service it is counted as. */
  add(packet: PacketView): number {
    let record = packet.near;
    if (record < 0 || record >= this.endOfRecords || !this.holds(record, packet)) record = this.find(packet);
    if (record < 0) {
      record = this.insert(packet);
    } else {
      const idle = packet.clockUs - this.doubles[(record >> 1) + Q.timer];
      const limit = packet.inner === PROTOCOL.tcp ? this.options.tcpIdleUs : this.options.otherIdleUs;
      if (idle > limit) this.afterIdle(record, packet, idle - limit);
      else if (this.options.activeUs > 0) this.afterActive(record, packet);
    }
    this.update(record, packet);
    return (this.words[record + F.bits] & BIT.serviceMask) >>> BIT.serviceShift;
  }

  /** Marks the flow of a packet that an ICMP error quotes. */
  refuse(quoted: PacketView): void {
    const record = this.find(quoted);
    if (record >= 0 && (this.words[record + F.bits] & BIT.expired) === 0) {
      this.words[record + F.bits] |= BIT.icmpRefused;
    }
  }

  /** Stores and drops what has ended by the clock. */
  sweep(clockUs: number): void {
    this.compact(clockUs, this.forgetBefore(clockUs));
  }

  /** Stores all that is left, at the end of a run. */
  drain(clockUs: number): void {
    for (let n = 0; n < this.count; n++) {
      const record = this.recordOf(n);
      if ((this.words[record + F.bits] & BIT.expired) !== 0) continue;
      const ended = clockUs - this.doubles[(record >> 1) + Q.timer] > this.idleOf(record);
      this.export(record, ended ? END.idle : END.end);
    }
    this.count = 0;
    this.slots.fill(0);
  }

  /** The record's offset in words, or -1. */
  private find(packet: PacketView): number {
    const { slots, mask } = this;
    let at = packet.hash & mask;
    for (;;) {
      const number = slots[at * 2];
      if (number === 0) return -1;
      if (slots[at * 2 + 1] === packet.hash) {
        const record = this.recordOf(number - 1);
        if (this.holds(record, packet)) return record;
      }
      at = (at + 1) & mask;
    }
  }

  /** Whether the record's key is the packet's. */
  private holds(record: number, packet: PacketView): boolean {
    const { words } = this;
    return (
      words[record + F.ports] === packet.ports &&
      words[record + F.addressA] === (packet.dir === 0 ? packet.src0 : packet.dst0) &&
      words[record + F.addressB] === (packet.dir === 0 ? packet.dst0 : packet.src0) &&
      words[record + F.kind] === packet.kind &&
      (!this.wide || this.restIs(record, packet))
    );
  }

  private recordOf(n: number): number {
    return PAD_WORDS + n * this.stride;
  }

  /** Behind the last record in use; what lies there may look like one. */
  private get endOfRecords(): number {
    return this.recordOf(this.count);
  }

  private restIs(record: number, packet: PacketView): boolean {
    const words = this.words;
    const { dir } = packet;
    const src = record + (dir === 0 ? F.restA : F.restB);
    const dst = record + (dir === 0 ? F.restB : F.restA);
    return (
      words[src] === packet.src1 &&
      words[src + 1] === packet.src2 &&
      words[src + 2] === packet.src3 &&
      words[dst] === packet.dst1 &&
      words[dst + 1] === packet.dst2 &&
      words[dst + 2] === packet.dst3
    );
  }

  // Beginnings

  private insert(packet: PacketView): number {
    if (this.count === this.limit) this.makeRoom(packet.clockUs);
    const { dir, hash } = packet;
    const record = this.endOfRecords;
    const { words } = this;
    words.fill(0, record, record + this.stride);
    words[record + F.ports] = packet.ports;
    words[record + F.kind] = packet.kind;
    words[record + F.addressA] = dir === 0 ? packet.src0 : packet.dst0;
    words[record + F.addressB] = dir === 0 ? packet.dst0 : packet.src0;
    words[record + F.hash] = hash;
    if (this.wide) {
      const src = record + (dir === 0 ? F.restA : F.restB);
      const dst = record + (dir === 0 ? F.restB : F.restA);
      words[src] = packet.src1;
      words[src + 1] = packet.src2;
      words[src + 2] = packet.src3;
      words[dst] = packet.dst1;
      words[dst + 1] = packet.dst2;
      words[dst + 2] = packet.dst3;
    }
    this.count++;
    this.place(this.count, hash);
    this.begin(record, packet);
    return record;
  }

  /** Sets what a new flow starts from; its key stands already. */
  private begin(record: number, packet: PacketView): void {
    const { words, doubles } = this;
    let { dir } = packet;
    const q = record >> 1;
    for (let i = Q.packetsA; i <= Q.lastPast; i++) doubles[q + i] = 0;
    words[record + F.isnA] = 0;
    words[record + F.isnB] = 0;
    words[record + F.vlans] = packet.vlans;
    doubles[q + Q.first] = packet.timeUs;
    doubles[q + Q.flowId] = packet.ordinal;
    doubles[q + Q.timer] = packet.clockUs;
    let bits = packet.past === 0 ? 0 : BIT.timerIsClock;
    if (packet.inner === PROTOCOL.tcp && packet.portsUnread === 0) {
      bits |= BASIS.portGuess << BIT.basisShift;
      if ((packet.tcpFlags & TCP.syn) === 0) {
        bits |= BIT.isnGuessA << dir;
        words[record + F.isnA + dir] = packet.tcpSeq - 1;
      }
      if (!this.senderBegan(packet, this.options.tcpListed, true)) dir = 1 - dir;
    } else if (packet.inner === PROTOCOL.udp && packet.portsUnread === 0) {
      const sender = this.senderBegan(packet, this.options.udpListed, false);
      bits |= (sender ? BASIS.firstPacket : BASIS.portGuess) << BIT.basisShift;
      if (!sender) dir = 1 - dir;
    } else if (packet.hint === HINT.init || packet.hint === HINT.initAck) {
      bits |= BASIS.handshake << BIT.basisShift;
      if (packet.hint === HINT.initAck) dir = 1 - dir;
    } else {
      bits |= BASIS.firstPacket << BIT.basisShift;
      if (packet.hint === HINT.reply) dir = 1 - dir;
    }
    if (dir !== 0) bits |= BIT.initiatorIsB;
    words[record + F.bits] = bits;
    this.nameService(record);
  }

  /**
   * Whether the ports let the sender of a first packet be the one who began. UDP: unless only its own port is
   * listed, or neither is and only its own is below 1024. TCP in mid-stream: unless its own is the only one listed
   * or the lower; what the run learns of the two endpoints may overrule that in the end (flow/direction.ts).
   */
  private senderBegan(packet: PacketView, listed: Uint8Array, lowerDecides: boolean): boolean {
    const own = listed[packet.srcPort] !== 0;
    const other = listed[packet.dstPort] !== 0;
    if (own !== other) return other;
    if (lowerDecides) return packet.dstPort <= packet.srcPort;
    return own || packet.srcPort >= WELL_KNOWN || packet.dstPort < WELL_KNOWN;
  }

  /** Writes down what the flow's packets are counted as while they pass. */
  private nameService(record: number): void {
    const { words, options } = this;
    const kind = words[record + F.kind];
    const ports = words[record + F.ports];
    const port = (words[record + F.bits] & BIT.initiatorIsB) === 0 ? ports & 0xffff : ports >>> 16;
    const protocol = kind & 255;
    let service = options.protocolServices[protocol];
    if ((kind & KIND.portsUnread) === 0) {
      if (protocol === PROTOCOL.tcp) service = options.tcpServices[port];
      else if (protocol === PROTOCOL.udp) service = options.udpServices[port];
    }
    words[record + F.bits] = (words[record + F.bits] & ~BIT.serviceMask) | (service << BIT.serviceShift);
  }

  // Endings that a packet finds

  private afterIdle(record: number, packet: PacketView, overdueUs: number): void {
    const bits = this.words[record + F.bits];
    const established = packet.inner === PROTOCOL.tcp && isEstablished(bits) && !isOver(bits);
    const isnA = this.words[record + F.isnA];
    const isnB = this.words[record + F.isnB];
    const flowId = this.doubles[(record >> 1) + Q.flowId];
    if ((bits & BIT.expired) === 0) this.export(record, END.idle);
    const opens = (packet.tcpFlags & TCP.syn) !== 0;
    this.begin(record, packet);
    if (established && !opens && overdueUs <= REMEMBER_US) this.inherit(record, bits, isnA, isnB, flowId);
  }

  private afterActive(record: number, packet: PacketView): void {
    const q = record >> 1;
    if (packet.clockUs - this.doubles[q + Q.first] <= this.options.activeUs) return;
    const bits = this.words[record + F.bits];
    const isnA = this.words[record + F.isnA];
    const isnB = this.words[record + F.isnB];
    const flowId = this.doubles[q + Q.flowId];
    this.export(record, END.active);
    this.begin(record, packet);
    this.inherit(record, bits, isnA, isnB, flowId);
  }

  /** The flow goes on with what another one knew: who began it, how that is known, and its state. */
  private inherit(record: number, bits: number, isnA: number, isnB: number, flowId: number): void {
    this.words[record + F.bits] = (this.words[record + F.bits] & BIT.timerIsClock) | (bits & INHERITED);
    this.words[record + F.isnA] = isnA;
    this.words[record + F.isnB] = isnB;
    this.doubles[(record >> 1) + Q.continues] = flowId;
    this.nameService(record);
  }

  /** Ends the flow because another began on the same five-tuple. */
  private restart(record: number, packet: PacketView): void {
    this.export(record, END.end);
    this.begin(record, packet);
  }

  // A packet of a flow

  private update(record: number, packet: PacketView): void {
    if (packet.inner === PROTOCOL.tcp) this.updateTcp(record, packet);
    const { doubles } = this;
    const { dir } = packet;
    const q = record >> 1;
    doubles[q + Q.packetsA + dir] += 1;
    doubles[q + Q.bytesA + dir] += packet.wireBytes;
    if (packet.payloadBytes !== 0) doubles[q + Q.payloadA + dir] += packet.payloadBytes;
    if (packet.past === 0) {
      doubles[q + Q.timer] = packet.timeUs;
    } else {
      this.updateFromPast(q, packet);
    }
    const marks = packet.linkGroup | packet.payloadProtocol;
    if (marks !== 0) this.mark(record, packet);
    if ((this.words[record + F.bits] & BIT.timerIsClock) !== 0 && packet.past === 0) {
      this.words[record + F.bits] &= ~BIT.timerIsClock;
    }
  }

  private updateFromPast(q: number, packet: PacketView): void {
    const doubles = this.doubles;
    if (packet.timeUs > doubles[q + Q.lastPast]) doubles[q + Q.lastPast] = packet.timeUs;
    if (packet.timeUs < doubles[q + Q.first]) doubles[q + Q.first] = packet.timeUs;
    if (packet.ordinal < doubles[q + Q.flowId]) doubles[q + Q.flowId] = packet.ordinal;
  }

  private mark(record: number, packet: PacketView): void {
    let bits = 0;
    if (packet.linkGroup !== 0) bits |= BIT.linkGroup;
    if (packet.payloadProtocol === PAYLOAD.ike) bits |= BIT.ike;
    if (packet.payloadProtocol === PAYLOAD.espInUdp) bits |= BIT.espInUdp;
    this.words[record + F.bits] |= bits;
  }

  private updateTcp(record: number, packet: PacketView): void {
    const flags = packet.tcpFlags;
    if ((flags & (TCP.syn | TCP.fin | TCP.rst)) !== 0) {
      this.updateHandshake(record, packet);
    } else if ((flags & TCP.ack) !== 0) {
      const bits = this.words[record + F.bits];
      const ack = BIT.ackA << packet.dir;
      if ((bits & ack) === 0) this.words[record + F.bits] = bits | ack;
    }
  }

  private updateHandshake(record: number, packet: PacketView): void {
    const { words } = this;
    const { dir, tcpFlags: flags } = packet;
    if ((flags & TCP.syn) !== 0) {
      if (this.isAnotherConnection(record, packet, dir)) this.restart(record, packet);
      if ((flags & TCP.ack) !== 0) this.seeSynAck(record, packet, dir);
      else this.seeSyn(record, packet, dir);
      return;
    }
    let bits = words[record + F.bits];
    if ((flags & TCP.rst) !== 0) {
      const answered = (bits & ANY_SYN_ACK) !== 0 || (bits & HANDSHAKE_SEEN) === 0 || isEstablished(bits);
      bits |= answered ? BIT.rstLate : BIT.rstEarly;
    } else {
      if ((flags & TCP.ack) !== 0) bits |= BIT.ackA << dir;
      if ((flags & TCP.fin) !== 0) bits |= BIT.finA << dir;
    }
    words[record + F.bits] = bits;
  }

  /** Whether a SYN or SYN+ACK with its sequence number cannot be part of the flow that stands under its key. */
  private isAnotherConnection(record: number, packet: PacketView, dir: number): boolean {
    const q = record >> 1;
    if (this.doubles[q + Q.packetsA] + this.doubles[q + Q.packetsA + 1] === 0) return false;
    const bits = this.words[record + F.bits];
    const same = this.words[record + F.isnA + dir] === packet.tcpSeq;
    const known = (bits & (BIT.isnKnownA << dir)) !== 0;
    if ((packet.tcpFlags & TCP.ack) !== 0) return known && !same && isOver(bits);
    if (known || (bits & (BIT.isnGuessA << dir)) !== 0) return !same;
    // The other side's SYN alone may be answered by a SYN (simultaneous open); anything more cannot.
    const other = 1 - dir;
    const opening = (bits & (BIT.synA << other)) !== 0 && (bits & (ANY_SYN_ACK | (BIT.ackA << other))) === 0;
    return !opening || (bits & ANY_RST) !== 0;
  }

  private seeSyn(record: number, packet: PacketView, dir: number): void {
    const words = this.words;
    const bits = words[record + F.bits];
    if ((bits & HANDSHAKE_SEEN) === 0) this.settle(record, dir);
    words[record + F.isnA + dir] = packet.tcpSeq;
    words[record + F.bits] |= (BIT.synA | BIT.isnKnownA) << dir;
  }

  private seeSynAck(record: number, packet: PacketView, dir: number): void {
    const words = this.words;
    const bits = words[record + F.bits];
    if ((bits & HANDSHAKE_SEEN) === 0) this.settle(record, 1 - dir);
    if ((bits & (BIT.isnKnownA << dir)) === 0) {
      words[record + F.isnA + dir] = packet.tcpSeq;
      words[record + F.bits] |= BIT.isnKnownA << dir;
    }
    const other = 1 - dir;
    if ((bits & (BIT.isnKnownA << other)) === 0) {
      words[record + F.isnA + other] = packet.tcpAck - 1;
      words[record + F.bits] |= BIT.isnKnownA << other;
    }
    words[record + F.bits] |= BIT.synAckA << dir;
  }

  /** The handshake shows who began. */
  private settle(record: number, initiator: number): void {
    const words = this.words;
    let bits = words[record + F.bits] & ~(BIT.basisMask | BIT.initiatorIsB);
    bits |= BASIS.handshake << BIT.basisShift;
    if (initiator !== 0) bits |= BIT.initiatorIsB;
    words[record + F.bits] = bits;
    this.nameService(record);
  }

  // Leaving the table

  private export(record: number, reason: number): void {
    this.exporter.write(this.words, this.doubles, record, this.wide, reason);
  }

  private idleOf(record: number): number {
    const inner = (this.words[record + F.kind] >>> KIND.innerShift) & 255;
    return inner === PROTOCOL.tcp ? this.options.tcpIdleUs : this.options.otherIdleUs;
  }

  /** Of remembered keys, the timers below which they are dropped to stay within the bound. */
  private forgetBefore(clockUs: number): number {
    const timers: number[] = [];
    const byAge = clockUs - this.options.tcpIdleUs - REMEMBER_US;
    for (let n = 0; n < this.count; n++) {
      const record = this.recordOf(n);
      const timer = this.doubles[(record >> 1) + Q.timer];
      if (this.isRemembered(record) && timer >= byAge && clockUs - timer > this.options.tcpIdleUs)
        timers.push(timer);
    }
    if (timers.length <= MAX_REMEMBERED) return byAge;
    return Float64Array.from(timers).sort()[timers.length - MAX_REMEMBERED];
  }

  /** Whether the record is an established TCP flow, which another may continue. */
  private isRemembered(record: number): boolean {
    const bits = this.words[record + F.bits];
    const inner = (this.words[record + F.kind] >>> KIND.innerShift) & 255;
    return inner === PROTOCOL.tcp && isEstablished(bits) && !isOver(bits);
  }

  private compact(clockUs: number, forgetBeforeUs: number): void {
    const { words, doubles, stride } = this;
    let kept = 0;
    for (let n = 0; n < this.count; n++) {
      const record = this.recordOf(n);
      const timer = doubles[(record >> 1) + Q.timer];
      if (clockUs - timer > this.idleOf(record)) {
        if ((words[record + F.bits] & BIT.expired) === 0) this.export(record, END.idle);
        if (timer < forgetBeforeUs || !this.isRemembered(record)) continue;
        words[record + F.bits] |= BIT.expired;
      }
      if (kept !== n) words.copyWithin(this.recordOf(kept), record, record + stride);
      kept++;
    }
    this.count = kept;
    this.rebuild(this.slots.fill(0));
  }

  private makeRoom(clockUs: number): void {
    this.sweep(clockUs);
    if (this.count * 4 <= this.limit * 3) return;
    this.limit *= 2;
    if (this.recordOf(this.limit) > this.words.length) {
      const larger = new Int32Array(this.recordOf(this.limit));
      larger.set(this.words.subarray(0, this.endOfRecords));
      this.words = larger;
      this.doubles = new Float64Array(larger.buffer);
    }
    this.rebuild(new Int32Array(this.slots.length * 2));
  }

  private rebuild(slots: Int32Array<ArrayBuffer>): void {
    this.slots = slots;
    this.mask = slots.length / 2 - 1;
    for (let n = 0; n < this.count; n++) this.place(n + 1, this.words[this.recordOf(n) + F.hash]);
  }

  private place(number: number, hash: number): void {
    const { slots, mask } = this;
    let at = hash & mask;
    while (slots[at * 2] !== 0) at = (at + 1) & mask;
    slots[at * 2] = number;
    slots[at * 2 + 1] = hash;
  }
}
