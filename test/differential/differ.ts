// A whole capture, packet by packet, and the sums by kind.
import type { Row } from '../corpus/corpus.ts';
import { type Disagreement, disagreements, KINDS, type Kind } from './compare.ts';
import { packetsOf } from './packets.ts';

export interface Difference {
  readonly packets: number;
  readonly found: readonly Disagreement[];
}

/** Compares a capture with the frames that tshark gave of it, in their order. */
export async function differ(path: string, rows: readonly Row[]): Promise<Difference> {
  const found: Disagreement[] = [];
  let packets = 0;
  for await (const packet of packetsOf(path)) {
    const row = rows[packets++];
    if (row !== undefined) found.push(...disagreements(packet, row));
  }
  if (packets !== rows.length)
    found.push({ frame: 0, kind: 'records', ours: String(packets), theirs: String(rows.length) });
  return { packets, found };
}

/** How many of each kind, those that there are. */
export function byKind(found: readonly Disagreement[]): string {
  const counts = new Map<Kind, number>();
  for (const { kind } of found) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const said = KINDS.filter((kind) => counts.has(kind)).map((kind) => `${kind} ${counts.get(kind)}`);
  return said.length === 0 ? 'none' : said.join(', ');
}
