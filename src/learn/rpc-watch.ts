// A TCP flow that may be RPC, from segments to what it teaches: two ordered directions and one conversation.

import { ByteBudget } from './budget.ts';
import { RpcConversation, type RpcListener, type Side } from './dcerpc.ts';
import { StreamOrder } from './stream.ts';

/** What one flow may hold: a packet of the largest size in pieces, and as much again of segments that came early. */
export const FLOW_BYTES = 131_072;

/** Watches one flow. Sides are the caller's: 0 and 1, the same for all calls. */
export class RpcWatch {
  private readonly conversation: RpcConversation;
  private readonly sides: readonly [StreamOrder, StreamOrder];

  /** `isMapper`: the server's port is 135 or 593. `runBudget` is what all watches of a run share. */
  constructor(isMapper: boolean, listener: RpcListener, runBudget: ByteBudget) {
    const budget = new ByteBudget(FLOW_BYTES, runBudget);
    const conversation = new RpcConversation(isMapper, listener, budget);
    this.conversation = conversation;
    this.sides = [
      new StreamOrder((view, start, end) => conversation.feed(0, view, start, end), budget),
      new StreamOrder((view, start, end) => conversation.feed(1, view, start, end), budget),
    ];
  }

  /** True once nothing more can be learned; the watch holds no memory then and can be dropped. */
  get done(): boolean {
    return this.conversation.done || (this.sides[0].ended && this.sides[1].ended);
  }

  /** The data of a side begins at this sequence number: its SYN's plus one. */
  begin(side: Side, seq: number): void {
    this.sides[side].begin(seq);
  }

  /** Takes a segment's payload; see StreamOrder.push. */
  push(side: Side, seq: number, view: DataView, start: number, end: number, wireBytes: number): void {
    this.sides[side].push(seq, view, start, end, wireBytes);
    if (this.done) this.end();
  }

  /** Gives all memory back. */
  end(): void {
    this.conversation.end();
    for (const side of this.sides) side.end();
  }
}
