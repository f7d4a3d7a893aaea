// From a record of the table to a row: sides become initiator and responder, bits become a state. Rows go on in
// batches. Flows seen from the middle only are held back, since a later handshake may show who serves whom.

import { PROTOCOL } from '../base/transport.ts';
import { tunnels } from '../decode/encap/tunnels.ts';
import { PAYLOAD } from '../decode/packet.ts';
import type { AddressBook } from './addresses.ts';
import { DirectionEvidence } from './direction.ts';
import { D, EndedFlows, ROW, ROW_DOUBLES, ROW_WORDS, W } from './ended.ts';
import { BIT, COLD, COLD_Q, HOT, KIND, type Records, TIMER } from './record.ts';
import { plainState, tcpEnd, tcpState } from './state.ts';
import { BASIS } from './terms.ts';

const BATCH = 512;
/** Rows held back at most; then they are decided by what is known so far. */
const MAX_HELD = 65_536;

/** Turns records into rows and delivers them in batches. */
export class Exporter {
  private readonly batch = new EndedFlows(BATCH);
  private held = new EndedFlows(256);
  private readonly addresses: AddressBook;
  private readonly evidence: DirectionEvidence;
  private readonly deliver: (batch: EndedFlows) => void;

  /** `tcpListed` tells single ports of the allow-list; `deliver` takes full batches and gives them back empty. */
  constructor(addresses: AddressBook, tcpListed: Uint8Array, deliver: (batch: EndedFlows) => void) {
    this.addresses = addresses;
    this.evidence = new DirectionEvidence(tcpListed);
    this.deliver = deliver;
  }

  /** Writes record `n` as a row; `reason` is how it left the table. */
  write(records: Records, n: number, reason: number): void {
    const { hot, cold, coldQ, wide } = records;
    const at = records.hotAt(n);
    const coldAt = records.coldAt(n);
    const w = this.batch.count * ROW_WORDS;
    const row = this.batch.words;
    const bits = hot[at + HOT.bits];
    const kind = hot[at + HOT.kind];
    const inner = (kind >>> KIND.innerShift) & 255;
    const unread = (kind & KIND.portsUnread) !== 0;
    const i = (bits & BIT.initiatorIsB) === 0 ? 0 : 1;
    const r = 1 - i;

    row[w + W.ipVersion] = wide ? 6 : 4;
    row[w + W.protocol] = kind & 255;
    row[w + W.innerProtocol] = inner;
    const ports = hot[at + HOT.ports];
    const ported = !unread && (inner === PROTOCOL.tcp || inner === PROTOCOL.udp || inner === PROTOCOL.sctp);
    row[w + W.initiatorPort] = !ported ? -1 : i === 0 ? ports >>> 16 : ports & 0xffff;
    row[w + W.responderPort] = !ported ? -1 : r === 0 ? ports >>> 16 : ports & 0xffff;
    writeAddress(row, w + W.initiator, hot, at, i, wide);
    writeAddress(row, w + W.responder, hot, at, r, wide);
    row[w + W.vlans] = hot[at + HOT.vlans];
    const tunnel = hot[at + HOT.tunnel];
    row[w + W.tunnel] = tunnel;
    row[w + W.encapsulation] = tunnels.stackOf(tunnel);
    row[w + W.initiatorIsn] = cold[coldAt + COLD.isnA + i];
    row[w + W.responderIsn] = cold[coldAt + COLD.isnA + r];
    let rowBits = 0;
    if ((bits & (BIT.isnKnownA << i)) !== 0) rowBits |= ROW.initiatorIsnKnown;
    if ((bits & (BIT.isnKnownA << r)) !== 0) rowBits |= ROW.responderIsnKnown;
    if ((bits & BIT.linkGroup) !== 0) rowBits |= ROW.linkGroup;
    if (unread) rowBits |= ROW.portsUnread;
    row[w + W.bits] = rowBits;
    row[w + W.payloadProtocol] =
      (bits & BIT.ike) !== 0 ? PAYLOAD.ike : (bits & BIT.espInUdp) !== 0 ? PAYLOAD.espInUdp : PAYLOAD.unknown;
    const basis = (bits & BIT.basisMask) >>> BIT.basisShift;
    row[w + W.basis] = basis;

    const d = this.batch.count * ROW_DOUBLES;
    const out = this.batch.doubles;
    const q = coldAt >> 1;
    out[d + D.flowId] = coldQ[q + COLD_Q.flowId];
    const rare = records.rareOf(n);
    out[d + D.continuesFlowId] = rare?.continues ?? 0;
    out[d + D.packetsOut] = records.sum(n, HOT.packetsA + i);
    out[d + D.packetsBack] = records.sum(n, HOT.packetsA + r);
    out[d + D.bytesOut] = records.sum(n, HOT.bytesA + i);
    out[d + D.bytesBack] = records.sum(n, HOT.bytesA + r);
    out[d + D.payloadOut] = records.sum(n, HOT.payloadA + i);
    out[d + D.payloadBack] = records.sum(n, HOT.payloadA + r);
    out[d + D.firstSeenUs] = coldQ[q + COLD_Q.first];
    const inOrder = (bits & BIT.timerIsClock) === 0 ? records.hotQ[(at >> 1) + TIMER] : -Infinity;
    out[d + D.lastSeenUs] = Math.max(inOrder, rare?.lastPast ?? -Infinity);

    const tcp = inner === PROTOCOL.tcp && !unread;
    const bothWays = out[d + D.packetsOut] > 0 && out[d + D.packetsBack] > 0;
    row[w + W.state] = tcp ? tcpState(bits) : plainState(bits, bothWays);
    row[w + W.endReason] = tcp ? tcpEnd(bits, reason) : reason;
    row[w + W.initiatorId] = this.idOf(row, w + W.initiator, wide);
    row[w + W.responderId] = this.idOf(row, w + W.responder, wide);

    if (tcp) this.evidence.note(row, w);
    if (tcp && basis === BASIS.portGuess) this.hold(w);
    else this.next();
  }

  /** Decides on what was held back and delivers all that is left. */
  finish(): void {
    this.releaseHeld();
    if (this.batch.count > 0) this.flush();
  }

  private next(): void {
    if (++this.batch.count === this.batch.capacity) this.flush();
  }

  private flush(): void {
    this.deliver(this.batch);
    this.batch.count = 0;
  }

  /** Keeps the row at hand for the end of the run; a double may hold any bits, so rows are copied as words. */
  private hold(w: number): void {
    if (this.held.count === this.held.capacity) {
      const larger = new EndedFlows(this.held.capacity * 2);
      larger.words.set(this.held.words);
      larger.count = this.held.count;
      this.held = larger;
    }
    this.held.words.set(this.batch.words.subarray(w, w + ROW_WORDS), this.held.count * ROW_WORDS);
    if (++this.held.count === MAX_HELD) this.releaseHeld();
  }

  private releaseHeld(): void {
    const { words, count } = this.held;
    this.held.count = 0;
    for (let n = 0; n < count; n++) {
      const from = n * ROW_WORDS;
      const to = this.batch.count * ROW_WORDS;
      this.batch.words.set(words.subarray(from, from + ROW_WORDS), to);
      if (this.evidence.isTurned(this.batch.words, to)) turn(this.batch, this.batch.count);
      this.next();
    }
  }

  private idOf(row: Int32Array, at: number, wide: boolean): number {
    return wide
      ? this.addresses.v6Id(row[at], row[at + 1], row[at + 2], row[at + 3])
      : this.addresses.v4Id(row[at]);
  }
}

function writeAddress(
  row: Int32Array,
  to: number,
  hot: Int32Array,
  at: number,
  side: number,
  wide: boolean,
): void {
  row[to] = hot[at + HOT.addressA + side];
  if (!wide) return;
  const rest = at + (side === 0 ? HOT.restA : HOT.restB);
  row[to + 1] = hot[rest];
  row[to + 2] = hot[rest + 1];
  row[to + 3] = hot[rest + 2];
}

/** Pairs of words, and of doubles, that change places when initiator and responder do. */
const TURNED_WORDS = [
  [W.initiatorPort, W.responderPort],
  [W.initiatorIsn, W.responderIsn],
  [W.initiatorId, W.responderId],
  ...[0, 1, 2, 3].map((i) => [W.initiator + i, W.responder + i] as const),
] as const;
const TURNED_DOUBLES = [
  [D.packetsOut, D.packetsBack],
  [D.bytesOut, D.bytesBack],
  [D.payloadOut, D.payloadBack],
] as const;

/** Makes the responder of row `n` its initiator. A flow without a handshake knows no sequence numbers. */
function turn(batch: EndedFlows, n: number): void {
  for (const [a, b] of TURNED_WORDS) swap(batch.words, n * ROW_WORDS + a, n * ROW_WORDS + b);
  for (const [a, b] of TURNED_DOUBLES) swap(batch.doubles, n * ROW_DOUBLES + a, n * ROW_DOUBLES + b);
}

function swap(array: Int32Array | Float64Array, a: number, b: number): void {
  const kept = array[a];
  array[a] = array[b];
  array[b] = kept;
}
