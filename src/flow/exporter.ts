// From a record of the table to a row: sides become initiator and responder, bits become a state. Rows go on in
// batches. Flows seen from the middle only are held back, since a later handshake may show who serves whom.

import { PROTOCOL } from '../base/transport.ts';
import type { AddressBook } from './addresses.ts';
import { DirectionEvidence } from './direction.ts';
import { D, EndedFlows, ROW, ROW_DOUBLES, ROW_WORDS, W } from './ended.ts';
import { BIT, F, KIND, Q } from './record.ts';
import { plainState, tcpEnd, tcpState } from './state.ts';
import { BASIS, PAYLOAD } from './terms.ts';

const BATCH = 4096;
/** Rows held back at most; then they are decided by what is known so far. */
const MAX_HELD = 65_536;

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

  /** Writes the record at word `record` of a table as a row; `reason` is how it left the table. */
  write(words: Int32Array, doubles: Float64Array, record: number, wide: boolean, reason: number): void {
    const batch = this.batch;
    const w = batch.count * ROW_WORDS;
    const d = batch.count * ROW_DOUBLES;
    const row = batch.words;
    const q = record >> 1;
    const bits = words[record + F.bits];
    const kind = words[record + F.kind];
    const inner = (kind >>> KIND.innerShift) & 255;
    const unread = (kind & KIND.portsUnread) !== 0;
    const i = (bits & BIT.initiatorIsB) === 0 ? 0 : 1;
    const r = 1 - i;

    row[w + W.ipVersion] = wide ? 6 : 4;
    row[w + W.protocol] = kind & 255;
    row[w + W.innerProtocol] = inner;
    const ports = words[record + F.ports];
    const ported = !unread && (inner === PROTOCOL.tcp || inner === PROTOCOL.udp || inner === PROTOCOL.sctp);
    row[w + W.initiatorPort] = !ported ? -1 : i === 0 ? ports >>> 16 : ports & 0xffff;
    row[w + W.responderPort] = !ported ? -1 : r === 0 ? ports >>> 16 : ports & 0xffff;
    writeAddress(row, w + W.initiator, words, record, i, wide);
    writeAddress(row, w + W.responder, words, record, r, wide);
    row[w + W.vlans] = words[record + F.vlans];
    row[w + W.encapsulation] = kind >>> KIND.encapsulationShift;
    row[w + W.initiatorIsn] = words[record + F.isnA + i];
    row[w + W.responderIsn] = words[record + F.isnA + r];
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

    const out = batch.doubles;
    out[d + D.flowId] = doubles[q + Q.flowId];
    out[d + D.continuesFlowId] = doubles[q + Q.continues];
    out[d + D.packetsOut] = doubles[q + Q.packetsA + i];
    out[d + D.packetsBack] = doubles[q + Q.packetsA + r];
    out[d + D.bytesOut] = doubles[q + Q.bytesA + i];
    out[d + D.bytesBack] = doubles[q + Q.bytesA + r];
    out[d + D.payloadOut] = doubles[q + Q.payloadA + i];
    out[d + D.payloadBack] = doubles[q + Q.payloadA + r];
    out[d + D.firstSeenUs] = doubles[q + Q.first];
    const inOrder = (bits & BIT.timerIsClock) === 0 ? doubles[q + Q.timer] : 0;
    out[d + D.lastSeenUs] = Math.max(inOrder, doubles[q + Q.lastPast]);

    const tcp = inner === PROTOCOL.tcp && !unread;
    row[w + W.state] = tcp
      ? tcpState(bits)
      : plainState(bits, doubles[q + Q.packetsA] > 0 && doubles[q + Q.packetsA + 1] > 0);
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
  at: number,
  words: Int32Array,
  record: number,
  side: number,
  wide: boolean,
): void {
  row[at] = words[record + F.addressA + side];
  if (!wide) return;
  const rest = record + (side === 0 ? F.restA : F.restB);
  row[at + 1] = words[rest];
  row[at + 2] = words[rest + 1];
  row[at + 3] = words[rest + 2];
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
