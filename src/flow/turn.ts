// Initiator and responder of a row change places.

import { D, type EndedFlows, ROW, ROW_DOUBLES, ROW_WORDS, W } from './ended.ts';

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
export function turn(batch: EndedFlows, n: number): void {
  for (const [a, b] of TURNED_WORDS) swap(batch.words, n * ROW_WORDS + a, n * ROW_WORDS + b);
  batch.words[n * ROW_WORDS + W.bits] ^= ROW.turned;
  for (const [a, b] of TURNED_DOUBLES) swap(batch.doubles, n * ROW_DOUBLES + a, n * ROW_DOUBLES + b);
}

function swap(array: Int32Array | Float64Array, a: number, b: number): void {
  const kept = array[a];
  array[a] = array[b];
  array[b] = kept;
}
