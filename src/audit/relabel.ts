// What becomes of the sums of flows when it turns out later that a port is RPC's, or is not.

import { PROTOCOL } from '../base/transport.ts';
import { PROTOCOL_SERVICES, serviceIndex, UNLISTED } from '../service/catalog.ts';
import { endpointKey } from './endpoint-key.ts';
import {
  addMoved,
  IN_AH,
  KIND,
  kindOfSuspect,
  PAIR,
  PAIR_WIDTH,
  pairKey,
  portKind,
  protocolOfSuspect,
  SUSPECT_MARKS,
  SUSPECT_PAYLOAD,
  type Tally,
} from './tally.ts';
import { VERDICT } from './terms.ts';

const RPC_DYNAMIC = serviceIndex('rpc-dynamic');
const IPSEC_AH = PROTOCOL_SERVICES[PROTOCOL.ah];

/**
 * Flows to endpoints of RPC that were learned since (see endpointKey) become what they would have been: expected, but
 * for those in a tunnel that ends on a judged host.
 */
export function relabel(tally: Tally, fresh: ReadonlySet<number>): void {
  const { suspects } = tally;
  const toPort = (n: number) => endpointKey(suspects.keys.word(n, 1), suspects.keys.word(n, 3));
  for (let n = 0; n < suspects.size; n++) {
    if (protocolOfSuspect(suspects.keys.word(n, 2)) !== PROTOCOL.tcp || !fresh.has(toPort(n))) continue;
    const kind = kindOfSuspect(suspects.keys.word(n, 2));
    if (kind === KIND.unexpectedPort || kind === KIND.unexpectedTransport) {
      if (!shift(tally, n, [UNLISTED, VERDICT.unexpected], [RPC_DYNAMIC, VERDICT.expected])) continue;
    } else if (kind !== KIND.knownServiceElsewhere && kind !== KIND.remembered) continue;
    suspects.clear(n);
  }
  // What is left was expected by an exception, came in such a tunnel, or is out of scope.
  rename(tally, fresh, UNLISTED, RPC_DYNAMIC);
}

/** Flows to these endpoints that were expected by an earlier run's knowledge alone become unexpected. */
export function forget(tally: Tally, voided: ReadonlySet<number>): void {
  const { suspects } = tally;
  for (let n = suspects.size - 1; n >= 0; n--) {
    const { keys } = suspects;
    const [initiator, responder, key, port] = [0, 1, 2, 3].map((word) => keys.word(n, word));
    if (kindOfSuspect(key) !== KIND.remembered || !voided.has(endpointKey(responder, port))) continue;
    if (!shift(tally, n, [RPC_DYNAMIC, VERDICT.expected], [UNLISTED, VERDICT.unexpected])) continue;
    const becomes = (key & ~255) | portKind(port);
    const to = suspects.at(initiator, responder, becomes, port);
    suspects.move(n, to, addSuspects);
  }
  rename(tally, voided, RPC_DYNAMIC, UNLISTED);
}

/** Flows that are expected by an earlier run's knowledge alone. */
export function rememberedFlows(tally: Tally): number {
  const { keys, sums, size, width } = tally.suspects;
  let flows = 0;
  for (let n = 0; n < size; n++)
    if (kindOfSuspect(keys.word(n, 2)) === KIND.remembered) flows += sums[n * width + PAIR.flows];
  return flows;
}

/**
 * Moves what suspect `n` counts between two pairs, given by the service and verdict of a bare flow; false where its
 * flows have another service, which a policy gave them.
 */
function shift(
  { pairs, suspects }: Tally,
  n: number,
  from: readonly [number, number],
  to: readonly [number, number],
): boolean {
  const { keys } = suspects;
  const [initiator, responder] = [keys.word(n, 0), keys.word(n, 1)];
  const inAh = (keys.word(n, 2) & IN_AH) !== 0;
  const place = ([service, verdict]: readonly [number, number]) =>
    inAh
      ? pairs.at(initiator, responder, pairKey(IPSEC_AH, PROTOCOL.ah, verdict), -1)
      : pairs.at(initiator, responder, pairKey(service, PROTOCOL.tcp, verdict), keys.word(n, 3));
  const [less, more] = [place(from), place(to)];
  const at = n * suspects.width;
  if (pairs.sums[less + PAIR.flows] < suspects.sums[at + PAIR.flows]) return false;
  for (const column of [PAIR.flows, PAIR.packets, PAIR.bytes, PAIR.answered])
    pairs.sums[less + column] -= suspects.sums[at + column];
  addMoved(suspects.sums, at, more, pairs.sums);
  return true;
}

/** Gives what pairs to these endpoints still count under one service another, with the same verdict. */
function rename({ pairs }: Tally, endpoints: ReadonlySet<number>, from: number, to: number): void {
  const renamed = new Map<number, number>(
    [VERDICT.expected, VERDICT.unexpected, VERDICT.outOfScope].map((verdict) => [
      pairKey(from, PROTOCOL.tcp, verdict),
      pairKey(to, PROTOCOL.tcp, verdict),
    ]),
  );
  for (let n = pairs.size - 1; n >= 0; n--) {
    const { keys } = pairs;
    const key = renamed.get(keys.word(n, 2));
    if (key === undefined || pairs.sums[n * PAIR_WIDTH + PAIR.flows] === 0) continue;
    if (!endpoints.has(endpointKey(keys.word(n, 1), keys.word(n, 3)))) continue;
    pairs.move(n, pairs.at(keys.word(n, 0), keys.word(n, 1), key, keys.word(n, 3)), addMoved);
  }
}

function addSuspects(sums: Float64Array, from: number, to: number): void {
  addMoved(sums, from, to);
  sums[to + SUSPECT_MARKS] |= sums[from + SUSPECT_MARKS];
  sums[to + SUSPECT_PAYLOAD] = Math.max(sums[to + SUSPECT_PAYLOAD], sums[from + SUSPECT_PAYLOAD]);
}
