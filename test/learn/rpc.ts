// What DCE/RPC teaches in a list of segments: the parser's own use, as the packet path has it.
import { ByteBudget } from '../../src/learn/budget.ts';
import { DatagramReplies } from '../../src/learn/dcerpc-datagram.ts';
import { RpcWatch } from '../../src/learn/rpc-watch.ts';
import { type MappedEndpoint, namesItsServer, SEQUENCE } from '../../src/learn/towers.ts';
import { FlowNames, type Segment } from './packets.ts';

export interface Learned {
  readonly frame: number;
  readonly server: string;
  readonly transport: 'tcp' | 'udp';
  readonly port: number;
  readonly interfaceUuid: string;
  readonly basis: 'map' | 'lookup' | 'bind';
}

const MAPPER_PORTS = [135, 593];
export const RUN_BYTES = 16 * 1024 * 1024;

/** Watches every TCP flow and UDP 135, whatever its first payload is. */
export function learnRpc(segments: readonly Segment[], budget = new ByteBudget(RUN_BYTES)): Learned[] {
  const learned: Learned[] = [];
  const names = new FlowNames();
  const watches = new Map<string, RpcWatch>();
  const replies = new Map<string, DatagramReplies>();
  let now: Segment | null = null;
  const mapped = (endpoint: MappedEndpoint) => {
    const { frame, source, sourceWord, ipVersion } = now as Segment;
    if (!namesItsServer(endpoint, ipVersion, sourceWord)) return;
    learned.push({
      frame,
      server: source,
      transport: endpoint.sequence === SEQUENCE.udp ? 'udp' : 'tcp',
      port: endpoint.port,
      interfaceUuid: endpoint.interfaceUuid,
      basis: endpoint.basis === 1 ? 'map' : 'lookup',
    });
  };
  const accepted = (interfaceUuid: string) => {
    const { frame, source, sourcePort } = now as Segment;
    learned.push({ frame, server: source, transport: 'tcp', port: sourcePort, interfaceUuid, basis: 'bind' });
  };
  for (const segment of segments) {
    now = segment;
    const { key, side } = names.sideOf(segment);
    const { seq, payload, wireBytes, sourcePort, destinationPort } = segment;
    if (!segment.tcp) {
      if (sourcePort !== 135) continue;
      const direction = `${key} ${side}`;
      if (!replies.has(direction)) replies.set(direction, new DatagramReplies(mapped, budget));
      replies.get(direction)?.feed(payload, 0, payload.byteLength);
      continue;
    }
    if (segment.syn && !segment.ack) watches.get(key)?.end();
    if (!watches.has(key) || (segment.syn && !segment.ack)) {
      const isMapper = MAPPER_PORTS.includes(sourcePort) || MAPPER_PORTS.includes(destinationPort);
      const listener = {
        accepted: (_: number, uuid: string) => accepted(uuid),
        mapped: (_: number, endpoint: MappedEndpoint) => mapped(endpoint),
      };
      watches.set(key, new RpcWatch(isMapper, listener, budget));
    }
    const watch = watches.get(key) as RpcWatch;
    if (segment.syn) watch.begin(side, seq + 1);
    watch.push(side, segment.syn ? seq + 1 : seq, payload, 0, payload.byteLength, wireBytes);
  }
  for (const watch of watches.values()) watch.end();
  for (const reply of replies.values()) reply.end();
  return learned;
}
