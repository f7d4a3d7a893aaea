// npm run bench: xports, the C floor and the installed peers take turns on the same captures.
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { fitsPageCache, hasGnuTime, runOnce, stopRunning, warm } from './measure.ts';
import { type Comparison, captures, comparisons, goals, type ProgramName } from './plan.ts';
import {
  buildTools,
  type Capture,
  diskShortage,
  emptyFolder,
  ownCapture,
  provideCapture,
  type Tools,
} from './prepare.ts';
import { goalTable, measurementTable } from './print.ts';
import { findProgram, type Program } from './programs.ts';
import { type Judgement, judge, type Results, type Series } from './results.ts';

const usage = `npm run bench -- [options]
  --quick            small captures: minutes become seconds, and ratios become rough
  --only NAMES       captures to measure, by comma: ${captures.map((spec) => spec.name).join(', ')}
  --programs NAMES   programs to measure, by comma: floor, xports-none, xports-all, xports-headers,
                     softflowd, nfpcapd, argus, pcap-parser
  --file CAPTURE     measure on a capture of your own instead
  --rounds N         rounds (5 unless said otherwise)
  --json FILE        keep the raw figures
  --help             this text
Environment: XPORTS_BENCH        folder of gen.c, floor.c and core.h (../shared/bench)
             XPORTS_BENCH_CACHE  folder for tools and captures (.cache/bench)
`;

const ownCaptureName = 'own';
const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Options {
  readonly quick: boolean;
  readonly only: readonly string[] | undefined;
  readonly programs: readonly string[] | undefined;
  readonly file: string | undefined;
  readonly rounds: number;
  readonly json: string | undefined;
}

class UsageError extends Error {}

function names(text: string | undefined, known: readonly string[], option: string): string[] | undefined {
  if (text === undefined) return undefined;
  const chosen = text.split(',');
  const unknown = chosen.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`${option}: ${unknown} is not known; there are ${known.join(', ')}`);
  }
  return chosen;
}

function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      programs: { type: 'string' },
      file: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new UsageError('--rounds wants a whole number from 1');
  return {
    quick: values.quick,
    only: names(
      values.only,
      captures.map((spec) => spec.name),
      '--only',
    ),
    programs: names(
      values.programs,
      [...new Set(comparisons.flatMap((entry) => entry.programs))],
      '--programs',
    ),
    file: values.file,
    rounds,
    json: values.json,
  };
}

function chosenComparisons(options: Options): Comparison[] {
  const source: readonly Comparison[] =
    options.file === undefined
      ? comparisons.filter((entry) => options.only?.includes(entry.capture) ?? true)
      : [{ capture: ownCaptureName, programs: comparisons[0].programs }];
  return source.map((entry) => ({
    ...entry,
    programs: entry.programs.filter((name) => options.programs?.includes(name) ?? true),
  }));
}

/** The programs that can run; each that cannot is said once. */
function findPrograms(chosen: readonly Comparison[], floor: string | undefined): Map<ProgramName, Program> {
  const found = new Map<ProgramName, Program>();
  for (const name of new Set(chosen.flatMap((entry) => entry.programs))) {
    const { program, missing } = findProgram(name, floor);
    if (program === undefined) say(`Left out: ${missing}.`);
    else found.set(name, program);
  }
  return found;
}

function provide(name: string, options: Options, tools: Tools, cache: string): Capture | undefined {
  if (options.file !== undefined) return ownCapture(resolve(options.file));
  const spec = captures.find((candidate) => candidate.name === name);
  if (spec === undefined) return undefined;
  return provideCapture(spec, tools.generator, cache, options.quick);
}

async function measureComparison(
  comparison: Comparison,
  capture: Capture,
  programs: ReadonlyMap<ProgramName, Program>,
  rounds: number,
  scratch: string,
  withFigures: boolean,
): Promise<Series[]> {
  const lanes: { program: Program; series: Series }[] = [];
  for (const name of comparison.programs) {
    const program = programs.get(name);
    if (program === undefined) continue;
    const { title } = program;
    lanes.push({ program, series: { capture: comparison.capture, program: name, title, samples: [] } });
  }
  for (let round = 1; round <= rounds; round += 1) {
    warm(capture.path);
    // Every second round goes backwards, so that none always follows the same neighbour.
    const order = round % 2 === 1 ? lanes : lanes.toReversed();
    for (const { program, series } of order) {
      if (series.failure !== undefined) continue;
      const work = join(scratch, 'work');
      emptyFolder(work);
      const outcome = await runOnce(program.call(capture.path, work), withFigures ? scratch : undefined);
      const place = `${comparison.capture} ${round}/${rounds} ${program.title}`;
      if ('failure' in outcome) {
        series.failure = outcome.failure;
        say(`${place}: ${outcome.failure}\n${outcome.output.trim().split('\n').slice(-5).join('\n')}`);
        continue;
      }
      series.samples.push(outcome.sample);
      series.tally ??= program.tally?.(outcome.output, work) ?? {};
      say(`${place}: ${outcome.sample.wallSeconds.toFixed(2)} s`);
    }
  }
  return lanes.map(({ series }) => series);
}

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) {
    process.stdout.write(usage);
    return 0;
  }
  const repository = fileURLToPath(new URL('..', import.meta.url));
  const sources = resolve(repository, process.env.XPORTS_BENCH ?? '../shared/bench');
  const cache = resolve(repository, process.env.XPORTS_BENCH_CACHE ?? '.cache/bench');
  mkdirSync(cache, { recursive: true });

  const tools = buildTools(sources, cache);
  if (tools.reason !== undefined) {
    say(`No floor and no new captures: ${tools.reason}.`);
    if (options.file === undefined) say('Captures from earlier runs are used; --file takes one of your own.');
  }
  const chosen = chosenComparisons(options);
  const programs = findPrograms(chosen, tools.floor);
  const [load] = loadavg();
  if (load > cpus().length / 2) {
    say(`The machine is busy (load ${load.toFixed(1)}, ${cpus().length} processors): expect wide ranges.`);
  }
  const withFigures = hasGnuTime();
  if (!withFigures) say('Only wall time is measured: no GNU time in /usr/bin/time (Debian package time).');
  if (options.file === undefined && tools.generator !== undefined) {
    const specs = captures.filter((spec) => chosen.some((entry) => entry.capture === spec.name));
    const shortage = diskShortage(specs, cache, options.quick);
    if (shortage !== undefined) {
      say(shortage);
      return 1;
    }
  }

  const scratch = join(cache, `scratch-${process.pid}`);
  const cleanUp = (): void => rmSync(scratch, { recursive: true, force: true });
  const stop = (): void => {
    stopRunning();
    cleanUp();
    process.exit(130);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);

  const results: Results = { captures: [], series: [] };
  try {
    emptyFolder(scratch);
    for (const comparison of chosen) {
      if (!comparison.programs.some((name) => programs.has(name))) continue;
      const capture = provide(comparison.capture, options, tools, cache);
      if (capture === undefined) {
        say(`Left out: no capture ${comparison.capture} in ${cache}.`);
        continue;
      }
      if (!fitsPageCache(capture.path)) {
        say(`${comparison.capture}: larger than the free memory, so the disk is measured too.`);
      }
      const rounds = Math.min(options.rounds, comparison.maxRounds ?? options.rounds);
      const series = await measureComparison(comparison, capture, programs, rounds, scratch, withFigures);
      const counted = series.find((entry) => entry.tally?.packets !== undefined)?.tally?.packets ?? 0;
      results.captures.push({
        name: comparison.capture,
        packets: capture.packets === 0 ? counted : capture.packets,
        flows: capture.flows,
        bytes: statSync(capture.path).size,
      });
      results.series.push(...series);
    }
  } finally {
    cleanUp();
  }
  return report(results, options);
}

function report(results: Results, options: Options): number {
  if (results.series.length === 0) {
    say('Nothing was measured.');
    return 1;
  }
  const judgements = goals.flatMap((goal): Judgement[] => {
    const judgement = judge(goal, results);
    return judgement === undefined ? [] : [judgement];
  });
  process.stdout.write(`\n${measurementTable(results)}\n`);
  if (judgements.length > 0) process.stdout.write(`${goalTable(judgements, options.quick)}\n`);
  if (options.json !== undefined) {
    const figures = {
      measuredAt: new Date().toISOString(),
      node: process.version,
      processors: cpus().length,
      processor: cpus()[0]?.model,
      loadAtEnd: loadavg()[0],
      quick: options.quick,
      rounds: options.rounds,
      file: options.file === undefined ? undefined : basename(options.file),
      ...results,
      goals: judgements,
    };
    writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
    say(`Raw figures: ${options.json}`);
  }
  const failed = results.series.some(
    (series) => series.program.startsWith('xports') && series.failure !== undefined,
  );
  return failed ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
  process.exitCode = isUsage ? 2 : 1;
}
