// Sums of series over each other, in the order in which they are drawn: the whole first, so that others cover it.

import type { TrafficModel } from '../model.ts';

/** Times in seconds, then sums, the last series' first; the end of the last stretch closes the steps. */
export function stacked(
  traffic: TrafficModel,
  measure: 'bytes' | 'packets',
  hidden: ReadonlySet<string>,
): [number[], ...number[][]] {
  const { buckets, startUs, widthUs } = traffic;
  const times = Array.from({ length: buckets + 1 }, (_, i) => (startUs + i * widthUs) / 1e6);
  const sum = new Array<number>(buckets).fill(0);
  const layers = traffic.series.map((series) => {
    const cells = series[measure];
    if (!hidden.has(series.name)) for (let i = 0; i < cells.length; i += 2) sum[cells[i]] += cells[i + 1];
    return [...sum, sum[buckets - 1]];
  });
  return [times, ...layers.reverse()];
}
