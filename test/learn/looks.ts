// What a flow's payload says, in a list of segments: the use that the packet path has for it.
import { advance, wantsLook } from '../../src/learn/payload.ts';
import { FlowNames, type Segment } from './packets.ts';

export interface LookedAt {
  readonly key: string;
  readonly tcp: boolean;
  readonly ports: readonly [number, number];
  state: number;
  /** The frames whose payload was looked at. */
  readonly frames: number[];
  /** True where the sender of the flow's first packet is not the initiator: the flow began with a SYN+ACK. */
  readonly reversed: boolean;
}

/** Shows each flow's payloads to `advance` as long as it wants them. A SYN begins a flow anew. */
export function lookAtAll(segments: readonly Segment[]): LookedAt[] {
  const names = new FlowNames();
  const flows = new Map<string, LookedAt>();
  const all: LookedAt[] = [];
  const next = new Map<string, number>();
  for (const segment of segments) {
    const { key, side: sender } = names.sideOf(segment);
    const { tcp, syn, ack, payload, wireBytes, sourcePort, destinationPort } = segment;
    let flow = flows.get(key);
    if (flow === undefined || (syn && !ack && flow.state !== 0)) {
      const ports = sender === 0 ? [sourcePort, destinationPort] : [destinationPort, sourcePort];
      flow = {
        key,
        tcp,
        ports: ports as [number, number],
        state: 0,
        frames: [],
        reversed: (syn && ack) !== (sender === 1),
      };
      flows.set(key, flow);
      all.push(flow);
    }
    const end = payload.byteLength;
    if (end === 0) continue;
    if (tcp) {
      const direction = `${key} ${sender}`;
      const from = next.get(direction);
      const seq = syn ? segment.seq + 1 : segment.seq;
      if (!syn && from !== undefined && ((seq - from) | 0) < 0) continue;
      next.set(direction, (seq + wireBytes) | 0);
    }
    const side = (flow.reversed ? 1 - sender : sender) as 0 | 1;
    if (!wantsLook(flow.state, side)) continue;
    flow.frames.push(segment.frame);
    flow.state = advance(flow.state, side, payload, 0, end, wireBytes, tcp, sourcePort, destinationPort);
  }
  return all;
}
