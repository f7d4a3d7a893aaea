// Counts of packets that are in no flow, by reason.

import type { PacketView } from '../decode/packet.ts';
import { SKIP, skipName } from '../decode/skip.ts';
import type { SkippedRow } from '../store/sink.ts';

/** More than there are values of SKIP. */
const CODES = 32;
/** Reasons counted by name; a sender who makes up more gets the rest counted together. */
const MAX_REASONS = 4096;

/** Sums by skip reason. */
export class SkippedTally {
  packets = 0;
  bytes = 0;
  private readonly index = new Map<number, number>();
  private readonly counts: { packets: number; bytes: number }[] = [];

  add(packet: PacketView): void {
    this.packets++;
    this.bytes += packet.wireBytes;
    let key = packet.skipDetail * CODES + packet.skip;
    let at = this.index.get(key);
    if (at === undefined && this.counts.length >= MAX_REASONS) {
      key = SKIP.other;
      at = this.index.get(key);
    }
    if (at === undefined) {
      at = this.counts.push({ packets: 0, bytes: 0 }) - 1;
      this.index.set(key, at);
    }
    this.counts[at].packets++;
    this.counts[at].bytes += packet.wireBytes;
  }

  /** By reason, the most frequent first. */
  rows(): SkippedRow[] {
    const rows = [...this.index].map(([key, at]) => ({
      reason: skipName(key % CODES, Math.floor(key / CODES)),
      ...this.counts[at],
    }));
    return rows.sort((a, b) => b.packets - a.packets || (a.reason < b.reason ? -1 : 1));
  }
}
