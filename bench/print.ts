// The two tables of the benchmark, as plain text.
import { median } from './measure.ts';
import {
  type Judgement,
  peakMebibytes,
  processorRatioToFloor,
  type Results,
  ratioToFloor,
  type Series,
} from './results.ts';

type Row = readonly string[];

/** Columns of equal width; those named in `leftColumns` start at the left, the others end at the right. */
function alignColumns(rows: readonly Row[], leftColumns: number): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    }
  }
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column < leftColumns ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return `${lines.join('\n')}\n`;
}

/** What a program says it has read, where that is not the whole capture; and how many flows it kept. */
function remarkOn(series: Series, packets: number): string {
  if (series.failure !== undefined) return `failed: ${series.failure}`;
  const remarks: string[] = [];
  const counted = series.tally?.packets;
  if (counted !== undefined && packets > 0 && counted !== packets) {
    remarks.push(`counted ${counted} of ${packets} packets`);
  }
  if (series.tally?.flows !== undefined) remarks.push(`${series.tally.flows} flows`);
  return remarks.join(', ');
}

export function measurementTable(results: Results): string {
  const rows: Row[] = [
    [
      'capture',
      'program',
      'wall s',
      'CPU s',
      'Mpackets/s',
      '× floor',
      '(range)',
      'CPU × floor',
      'peak MiB',
      'remark',
    ],
  ];
  for (const series of results.series) {
    const packets = results.captures.find((capture) => capture.name === series.capture)?.packets ?? 0;
    const remark = remarkOn(series, packets);
    if (series.samples.length === 0) {
      rows.push([series.capture, series.title, '–', '–', '–', '–', '', '–', '–', remark]);
      continue;
    }
    const wall = median(series.samples.map((sample) => sample.wallSeconds));
    const cpu = series.samples.flatMap((sample) => sample.cpuSeconds ?? []);
    const ratio = ratioToFloor(results, series);
    rows.push([
      series.capture,
      series.title,
      wall.toFixed(2),
      cpu.length === 0 ? '–' : median(cpu).toFixed(2),
      packets === 0 ? '–' : (packets / wall / 1e6).toFixed(2),
      series.program === 'floor' ? '1.00' : (ratio?.median.toFixed(2) ?? '–'),
      ratio === undefined ? '' : `${ratio.lowest.toFixed(2)}–${ratio.highest.toFixed(2)}`,
      series.program === 'floor' ? '1.00' : (processorRatioToFloor(results, series)?.toFixed(2) ?? '–'),
      peakMebibytes(series)?.toFixed(0) ?? '–',
      remark,
    ]);
  }
  // The remark is text, so it starts at the left like the first two columns.
  return alignColumns(padLast(rows), 2);
}

function padLast(rows: readonly Row[]): Row[] {
  const last = rows[0].length - 1;
  const width = Math.max(...rows.map((row) => row[last].length));
  return rows.map((row) => [...row.slice(0, last), row[last].padEnd(width)]);
}

export function goalTable(judgements: readonly Judgement[], quick: boolean): string {
  const rows: Row[] = [['goal', 'wanted', 'measured', 'met']];
  for (const { text, wanted, measured, met } of judgements) {
    rows.push([text, wanted, measured, met ? 'yes' : 'NO']);
  }
  const note = quick
    ? '\nThe goals are set for the full captures. On these short ones starting up weighs as much as the work,\n' +
      'so take a "NO" here as a hint only.\n'
    : '';
  return alignColumns(rows, 4) + note;
}
