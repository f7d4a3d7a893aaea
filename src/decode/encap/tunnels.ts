// The tunnels of a process: what packets came in, from which outer address to which, numbered in the order they were seen.
// A tunnel is its innermost layer and the number of the tunnel that one lies in, so an entry is a few words. Both the
// number of entries and that of flow keys are bounded; packets beyond lose the addresses, never the layers' names.

import { TupleTable } from '../../base/tuple-table.ts';
import type { PacketView } from '../packet.ts';
import { keyedLayers } from './names.ts';

/** One layer as plain data. The addresses are words as in PacketView; `ipVersion` is 0 where the layer has none. */
export interface TunnelLayer {
  /** The number of the tunnel around this one; 0 for none. */
  readonly parent: number;
  /** A value of ENCAPSULATION. */
  readonly code: number;
  readonly ipVersion: 0 | 4 | 6;
  readonly source: readonly number[];
  readonly destination: readonly number[];
  /** The outer packet's IP protocol, 51 for AH. */
  readonly protocol: number;
  /** The outer destination port; -1 where the outer protocol has none. */
  readonly port: number;
}

const NONE: readonly TunnelLayer[] = [];
const MAX_TUNNELS = 65_536;
const MAX_KEYS = 32_766;
/** A tunnel's number with this bit set has only its stack, in the other bits. */
const NO_ADDRESSES = 1 << 31;
const NO_PORT = 0xffff + 1;

/** Numbers tunnels from 1; 0 stands for none, and a negative number for one beyond the bound. */
export class TunnelTable {
  /** Parent, layer, and twice an address or its index in `v6`. */
  private readonly layers = new TupleTable(64);
  private readonly v6 = new TupleTable(16);
  private readonly adopted: TunnelLayer[] = [];
  private readonly stacks: number[] = [];
  private readonly keys: number[] = [];
  private readonly keyNumbers = new Map<number, number>();
  private readonly maxTunnels: number;
  /** Packets that came in a tunnel beyond the bound. */
  overflowed = 0;

  constructor(maxTunnels = MAX_TUNNELS) {
    this.maxTunnels = maxTunnels;
  }

  /** How many there are; the highest number given. */
  get size(): number {
    return this.stacks.length;
  }

  /** The number of the tunnel whose innermost layer is `code` with the packet's addresses; `stack` is all of it. */
  number(packet: PacketView, code: number, stack: number, onIp: boolean, port: number): number {
    const parent = packet.tunnel;
    if (parent < 0) return NO_ADDRESSES | stack;
    const full = this.stacks.length >= this.maxTunnels;
    const wide = onIp && packet.ipVersion === 6;
    let source = onIp ? packet.src0 : 0;
    let destination = onIp ? packet.dst0 : 0;
    if (wide) {
      const { v6 } = this;
      const known = full ? v6.find.bind(v6) : v6.intern.bind(v6);
      source = known(packet.src0, packet.src1, packet.src2, packet.src3);
      destination = known(packet.dst0, packet.dst1, packet.dst2, packet.dst3);
      if (source < 0 || destination < 0) return this.beyond(stack);
    }
    const version = onIp ? packet.ipVersion : 0;
    const protocol = onIp ? packet.protocol : 0;
    const layer = code | (version << 4) | ((port < 0 ? NO_PORT : port) << 7);
    const outer = (parent << 8) | protocol;
    if (full) {
      const found = this.layers.find(outer, layer, source, destination);
      return found < 0 ? this.beyond(stack) : found + 1;
    }
    const index = this.layers.intern(outer, layer, source, destination);
    if (index === this.stacks.length) {
      this.stacks.push(stack);
      this.keys.push(this.keyNumber(stack));
    }
    return index + 1;
  }

  /** The layers of a tunnel, for names.ts. */
  stackOf(tunnel: number): number {
    return tunnel === 0 ? 0 : tunnel < 0 ? tunnel & ~NO_ADDRESSES : this.stacks[tunnel - 1];
  }

  /** What of a tunnel is part of a flow's key: a number of 15 bits. */
  keyOf(tunnel: number): number {
    if (tunnel > 0) return this.keys[tunnel - 1];
    return tunnel === 0 ? 0 : this.keyNumber(this.stackOf(tunnel));
  }

  /** The innermost layer of tunnel `number`, which must be above 0. */
  layer(number: number): TunnelLayer {
    if (this.adopted.length > 0) return this.adopted[number - 1];
    const word = (at: number) => this.layers.word(number - 1, at);
    const ipVersion = ((word(1) >>> 4) & 7) as 0 | 4 | 6;
    const port = word(1) >>> 7;
    const address = (value: number) =>
      ipVersion === 6 ? [0, 1, 2, 3].map((at) => this.v6.word(value, at)) : [value];
    return {
      parent: word(0) >>> 8,
      code: word(1) & 15,
      ipVersion,
      source: address(word(2)),
      destination: address(word(3)),
      protocol: word(0) & 255,
      port: port === NO_PORT ? -1 : port,
    };
  }

  /** The layers that were numbered from `size` on, for a thread that is to know them too. */
  since(size: number): readonly TunnelLayer[] {
    if (size === this.size) return NONE;
    return Array.from({ length: this.size - size }, (_, n) => this.layer(size + n + 1));
  }

  /** Takes over what `since` gave in another thread, in the same order. */
  adopt(layers: readonly TunnelLayer[]): void {
    for (const layer of layers) this.adopted.push(layer);
  }

  private beyond(stack: number): number {
    this.overflowed++;
    return NO_ADDRESSES | stack;
  }

  /** Stacks beyond the bound share one number: their flows are then told apart by addresses and ports alone. */
  private keyNumber(stack: number): number {
    const keyed = keyedLayers(stack);
    if (keyed === 0) return 0;
    let number = this.keyNumbers.get(keyed);
    if (number === undefined) {
      if (this.keyNumbers.size === MAX_KEYS) return MAX_KEYS + 1;
      number = this.keyNumbers.size + 1;
      this.keyNumbers.set(keyed, number);
    }
    return number;
  }
}

/** Those of the run at hand: a process reads one at a time. */
export const tunnels = new TunnelTable();
