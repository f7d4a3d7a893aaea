// From a record of the table to a row: sides become initiator and responder, bits become a state. Rows go on in
// batches.

import { PROTOCOL } from '../base/transport.ts';
import { tunnels } from '../decode/encap/tunnels.ts';
import { PAYLOAD } from '../decode/packet.ts';
import { D, EndedFlows, ROW, ROW_DOUBLES, ROW_WORDS, W } from './ended.ts';
import { HAS_RARE } from './looking.ts';
import { BIT, COLD, COLD_Q, HOT, KIND, type Records, TIMER } from './record.ts';
import { plainState, tcpEnd, tcpState } from './state.ts';
import { END } from './terms.ts';

const BATCH = 512;

/** Takes a batch of rows, which is the giver's again when the call returns. `open`: the flows go on. */
export type RowTaker = (batch: EndedFlows, open: boolean) => void;

/** Turns records into rows and delivers them in batches. */
export class Exporter {
  /** Rows of flows that were evicted. */
  evicted = 0;
  private readonly batch = new EndedFlows(BATCH);
  private readonly deliver: RowTaker;

  constructor(deliver: RowTaker) {
    this.deliver = deliver;
  }

  /** Writes record `n` as a row; `reason` is how it left the table, or that it did not; `marks` are bits of ROW. */
  write(records: Records, n: number, reason: number, marks = 0): void {
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
    const tunnel = cold[coldAt + COLD.tunnel];
    row[w + W.tunnel] = tunnel;
    row[w + W.encapsulation] = tunnels.stackOf(tunnel);
    row[w + W.initiatorIsn] = cold[coldAt + COLD.isnA + i];
    row[w + W.responderIsn] = cold[coldAt + COLD.isnA + r];
    let rowBits = marks;
    if ((bits & (BIT.isnKnownA << i)) !== 0) rowBits |= ROW.initiatorIsnKnown;
    if ((bits & (BIT.isnKnownA << r)) !== 0) rowBits |= ROW.responderIsnKnown;
    if ((bits & BIT.linkGroup) !== 0) rowBits |= ROW.linkGroup;
    if (unread) rowBits |= ROW.portsUnread;
    if ((bits & (BIT.synAckA << r)) !== 0) rowBits |= ROW.responderSynAck;
    row[w + W.bits] = rowBits;
    row[w + W.look] = hot[at + HOT.look] & ~HAS_RARE;
    row[w + W.rpcInterface] = 0;
    row[w + W.payloadProtocol] =
      (bits & BIT.espInUdp) !== 0 ? PAYLOAD.espInUdp : (bits & BIT.ike) !== 0 ? PAYLOAD.ike : PAYLOAD.unknown;
    row[w + W.basis] = (bits & BIT.basisMask) >>> BIT.basisShift;

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
    out[d + D.lastSeenUs] = Math.max(inOrder, coldQ[q + COLD_Q.lastPast]);

    const tcp = inner === PROTOCOL.tcp && !unread;
    const whole = records.wholeBits(n);
    row[w + W.state] = tcp ? tcpState(whole) : plainState(whole, records.wentBothWays(n));
    row[w + W.endReason] = tcp ? tcpEnd(bits, whole, reason) : reason;
    if (row[w + W.endReason] === END.evicted) this.evicted++;
    if (++this.batch.count === BATCH) this.flush(reason === END.open);
  }

  /** Delivers the rows at hand; all of them are of flows that go on, or none is. */
  flush(open: boolean): void {
    if (this.batch.count === 0) return;
    this.deliver(this.batch, open);
    this.batch.count = 0;
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
