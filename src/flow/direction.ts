// What a run teaches about endpoints, for TCP flows of which only the middle was seen: an endpoint that answered a
// SYN serves, and one that many talk to serves.

import { TupleTable } from '../base/tuple-table.ts';
import { ROW, W } from './ended.ts';
import { BASIS } from './terms.ts';

/** Peers of an endpoint that make it a server. */
const MANY = 3;
const SYN_ACK = 4;

/** Endpoints of a run, and what their flows showed of them. */
export class DirectionEvidence {
  private readonly endpoints = new TupleTable(256);
  /** Low bits: distinct peers up to MANY; SYN_ACK where the endpoint sent one. */
  private facts = new Uint8Array(256);
  /** The first two peers, so that a connection repeated on the same ports counts once. */
  private peers = new Float64Array(512);
  private readonly listed: Uint8Array;
  private readonly isMapped: (id: number, port: number) => boolean;

  /** `isMapped` tells the endpoints, by address number and port, that an RPC endpoint mapper named. */
  constructor(tcpListed: Uint8Array, isMapped: (id: number, port: number) => boolean) {
    this.listed = tcpListed;
    this.isMapped = isMapped;
  }

  /**
   * Learns from a TCP row. Who began by handshake is a client there, whatever else it talks to.
   */
  note(row: Int32Array, w: number): void {
    const answered = (row[w + W.bits] & ROW.responderSynAck) !== 0;
    const guessed = row[w + W.basis] === BASIS.portGuess;
    this.learn(
      row,
      w,
      W.responderId,
      W.responderPort,
      W.initiatorId,
      W.initiatorPort,
      answered ? SYN_ACK : 0,
    );
    if (guessed) this.learn(row, w, W.initiatorId, W.initiatorPort, W.responderId, W.responderPort, 0);
  }

  /**
   * Whether what was learned speaks against the row's guess: the first that decides of an endpoint that sent
   * SYN+ACK, one that an endpoint mapper named, one with three or more peers, the only listed port, the lower port.
   */
  isTurned(row: Int32Array, w: number): boolean {
    const own = this.factsOf(row[w + W.initiatorId], row[w + W.initiatorPort], row[w + W.innerProtocol]);
    const other = this.factsOf(row[w + W.responderId], row[w + W.responderPort], row[w + W.innerProtocol]);
    if ((own & SYN_ACK) !== (other & SYN_ACK)) return (own & SYN_ACK) !== 0;
    const ownNamed = this.isMapped(row[w + W.initiatorId], row[w + W.initiatorPort]);
    const otherNamed = this.isMapped(row[w + W.responderId], row[w + W.responderPort]);
    if (ownNamed !== otherNamed) return ownNamed;
    const ownMany = (own & MANY) === MANY;
    const otherMany = (other & MANY) === MANY;
    if (ownMany !== otherMany) return ownMany;
    const ownListed = this.listed[row[w + W.initiatorPort]] !== 0;
    const otherListed = this.listed[row[w + W.responderPort]] !== 0;
    if (ownListed !== otherListed) return ownListed;
    return row[w + W.initiatorPort] < row[w + W.responderPort];
  }

  private learn(
    row: Int32Array,
    w: number,
    id: number,
    port: number,
    peerId: number,
    peerPort: number,
    fact: number,
  ) {
    const before = this.endpoints.size;
    const index = this.endpoints.intern(row[w + id], row[w + port], row[w + W.innerProtocol], 0);
    if (index === before && index === this.facts.length) this.grow();
    let facts = this.facts[index] | fact;
    const peer = row[w + peerId] * 65536 + row[w + peerPort];
    const known = facts & MANY;
    if (known < MANY) {
      const first = index * 2;
      const repeated =
        (known > 0 && this.peers[first] === peer) || (known > 1 && this.peers[first + 1] === peer);
      if (!repeated) {
        if (known < 2) this.peers[first + known] = peer;
        facts++;
      }
    }
    this.facts[index] = facts;
  }

  private factsOf(id: number, port: number, inner: number): number {
    const index = this.endpoints.find(id, port, inner, 0);
    return index < 0 ? 0 : this.facts[index];
  }

  private grow(): void {
    const facts = new Uint8Array(this.facts.length * 2);
    facts.set(this.facts);
    this.facts = facts;
    const peers = new Float64Array(this.peers.length * 2);
    peers.set(this.peers);
    this.peers = peers;
  }
}
