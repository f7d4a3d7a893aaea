// The run itself, as the page's heading has it.

import type { RunRow } from '../../store/rows.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import type { AmountModel, RunModel } from './model.ts';

const SOURCES_SHOWN = 20;

export function runOf(store: StoreReader, run: RunRow, verdicts: readonly AmountModel[]): RunModel {
  const sources = store.sources(run.id);
  const named =
    sources.length === 0
      ? [{ name: run.source, detail: '' }]
      : sources.map((row) => ({
          name: row.path === '-' ? 'standard input' : row.path,
          detail: [row.format, row.link_types].filter((part) => part !== null).join(', '),
        }));
  const { servers } = JSON.parse(run.options) as { servers?: unknown };
  return {
    id: run.id,
    status: run.status,
    sensor: run.sensor,
    sources: named.slice(0, SOURCES_SHOWN),
    sourcesTotal: named.length,
    firstUs: run.first_packet_us,
    lastUs: run.last_packet_us,
    packets: run.packets,
    bytes: run.bytes,
    flows: verdicts.reduce((sum, row) => sum + row.flows, 0),
    profile: run.profile,
    hasPolicy: run.policy !== null,
    servers: typeof servers === 'string' ? servers : null,
  };
}
