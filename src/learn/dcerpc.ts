// One DCE/RPC association over TCP, both directions: which interfaces its binds got, and what an endpoint mapper
// answers. C706, chapters 9, 12.6 and appendix O; MS-RPCE, section 3.3.1.5.

import type { ByteBudget } from './budget.ts';
import { ENDPOINT_MAPPER } from './interfaces.ts';
import {
  HEADER_BYTES,
  isHeader,
  type Offer,
  Pdu,
  PFC,
  PTYPE,
  REQUEST_HEAD_BYTES,
  readOffers,
  readResults,
} from './pdu.ts';
import { PduCutter } from './pdu-cutter.ts';
import { type MappedEndpoint, readLookupReply, readMapReply } from './towers.ts';

export type Side = 0 | 1;

/** What a conversation teaches. `side` is the one that said it: the server whose address counts. */
export interface RpcListener {
  /** A bind was accepted. The interface is '' where the bind itself was not seen. */
  accepted(side: Side, interfaceUuid: string): void;
  mapped(side: Side, endpoint: MappedEndpoint): void;
}

const OPNUM = { lookup: 2, map: 3, unseen: -1 } as const;
/** Bounds on what is remembered of one association. */
const MAX_CONTEXTS = 256;
const MAX_CALLS = 64;
const MAX_BINDS = 16;
const MAX_STUB_BYTES = 65_536;

interface Context {
  readonly interfaceUuid: string;
  readonly wide: boolean;
}

/** The fragments of one reply so far. */
interface Reply {
  readonly pieces: Uint8Array[];
  bytes: number;
  /** Set once a fragment was too much: what came before it is still read. */
  full: boolean;
}

interface Bind {
  readonly side: Side;
  readonly callId: number;
  readonly offers: readonly Offer[];
}

/** Of conversations that are no mapper's, which put nothing in. */
const NO_CONTEXTS: Map<number, Context> = new Map();
const NO_CALLS: Map<number, number> = new Map();
const NO_REPLIES: Map<number, Reply> = new Map();

/**
 * Feed it each direction's bytes in order and without gaps; how they are cut makes no difference. Never throws.
 * `isMapper` says that the server's port is the endpoint mapper's: replies are read there and nowhere else.
 */
export class RpcConversation {
  /** True once there is nothing more to learn: not RPC, or no memory left. */
  done = false;
  private readonly listener: RpcListener;
  private readonly isMapper: boolean;
  private readonly budget: ByteBudget;
  private readonly cutters: readonly [PduCutter, PduCutter];
  private readonly pdu = new Pdu();
  /** Binds that are not answered yet: few, and most flows have one. */
  private binds: Bind[] = [];
  /** What only a mapper's conversation needs. */
  private readonly contexts: Map<number, Context>;
  /** Operations of calls to the mapper that are not answered yet. */
  private readonly calls: Map<number, number>;
  private readonly replies: Map<number, Reply>;

  constructor(isMapper: boolean, listener: RpcListener, budget: ByteBudget) {
    this.isMapper = isMapper;
    this.listener = listener;
    this.budget = budget;
    this.contexts = isMapper ? new Map() : NO_CONTEXTS;
    this.calls = isMapper ? new Map() : NO_CALLS;
    this.replies = isMapper ? new Map() : NO_REPLIES;
    const wanted = (view: DataView, at: number) => this.wanted(view, at);
    this.cutters = [new PduCutter(wanted, budget), new PduCutter(wanted, budget)];
  }

  feed(side: Side, view: DataView, start: number, end: number): void {
    const cutter = this.cutters[side];
    let at = start;
    while (at < end && !this.done && !cutter.broken) {
      at = cutter.take(view, at, end);
      if (cutter.broken && this.cutters[1 - side].broken) this.end();
      else if (cutter.view !== null) {
        this.pdu.read(cutter.view, cutter.start, cutter.end);
        this.learn(side, this.pdu);
        cutter.release();
      }
    }
  }

  /** Gives all memory back. */
  end(): void {
    if (this.done) return;
    this.done = true;
    for (const cutter of this.cutters) cutter.drop();
    for (const { bytes } of this.replies.values()) this.budget.give(bytes);
    this.replies.clear();
  }

  /** How many bytes of the packet at `at` are to be kept together; -1 where it is none. */
  private wanted(view: DataView, at: number): number {
    if (!isHeader(view, at)) return -1;
    this.pdu.read(view, at, at + HEADER_BYTES);
    const { type, fragLength } = this.pdu;
    if (type === PTYPE.request)
      return this.isMapper ? Math.min(REQUEST_HEAD_BYTES, fragLength) : HEADER_BYTES;
    if (type === PTYPE.response) return this.isMapper ? fragLength : HEADER_BYTES;
    const whole =
      type === PTYPE.bind ||
      type === PTYPE.bindAck ||
      type === PTYPE.alterContext ||
      type === PTYPE.alterContextResponse;
    return whole ? fragLength : HEADER_BYTES;
  }

  private learn(side: Side, pdu: Pdu): void {
    switch (pdu.type) {
      case PTYPE.bind:
      case PTYPE.alterContext:
        if (this.binds.length >= MAX_BINDS) this.binds = [];
        this.binds.push({ side, callId: pdu.callId, offers: readOffers(pdu) });
        return;
      case PTYPE.bindAck:
      case PTYPE.alterContextResponse:
        this.learnAnswer(side, pdu);
        return;
      case PTYPE.request:
        if (this.isMapper) this.learnRequest(pdu);
        return;
      case PTYPE.response:
        if (this.isMapper) this.learnResponse(side, pdu);
        return;
      default:
    }
  }

  private learnAnswer(side: Side, pdu: Pdu): void {
    const isAnswered = (bind: Bind) => bind.side !== side && bind.callId === pdu.callId;
    const offers = this.binds.findLast(isAnswered)?.offers;
    if (offers !== undefined) this.binds = this.binds.filter((bind) => !isAnswered(bind));
    let known = false;
    readResults(pdu).forEach(({ accepted, wide }, i) => {
      if (!accepted) return;
      const offer = offers?.[i];
      const interfaceUuid = offer?.interfaceUuid ?? '';
      if (offer !== undefined && this.isMapper && this.contexts.size < MAX_CONTEXTS) {
        this.contexts.set(offer.contextId, { interfaceUuid, wide });
      }
      if (offer !== undefined) known = true;
      this.listener.accepted(side, interfaceUuid);
    });
    // Away from the mapper there is nothing to learn but this.
    if (!this.isMapper && known) this.end();
  }

  private learnRequest(pdu: Pdu): void {
    if (pdu.end - pdu.start < REQUEST_HEAD_BYTES || (pdu.flags & PFC.first) === 0) return;
    if (this.calls.size >= MAX_CALLS) this.calls.clear();
    this.calls.set(pdu.callId, pdu.opnum);
  }

  private learnResponse(side: Side, pdu: Pdu): void {
    const opnum = this.calls.get(pdu.callId) ?? OPNUM.unseen;
    const last = (pdu.flags & PFC.last) !== 0;
    if (last) this.calls.delete(pdu.callId);
    if (opnum !== OPNUM.map && opnum !== OPNUM.lookup && opnum !== OPNUM.unseen) return;
    const { stubEnd } = pdu;
    if (stubEnd < 0) return;
    const context = this.contexts.get(pdu.contextId);
    if (context !== undefined && context.interfaceUuid !== ENDPOINT_MAPPER) return;
    const first = (pdu.flags & PFC.first) !== 0;
    if (first && last) {
      this.learnReply(side, pdu.view, pdu.stubAt, stubEnd, pdu.little, opnum, context);
      return;
    }
    if (first) this.dropReply(pdu.callId);
    if (!this.keep(pdu, stubEnd, first) || !last) return;
    const stub = this.joined(pdu.callId);
    this.learnReply(side, new DataView(stub.buffer), 0, stub.length, pdu.little, opnum, context);
  }

  /** Where the bind was not seen, the syntax is the one that makes sense; where the request was not, the operation. */
  private learnReply(
    side: Side,
    view: DataView,
    start: number,
    end: number,
    little: boolean,
    opnum: number,
    context: Context | undefined,
  ): void {
    const readers =
      opnum === OPNUM.map
        ? [readMapReply]
        : opnum === OPNUM.lookup
          ? [readLookupReply]
          : [readMapReply, readLookupReply];
    const widths = context === undefined ? [false, true] : [context.wide];
    for (const read of readers) {
      for (const wide of widths) {
        const endpoints = read(view, start, end, little, wide);
        for (const endpoint of endpoints) this.listener.mapped(side, endpoint);
        if (endpoints.length > 0) return;
      }
    }
  }

  /** Keeps a fragment's stub. A reply of which the first fragment was not seen is let go. */
  private keep(pdu: Pdu, stubEnd: number, first: boolean): boolean {
    const bytes = stubEnd - pdu.stubAt;
    const reply = first ? { pieces: [], bytes: 0, full: false } : this.replies.get(pdu.callId);
    if (reply === undefined || (first && this.replies.size >= MAX_CALLS)) return false;
    reply.full ||= reply.bytes + bytes > MAX_STUB_BYTES || !this.budget.take(bytes);
    if (reply.full) return true;
    const { view } = pdu;
    reply.pieces.push(new Uint8Array(view.buffer, view.byteOffset + pdu.stubAt, bytes).slice());
    reply.bytes += bytes;
    this.replies.set(pdu.callId, reply);
    return true;
  }

  private joined(callId: number): Uint8Array<ArrayBuffer> {
    const reply = this.replies.get(callId);
    const stub = new Uint8Array(reply?.bytes ?? 0);
    let at = 0;
    for (const piece of reply?.pieces ?? []) {
      stub.set(piece, at);
      at += piece.length;
    }
    this.dropReply(callId);
    return stub;
  }

  private dropReply(callId: number): void {
    this.budget.give(this.replies.get(callId)?.bytes ?? 0);
    this.replies.delete(callId);
  }
}
