// What is stored and said of the sources of a run.

import { linkTypeName } from '../decode/link/index.ts';
import type { SourceRow } from '../store/sink.ts';
import type { Merge, OpenSource } from './merge.ts';
import type { Drops } from './path.ts';
import { nameOf } from './sources.ts';

/** The rows of `sources`: what was opened, and what could not be read. `firstTimeUs` is the run's first time. */
export function sourceRows(merge: Merge, firstTimeUs: number | null): SourceRow[] {
  const refused = merge.refused.map((source) => ({
    path: source.path,
    format: null,
    linkTypes: null,
    snaplen: null,
    packets: 0,
    bytes: 0,
    firstPacketUs: null,
    lastPacketUs: null,
    damageOffset: null,
    damage: source.foreign ? `no capture: ${source.reason}` : source.reason,
  }));
  return [...merge.opened.map((source) => sourceRow(source, firstTimeUs)), ...refused];
}

function sourceRow(source: OpenSource, firstTimeUs: number | null): SourceRow {
  const { capture } = source;
  const { reader, damage } = capture;
  const names = new Set(reader.linkTypes.map(linkTypeName));
  const untimedUs = source.beganUntimed ? firstTimeUs : null;
  return {
    path: capture.path,
    format: capture.format,
    linkTypes: names.size === 0 ? null : [...names].join(','),
    snaplen: reader.snaplen,
    packets: source.packets,
    bytes: source.bytes,
    firstPacketUs: finiteOrNull(Math.min(source.firstPacketUs, untimedUs ?? Infinity)),
    lastPacketUs: finiteOrNull(Math.max(source.lastPacketUs, untimedUs ?? -Infinity)),
    damageOffset: damage?.offset ?? null,
    damage: damage?.reason ?? null,
  };
}

function finiteOrNull(timeUs: number): number | null {
  return Number.isFinite(timeUs) ? timeUs : null;
}

/** Losses that the captures themselves tell of. */
export function dropsOf(merge: Merge): Drops {
  const readers = merge.opened.map(({ capture }) => capture.reader);
  return {
    kernelDropped: sumOf(readers.map((reader) => reader.kernelDropped)),
    interfaceDropped: sumOf(readers.map((reader) => reader.interfaceDropped)),
  };
}

function sumOf(counts: readonly (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null);
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0);
}

/** What was wrong with sources, but for what a directory holds beside captures. */
export function noticesOf(merge: Merge): string[] {
  const damaged = merge.opened.flatMap(({ capture }) => {
    if (capture.damage === null) return [];
    const { offset, reason } = capture.damage;
    return [
      `${nameOf(capture.path)}: damaged at offset ${offset}: ${reason}. Everything before it is stored.`,
    ];
  });
  const refused = merge.refused
    .filter((source) => !(source.fromDirectory && source.foreign))
    .map((source) => `${nameOf(source.path)}: ${source.reason}. The other sources are stored.`);
  return [...damaged, ...refused];
}
