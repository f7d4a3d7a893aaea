// XXH64, seed 0: the checksum of a zstd frame (RFC 8878, section 3.1.1, and the xxHash specification). 64-bit
// numbers are two halves of 32 bits, since BigInt is thirty times slower.

/** Primes 1 to 5, the high half and the low one. */
const P1H = 0x9e3779b1;
const P1L = 0x85ebca87;
const P2H = 0xc2b2ae3d;
const P2L = 0x27d4eb4f;
const P3H = 0x165667b1;
const P3L = 0x9e3779f9;
const P4H = 0x85ebca77;
const P4L = 0xc2b2ae63;
const P5H = 0x27d4eb2f;
const P5L = 0x165667c5;

const STRIPE = 32;

/** The high half of what `multiply` was last asked for; its answer is the low half. */
let high = 0;

function multiply(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const a1 = aLow >>> 16;
  const a0 = aLow & 0xffff;
  const b1 = bLow >>> 16;
  const b0 = bLow & 0xffff;
  const middle = a1 * b0 + a0 * b1 + ((a0 * b0) >>> 16);
  // Sums of three products of 32 bits are exact.
  high = (a1 * b1 + Math.floor(middle / 65_536) + Math.imul(aHigh, bLow) + Math.imul(aLow, bHigh)) | 0;
  return Math.imul(aLow, bLow);
}

/** Adds into `high`; the answer is the low half. */
function add(aHigh: number, aLow: number, bHigh: number, bLow: number): number {
  const sum = (aLow >>> 0) + (bLow >>> 0);
  high = (aHigh + bHigh + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  return sum | 0;
}

/** Turns left by less than 32 bits; the answer is the low half. */
function turn(aHigh: number, aLow: number, bits: number): number {
  high = (aHigh << bits) | (aLow >>> (32 - bits));
  return (aLow << bits) | (aHigh >>> (32 - bits));
}

/** round() of the specification: the lane's next value. */
function round(laneHigh: number, laneLow: number, inHigh: number, inLow: number): number {
  let low = multiply(inHigh, inLow, P2H, P2L);
  low = add(laneHigh, laneLow, high, low);
  low = turn(high, low, 31);
  return multiply(high, low, P1H, P1L);
}

export class Xxh64 {
  /** Four lanes, each the high half and the low one. */
  private readonly lanes = Int32Array.of(0, 0, P2H, P2L, 0, 0, 0, 0);
  private readonly tail = new Uint8Array(STRIPE);
  private readonly tailView = new DataView(this.tail.buffer);
  private tailLength = 0;
  private length = 0;

  constructor() {
    const { lanes } = this;
    lanes[1] = add(P1H, P1L, P2H, P2L);
    lanes[0] = high;
    // Zero less the first prime.
    lanes[7] = add(~P1H, ~P1L, 0, 1);
    lanes[6] = high;
  }

  update(bytes: Uint8Array): void {
    this.length += bytes.length;
    let at = 0;
    if (this.tailLength > 0) {
      at = Math.min(STRIPE - this.tailLength, bytes.length);
      this.tail.set(bytes.subarray(0, at), this.tailLength);
      this.tailLength += at;
      if (this.tailLength < STRIPE) return;
      this.stripes(this.tailView, 0, STRIPE);
      this.tailLength = 0;
    }
    const whole = at + Math.floor((bytes.length - at) / STRIPE) * STRIPE;
    this.stripes(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at, whole);
    this.tail.set(bytes.subarray(whole));
    this.tailLength = bytes.length - whole;
  }

  /** The low half of the hash of all bytes so far, unsigned. */
  low(): number {
    const { lanes, tailView, tailLength } = this;
    let accHigh = 0;
    let acc = P5L;
    if (this.length < STRIPE) accHigh = P5H;
    else {
      acc = 0;
      for (let lane = 0; lane < 4; lane++) {
        const turned = turn(lanes[2 * lane], lanes[2 * lane + 1], [1, 7, 12, 18][lane]);
        acc = add(accHigh, acc, high, turned);
        accHigh = high;
      }
      for (let lane = 0; lane < 4; lane++) {
        const mixed = round(0, 0, lanes[2 * lane], lanes[2 * lane + 1]);
        acc = multiply(accHigh ^ high, acc ^ mixed, P1H, P1L);
        acc = add(high, acc, P4H, P4L);
        accHigh = high;
      }
    }
    acc = add(accHigh, acc, Math.floor(this.length / 0x1_0000_0000), this.length | 0);
    accHigh = high;
    let at = 0;
    for (; tailLength - at >= 8; at += 8) {
      const mixed = round(0, 0, tailView.getInt32(at + 4, true), tailView.getInt32(at, true));
      acc = turn(accHigh ^ high, acc ^ mixed, 27);
      acc = multiply(high, acc, P1H, P1L);
      acc = add(high, acc, P4H, P4L);
      accHigh = high;
    }
    if (tailLength - at >= 4) {
      const mixed = multiply(0, tailView.getInt32(at, true), P1H, P1L);
      acc = turn(accHigh ^ high, acc ^ mixed, 23);
      acc = multiply(high, acc, P2H, P2L);
      acc = add(high, acc, P3H, P3L);
      accHigh = high;
      at += 4;
    }
    for (; at < tailLength; at++) {
      const mixed = multiply(0, this.tail[at], P5H, P5L);
      acc = turn(accHigh ^ high, acc ^ mixed, 11);
      acc = multiply(high, acc, P1H, P1L);
      accHigh = high;
    }
    acc ^= accHigh >>> 1;
    acc = multiply(accHigh, acc, P2H, P2L);
    accHigh = high;
    // What is right of the 29th bit.
    const right = (acc >>> 29) | (accHigh << 3);
    acc = multiply(accHigh ^ (accHigh >>> 29), acc ^ right, P3H, P3L);
    return (acc ^ high) >>> 0;
  }

  private stripes(view: DataView, from: number, to: number): void {
    const { lanes } = this;
    for (let at = from; at < to; at += STRIPE) {
      for (let lane = 0; lane < 8; lane += 2) {
        const place = at + lane * 4;
        lanes[lane + 1] = round(
          lanes[lane],
          lanes[lane + 1],
          view.getInt32(place + 4, true),
          view.getInt32(place, true),
        );
        lanes[lane] = high;
      }
    }
  }
}
