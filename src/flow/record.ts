// The layout of a flow record. What every packet touches is one cache line of the hot array; what only the first
// packets and the last one touch is in the cold one, under the same number.
//
// A flow has two sides: A sent its first packet. Which of them is the initiator is a bit, since that may be known
// only later. Of each pair of fields or bits, B's follows A's, so that `+ side` or `<< side` picks one.

import { HAS_RARE, type PayloadWatch } from './looking.ts';

/** Large buffers begin 16 bytes behind a page's start: records behind this many words begin on cache lines. */
export const PAD_WORDS = 12;
/** Words of a hot record; with IPv6 the rest of the addresses follows. */
export const HOT_WORDS = 16;
export const WIDE_WORDS = 24;
export const COLD_WORDS = 10;

/** Word offsets in a hot record. */
export const HOT = {
  /** A's port in the high half, B's in the low. */
  ports: 0,
  kind: 1,
  /** The IPv4 address, or the first word of the IPv6 address. */
  addressA: 2,
  addressB: 3,
  bits: 4,
  hash: 5,
  /** Unsigned sums modulo 2^32; how often each went over is in `Rare`. */
  packetsA: 8,
  bytesA: 10,
  payloadA: 12,
  /** See decode/vlan.ts. */
  vlans: 14,
  /** What payload said so far, who still wants more of it, and HAS_RARE: see looking.ts. */
  look: 15,
  /** The other three words of A's IPv6 address; B's follow. */
  restA: 16,
  restB: 19,
} as const;

/** In doubles from the hot record's start: the clock at the last packet that moved the idle timer. */
export const TIMER = 3;

/** Word offsets in a cold record. */
export const COLD = {
  isnA: 4,
  isnB: 5,
  /** Of the first packet: see decode/encap/tunnels.ts. */
  tunnel: 8,
} as const;

/** Offsets in a cold record, in doubles. */
export const COLD_Q = {
  first: 0,
  flowId: 1,
  /** The newest time of the packets that moved no timer; -Infinity for none. */
  lastPast: 3,
} as const;

/** What few flows have; kept apart so that the others do not pay for it. */
export class Rare {
  /** The flow that this one continues; 0 for none. */
  continues = 0;
  /** Bits of ENDINGS that the parts before this one left: they tell the state, and not how this part ended. */
  before = 0;
  /** Those parts had packets both ways. */
  wentBothWays = false;
  /** How often each sum went over 2^32, in the order of the sums; null for never. */
  carries: number[] | null = null;
  /** What goes on looking at the flow's payload. */
  watch: PayloadWatch | null = null;

  /** Nothing is rare any more. */
  get isBlank(): boolean {
    const { continues, before, wentBothWays, carries, watch } = this;
    return continues === 0 && before === 0 && !wentBothWays && carries === null && watch === null;
  }
}

/** The word `kind`: the outer protocol, the one inside AH, whether ports are missing, the encapsulation. */
export const KIND = {
  innerShift: 8,
  portsUnreadShift: 16,
  portsUnread: 1 << 16,
  encapsulationShift: 17,
} as const;

/** Bits of the word `bits`. Those with an A in the name have B's above them. */
export const BIT = {
  synA: 1 << 0,
  synAckA: 1 << 2,
  /** An ACK that is neither SYN nor RST. */
  ackA: 1 << 4,
  finA: 1 << 6,
  /** RST before, and after, the responder answered. */
  rstEarly: 1 << 8,
  rstLate: 1 << 9,
  icmpRefused: 1 << 10,
  initiatorIsB: 1 << 11,
  /** Two bits: a value of BASIS. */
  basisShift: 12,
  basisMask: 3 << 12,
  /** The flow began with a packet from the past, so its timer holds the clock and not a packet's time. */
  timerIsClock: 1 << 14,
  isnKnownA: 1 << 15,
  /** The side's first sequence number was seen without its SYN: a SYN just below it came late. */
  isnGuessA: 1 << 17,
  linkGroup: 1 << 19,
  ike: 1 << 20,
  espInUdp: 1 << 21,
  /** Stored and ended; kept so that what follows on its key continues it. */
  expired: 1 << 22,
  /** Eight bits: what the flow's packets are counted as while they pass. */
  serviceShift: 23,
  serviceMask: 255 << 23,
  /** Written down as ended, since the connection is over; a packet that comes yet takes that back. */
  stored: 1 << 31,
} as const;

const EITHER = 3;
export const ANY_SYN = BIT.synA * EITHER;
export const ANY_SYN_ACK = BIT.synAckA * EITHER;
export const ANY_ACK = BIT.ackA * EITHER;
export const BOTH_FIN = BIT.finA * EITHER;
export const ANY_RST = BIT.rstEarly | BIT.rstLate;
export const HANDSHAKE_SEEN = ANY_SYN | ANY_SYN_ACK;
export const ENDINGS = BOTH_FIN | ANY_RST | BIT.icmpRefused;

const TWO32 = 4_294_967_296;

/** One table's records: both arrays, each with its view of the same memory as doubles. */
export class Records {
  readonly wide: boolean;
  readonly hotWords: number;
  hot: Int32Array<ArrayBuffer>;
  hotQ: Float64Array<ArrayBuffer>;
  cold: Int32Array<ArrayBuffer>;
  coldQ: Float64Array<ArrayBuffer>;
  private readonly rare = new Map<number, Rare>();

  /** Room for `capacity` records is set aside; the system gives memory only as it is touched. */
  constructor(wide: boolean, capacity: number) {
    this.wide = wide;
    this.hotWords = wide ? WIDE_WORDS : HOT_WORDS;
    this.hot = new Int32Array(PAD_WORDS + capacity * this.hotWords);
    this.hotQ = new Float64Array(this.hot.buffer);
    this.cold = new Int32Array(PAD_WORDS + capacity * COLD_WORDS);
    this.coldQ = new Float64Array(this.cold.buffer);
  }

  get capacity(): number {
    return (this.cold.length - PAD_WORDS) / COLD_WORDS;
  }

  /** Where record `n` begins in the hot array, in words. */
  hotAt(n: number): number {
    return PAD_WORDS + n * this.hotWords;
  }

  coldAt(n: number): number {
    return PAD_WORDS + n * COLD_WORDS;
  }

  /** The sum at `field` of record `n`. */
  sum(n: number, field: number): number {
    const carry = this.rareOf(n)?.carries?.[field - HOT.packetsA] ?? 0;
    return carry * TWO32 + (this.hot[this.hotAt(n) + field] >>> 0);
  }

  /** The bits of record `n` with what the parts before it left: those of the conversation as a whole. */
  wholeBits(n: number): number {
    return this.hot[this.hotAt(n) + HOT.bits] | (this.rareOf(n)?.before ?? 0);
  }

  /** Whether there were packets both ways, in this part of the conversation or before it. */
  wentBothWays(n: number): boolean {
    if (this.rareOf(n)?.wentBothWays === true) return true;
    return this.sum(n, HOT.packetsA) > 0 && this.sum(n, HOT.packetsA + 1) > 0;
  }

  /** What is rare of record `n`, if anything. */
  rareOf(n: number): Rare | undefined {
    // A bit of the record says so: looking into the map for each of many flows costs.
    return this.hot[this.hotAt(n) + HOT.look] < 0 ? this.rare.get(n) : undefined;
  }

  /** The same, made where there was none. */
  makeRare(n: number): Rare {
    let rare = this.rareOf(n);
    if (rare === undefined) {
      rare = new Rare();
      this.rare.set(n, rare);
      this.hot[this.hotAt(n) + HOT.look] |= HAS_RARE;
    }
    return rare;
  }

  forgetRare(n: number): void {
    const rare = this.rareOf(n);
    if (rare === undefined) return;
    rare.watch?.end();
    this.remove(n);
  }

  /** Lets go of a watch that has ended, and of what is rare of the record if that was all. */
  forgetWatch(n: number): void {
    const rare = this.rareOf(n);
    if (rare === undefined) return;
    rare.watch = null;
    if (rare.isBlank) this.remove(n);
  }

  private remove(n: number): void {
    this.rare.delete(n);
    this.hot[this.hotAt(n) + HOT.look] &= ~HAS_RARE;
  }

  /** Writes what payload said so far of record `n`. */
  setLook(n: number, look: number): void {
    const at = this.hotAt(n) + HOT.look;
    this.hot[at] = (look & ~HAS_RARE) | (this.hot[at] & HAS_RARE);
  }

  /** Copies record `from` over record `to`. */
  move(from: number, to: number): void {
    const rare = this.rareOf(from);
    this.forgetRare(to);
    if (rare !== undefined) {
      this.rare.set(to, rare);
      this.rare.delete(from);
    }
    this.hot.copyWithin(this.hotAt(to), this.hotAt(from), this.hotAt(from + 1));
    this.cold.copyWithin(this.coldAt(to), this.coldAt(from), this.coldAt(from + 1));
  }

  /** Makes room for `capacity` records; the first `count` are kept. */
  grow(capacity: number, count: number): void {
    const larger = new Records(this.wide, capacity);
    larger.hot.set(this.hot.subarray(0, this.hotAt(count)));
    larger.cold.set(this.cold.subarray(0, this.coldAt(count)));
    this.hot = larger.hot;
    this.hotQ = larger.hotQ;
    this.cold = larger.cold;
    this.coldQ = larger.coldQ;
  }

  free(): void {
    for (const rare of this.rare.values()) rare.watch?.end();
    this.rare.clear();
    this.hot = new Int32Array(0);
    this.hotQ = new Float64Array(0);
    this.cold = new Int32Array(0);
    this.coldQ = new Float64Array(0);
  }
}
