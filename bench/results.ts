// What the rounds gave, the ratios between programs, and whether a goal is met.
import { median, type Sample } from './measure.ts';
import type { Goal, ProgramName } from './plan.ts';
import type { Tally } from './programs.ts';

/** One program on one capture, a sample for each round. */
export interface Series {
  readonly capture: string;
  readonly program: ProgramName;
  readonly title: string;
  readonly samples: Sample[];
  tally?: Tally;
  failure?: string;
}

export interface CaptureFigures {
  readonly name: string;
  packets: number;
  readonly flows: number;
  readonly bytes: number;
}

export interface Results {
  readonly captures: CaptureFigures[];
  readonly series: Series[];
}

export interface Ratio {
  readonly median: number;
  readonly lowest: number;
  readonly highest: number;
}

export interface Judgement {
  readonly goal: Goal;
  readonly text: string;
  readonly wanted: string;
  readonly measured: string;
  readonly value: number;
  readonly met: boolean;
}

function seriesOf(results: Results, capture: string, program: ProgramName): Series | undefined {
  return results.series.find(
    (series) => series.capture === capture && series.program === program && series.failure === undefined,
  );
}

/** How many times as long `series` took as `other`, round by round: both shared the machine in each round. */
export function timeRatio(series: Series, other: Series): Ratio | undefined {
  const rounds = Math.min(series.samples.length, other.samples.length);
  if (rounds === 0) return undefined;
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ratios.push(series.samples[round].wallSeconds / other.samples[round].wallSeconds);
  }
  return { median: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}

export function ratioToFloor(results: Results, series: Series): Ratio | undefined {
  const floor = seriesOf(results, series.capture, 'floor');
  return floor === undefined || floor === series ? undefined : timeRatio(series, floor);
}

/** The same in processor time, which suffers less when others use the machine. No goal is judged by it. */
export function processorRatioToFloor(results: Results, series: Series): number | undefined {
  const floor = seriesOf(results, series.capture, 'floor');
  if (floor === undefined || floor === series) return undefined;
  const ratios = series.samples.flatMap((sample, round) => {
    const least = floor.samples[round]?.cpuSeconds;
    return sample.cpuSeconds === undefined || least === undefined || least === 0
      ? []
      : sample.cpuSeconds / least;
  });
  return ratios.length === 0 ? undefined : median(ratios);
}

/** The highest peak of all rounds; undefined where it was not measured. */
export function peakMebibytes(series: Series): number | undefined {
  const peaks = series.samples.flatMap((sample) => sample.peakMebibytes ?? []);
  return peaks.length === 0 ? undefined : Math.max(...peaks);
}

/** The verdict on a goal; undefined where what it compares was not measured. */
export function judge(goal: Goal, results: Results): Judgement | undefined {
  const series = seriesOf(results, goal.capture, goal.program);
  if (series === undefined) return undefined;
  switch (goal.kind) {
    case 'time':
    case 'rate': {
      const other = seriesOf(results, goal.capture, goal.than);
      if (other === undefined) return undefined;
      const isTime = goal.kind === 'time';
      const ratio = isTime ? timeRatio(series, other) : timeRatio(other, series);
      if (ratio === undefined) return undefined;
      return {
        goal,
        text: `${goal.capture}: ${series.title}, ${isTime ? 'time' : 'packet rate'} against ${other.title}`,
        wanted: isTime ? `at most ${goal.factor}×` : `at least ${goal.factor}×`,
        measured: `${ratio.median.toFixed(2)}× (${ratio.lowest.toFixed(2)}–${ratio.highest.toFixed(2)})`,
        value: ratio.median,
        met: isTime ? ratio.median <= goal.factor : ratio.median >= goal.factor,
      };
    }
    case 'memory': {
      const peak = peakMebibytes(series);
      if (peak === undefined) return undefined;
      const flows = results.captures.find((capture) => capture.name === goal.capture)?.flows ?? 0;
      return {
        goal,
        text: `${goal.capture}: ${series.title}, peak memory with ${(flows / 1e6).toFixed(2)} M flows alive`,
        wanted: `at most ${goal.mebibytes} MiB`,
        measured: `${peak.toFixed(0)} MiB`,
        value: peak,
        met: peak <= goal.mebibytes,
      };
    }
    case 'flat': {
      const short = seriesOf(results, goal.short, goal.program);
      const before = short === undefined ? undefined : peakMebibytes(short);
      const after = peakMebibytes(series);
      if (before === undefined || after === undefined) return undefined;
      return {
        goal,
        text: `${goal.capture}: ${series.title}, peak memory against ${goal.short}`,
        wanted: `at most ${goal.factor}×`,
        measured: `${(after / before).toFixed(2)}× (${before.toFixed(0)} → ${after.toFixed(0)} MiB)`,
        value: after / before,
        met: after <= before * goal.factor,
      };
    }
  }
}
