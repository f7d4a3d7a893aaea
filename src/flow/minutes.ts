// Packets and bytes by service over time: at most BUCKETS buckets of a minute, and twice as coarse each time a
// longer capture would need more.

const MINUTE_US = 60_000_000;
const BUCKETS = 1440;

/** What one service had in one stretch of time. */
export interface Bucket {
  readonly service: number;
  readonly startUs: number;
  readonly widthUs: number;
  readonly packets: number;
  readonly bytes: number;
}

/** Counters by service and time; `services` is how many services there are. */
export class ServiceMinutes {
  private readonly services: number;
  private readonly packets: Float64Array;
  private readonly bytes: Float64Array;
  private baseUs = 0.5;
  private widthUs = MINUTE_US;
  /** The bucket of the last packet: where its counters begin, and the time it covers. */
  private at = 0;
  private fromUs = 1.5;
  private untilUs = 0.5;
  private empty = true;

  constructor(services: number) {
    this.services = services;
    this.packets = new Float64Array(services * BUCKETS);
    this.bytes = new Float64Array(services * BUCKETS);
  }

  add(timeUs: number, service: number, bytes: number): void {
    if (timeUs < this.fromUs || timeUs >= this.untilUs) this.select(timeUs);
    const cell = this.at + service;
    this.packets[cell] += 1;
    this.bytes[cell] += bytes;
  }

  /**
   * The first minute is that of the first time there is, whichever packet is counted first; what was counted before
   * there was a time moves there.
   */
  startClock(timeUs: number): void {
    this.baseUs = Math.floor(timeUs / MINUTE_US) * MINUTE_US;
    if (this.empty) {
      this.empty = false;
      return;
    }
    this.fromUs = this.baseUs;
    this.untilUs = this.baseUs + this.widthUs;
  }

  /** The cells that are not empty, by time. */
  rows(): Bucket[] {
    const rows: Bucket[] = [];
    for (let cell = 0; cell < this.packets.length; cell++) {
      if (this.packets[cell] === 0) continue;
      rows.push({
        service: cell % this.services,
        startUs: this.baseUs + Math.floor(cell / this.services) * this.widthUs,
        widthUs: this.widthUs,
        packets: this.packets[cell],
        bytes: this.bytes[cell],
      });
    }
    return rows;
  }

  /** Packets and bytes of each service, whenever they came. */
  totals(): { packets: Float64Array; bytes: Float64Array } {
    const { services } = this;
    const packets = new Float64Array(services);
    const bytes = new Float64Array(services);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      for (let service = 0; service < services; service++) {
        packets[service] += this.packets[bucket * services + service];
        bytes[service] += this.bytes[bucket * services + service];
      }
    }
    return { packets, bytes };
  }

  private select(timeUs: number): void {
    if (this.empty) {
      this.empty = false;
      this.baseUs = Math.floor(timeUs / MINUTE_US) * MINUTE_US;
    }
    // What lies before the first minute is counted in it: packets of the past are rare and near.
    while (timeUs >= this.baseUs + BUCKETS * this.widthUs) this.coarsen();
    const bucket = Math.max(0, Math.floor((timeUs - this.baseUs) / this.widthUs));
    this.at = bucket * this.services;
    this.fromUs = bucket === 0 ? Math.min(timeUs, this.baseUs) : this.baseUs + bucket * this.widthUs;
    this.untilUs = this.baseUs + (bucket + 1) * this.widthUs;
  }

  private coarsen(): void {
    const { services, packets, bytes } = this;
    for (let to = 0; to < BUCKETS; to++) {
      for (let s = 0; s < services; s++) {
        const first = to * 2 * services + s;
        const cell = to * services + s;
        packets[cell] = to * 2 < BUCKETS ? packets[first] + packets[first + services] : 0;
        bytes[cell] = to * 2 < BUCKETS ? bytes[first] + bytes[first + services] : 0;
      }
    }
    this.widthUs *= 2;
  }
}
