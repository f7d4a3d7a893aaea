// Traffic over time by service: the services with most bytes each as a line of its own, the rest as one.

import { type MinuteRow, serviceMinutes } from '../../store/sqlite/page-reader.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import { entryOf } from './addresses.ts';
import type { SeriesModel, TrafficModel } from './model.ts';

const MOST_SERIES = 8;
const OTHERS = 'others';
const UNLISTED = 'unlisted';

export function trafficOf(
  store: StoreReader,
  runId: number,
  labels: ReadonlyMap<string, string>,
): TrafficModel {
  const rows = serviceMinutes(store, runId);
  if (rows.length === 0) return { widthUs: 60_000_000, startUs: 0, buckets: 0, series: [] };
  const widthUs = Math.max(...rows.map((row) => row.width_us));
  const startUs = Math.min(...rows.map((row) => row.start_us));
  const bucketOf = (row: MinuteRow) => Math.floor((row.start_us - startUs) / widthUs);
  const totals = new Map<string, number>();
  for (const row of rows) totals.set(row.service, (totals.get(row.service) ?? 0) + row.bytes);
  // What is not on the list is what one looks for.
  const ranked = [...totals]
    .sort(([a, x], [b, y]) => Number(b === UNLISTED) - Number(a === UNLISTED) || y - x)
    .map(([name]) => name);
  const own = new Set(ranked.length <= MOST_SERIES ? ranked : ranked.slice(0, MOST_SERIES - 1));
  const sums = new Map<string, Map<number, [number, number]>>();
  for (const row of rows) {
    const name = own.has(row.service) ? row.service : OTHERS;
    const series = entryOf(sums, name, () => new Map<number, [number, number]>());
    const sum = entryOf(series, bucketOf(row), (): [number, number] => [0, 0]);
    sum[0] += row.packets;
    sum[1] += row.bytes;
  }
  const names = [...own, OTHERS].filter((name) => sums.has(name));
  return {
    widthUs,
    startUs,
    buckets: Math.max(...rows.map(bucketOf)) + 1,
    series: names.map((name) => seriesOf(name, labels, sums.get(name) ?? new Map())),
  };
}

function seriesOf(
  name: string,
  labels: ReadonlyMap<string, string>,
  sums: ReadonlyMap<number, [number, number]>,
): SeriesModel {
  const cells = [...sums].sort(([a], [b]) => a - b);
  const label = name === OTHERS ? 'other services' : (labels.get(name) ?? name);
  return {
    name,
    label: name === UNLISTED ? 'not listed' : label,
    packets: cells.flatMap(([bucket, [packets]]) => [bucket, packets]),
    bytes: cells.flatMap(([bucket, [, bytes]]) => [bucket, bytes]),
  };
}
