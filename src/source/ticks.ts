// pcapng's 64-bit timestamps in units of any resolution, to whole microseconds, rounded down and without losing a
// bit to floating point (draft-ietf-opsawg-pcapng, if_tsresol and if_tsoffset).

const TWO32 = 4_294_967_296;
const LIMB = 65_536;

/** How to turn an interface's ticks into microseconds. */
export class TickScale {
  /** 6: ticks are microseconds; 9: nanoseconds; anything else goes the long way. */
  readonly decimal: number;
  private readonly binary: boolean;
  private readonly exponent: number;
  private readonly offsetUs: number;

  /** `resolution` is the option's byte: a power of ten, or with the top bit set a power of two. */
  constructor(resolution: number, offsetSeconds: number) {
    this.binary = (resolution & 0x80) !== 0;
    this.exponent = resolution & 0x7f;
    this.decimal = this.binary ? -1 : this.exponent;
    this.offsetUs = offsetSeconds * 1e6;
  }

  /** Microseconds since the epoch of a timestamp's two halves; one beyond all calendars is the last that is exact. */
  toUs(high: number, low: number): number {
    const us = this.ticksToUs(high, low) + this.offsetUs;
    if (us > Number.MAX_SAFE_INTEGER) return Number.MAX_SAFE_INTEGER;
    return us < Number.MIN_SAFE_INTEGER ? Number.MIN_SAFE_INTEGER : us;
  }

  private ticksToUs(high: number, low: number): number {
    if (this.decimal === 6) return high * TWO32 + low;
    if (this.decimal === 9) {
      // high = 1000 q + r, so that the remainder stays below 2^53.
      const quotient = Math.floor(high / 1000);
      const rest = (high - quotient * 1000) * TWO32 + low;
      return quotient * TWO32 + Math.floor(rest / 1000);
    }
    return this.slowly(high, low);
  }

  private slowly(high: number, low: number): number {
    const limbs = [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff];
    if (this.binary) {
      // ticks * 10^6 / 2^n, with 10^6 = 15625 * 2^6.
      return shiftRight(multiply(limbs, 15_625), this.exponent - 6);
    }
    if (this.exponent < 6) return (high * TWO32 + low) * 10 ** (6 - this.exponent);
    let power = this.exponent - 6;
    let rest = limbs;
    while (power > 0) {
      // Dividing by 10^a and then by 10^b, rounding down each time, is dividing by 10^(a+b).
      const step = Math.min(power, 9);
      rest = divide(rest, 10 ** step);
      power -= step;
    }
    return value(rest);
  }
}

/** Limbs are 16 bits each, the highest first. */
function divide(limbs: readonly number[], divisor: number): number[] {
  let remainder = 0;
  return limbs.map((limb) => {
    const current = remainder * LIMB + limb;
    const quotient = Math.floor(current / divisor);
    remainder = current - quotient * divisor;
    return quotient;
  });
}

function multiply(limbs: readonly number[], factor: number): number[] {
  const product: number[] = [];
  let carry = 0;
  for (let i = limbs.length - 1; i >= 0; i--) {
    const current = limbs[i] * factor + carry;
    product.unshift(current % LIMB);
    carry = Math.floor(current / LIMB);
  }
  return [carry, ...product];
}

function shiftRight(limbs: readonly number[], bits: number): number {
  if (bits <= 0) return value(limbs) * 2 ** -bits;
  let rest = [...limbs];
  let left = bits;
  while (left > 0) {
    const step = Math.min(left, 16);
    rest = divide(rest, 2 ** step);
    left -= step;
  }
  return value(rest);
}

function value(limbs: readonly number[]): number {
  return limbs.reduce((sum, limb) => sum * LIMB + limb, 0);
}
