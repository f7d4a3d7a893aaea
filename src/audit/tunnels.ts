// Which tunnels end on a host that is judged: one whose outer endpoint is a named server, or an endpoint of the packet
// inside as well. What comes through such a tunnel passes every rule about ports, so it is unexpected whatever it is.

import type { TunnelLayer } from '../decode/encap/tunnels.ts';
import type { AddressBook } from '../flow/addresses.ts';
import { W } from '../flow/ended.ts';

/** Where the layers are to be had: the table of the decoder, or what was handed over of it. */
export interface TunnelLayers {
  /** The innermost layer of tunnel `number`; there is one for every number that a flow has. */
  layer(number: number): TunnelLayer;
}

/** The two ends of a layer by their numbers in the address book, and what it runs over. */
interface Ends {
  readonly sourceId: number;
  readonly destinationId: number;
  /** The protocol, and above that the port + 1. */
  readonly service: number;
}

export class TunnelEnds {
  private readonly layers: TunnelLayers;
  private readonly addresses: AddressBook;
  private readonly isNamed: (id: number) => boolean;
  private readonly isMeant: (a: number, b: number) => boolean;
  /** The layers that have addresses, outermost first, by the tunnel's number. */
  private readonly known = new Map<number, readonly Ends[]>();

  /** `isNamed` tells the servers that the user named, by their number; `isMeant` the tunnels that are to be there. */
  constructor(
    layers: TunnelLayers,
    addresses: AddressBook,
    isNamed: (id: number) => boolean,
    isMeant: (a: number, b: number) => boolean,
  ) {
    this.layers = layers;
    this.addresses = addresses;
    this.isNamed = isNamed;
    this.isMeant = isMeant;
  }

  /** Writes into row `w` where its tunnel ends on a judged host; returns whether that is a named server. */
  note(row: Int32Array, w: number): boolean {
    const tunnel = row[w + W.tunnel];
    row[w + W.outerInitiatorId] = 0;
    // Of tunnels beyond the bound (negative) the ends are not known.
    if (tunnel <= 0) return false;
    const all = this.endsOf(tunnel);
    const named = all.find((ends) => this.isNamed(ends.sourceId) || this.isNamed(ends.destinationId));
    const inner = [row[w + W.initiatorId], row[w + W.responderId]];
    const found =
      named ?? all.find((ends) => inner.includes(ends.sourceId) || inner.includes(ends.destinationId));
    if (found === undefined) return false;
    row[w + W.outerInitiatorId] = found.sourceId;
    row[w + W.outerResponderId] = found.destinationId;
    row[w + W.outerService] = found.service;
    return named !== undefined;
  }

  private endsOf(tunnel: number): readonly Ends[] {
    let all = this.known.get(tunnel);
    if (all === undefined) {
      const layer = this.layers.layer(tunnel);
      const around = layer.parent > 0 ? this.endsOf(layer.parent) : [];
      all = around;
      if (layer.ipVersion !== 0) {
        const ends = this.ends(layer);
        if (!this.isMeant(ends.sourceId, ends.destinationId)) all = [...around, ends];
      }
      this.known.set(tunnel, all);
    }
    return all;
  }

  private ends(layer: TunnelLayer): Ends {
    return {
      sourceId: this.idOf(layer.source),
      destinationId: this.idOf(layer.destination),
      service: layer.protocol | ((layer.port + 1) << 8),
    };
  }

  private idOf(words: readonly number[]): number {
    const [w0, w1, w2, w3] = words;
    return words.length === 1 ? this.addresses.v4Id(w0) : this.addresses.v6Id(w0, w1, w2, w3);
  }
}

/** Whether the row's tunnel ends on a judged host. */
export function isTunnelled(row: Int32Array, w: number): boolean {
  return row[w + W.outerInitiatorId] !== 0;
}

export function outerProtocol(row: Int32Array, w: number): number {
  return row[w + W.outerService] & 255;
}

/** -1 for none. */
export function outerPort(row: Int32Array, w: number): number {
  return (row[w + W.outerService] >>> 8) - 1;
}
