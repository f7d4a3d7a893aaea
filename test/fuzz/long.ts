// npm run fuzz: mutates for as long as it is told to, or as many packets, and keeps what breaks.
//   --seconds N (60)  --packets N (no end)  --seed N (the time)  --out FOLDER (.)  --frames-a-round N (20000)
// A round is one capture of mutated frames through the whole path, now and then a second time in other pieces, and some
// mutated files of every format. In the first quarter V8's coverage tells which mutants reach new code: they become
// seeds. What fails is made as small as it gets and written as a capture, to become a fixture.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { captureOf, mutatedRecords, type Record } from './batch.ts';
import { Dice } from './dice.ts';
import type { GuidedSeeds } from './guide.ts';
import { tellSame, told } from './invariants.ts';
import { mutated } from './mutate.ts';
import { corpusCaptures, framesOf, smallCaptures } from './seeds.ts';

const PIECES_EVERY = 8;
const CAPTURES_A_ROUND = 20;
const GUIDED_SHARE = 0.25;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    packets: { type: 'string', default: 'Infinity' },
    seed: { type: 'string', default: String(Date.now() | 0) },
    out: { type: 'string', default: '.' },
    'frames-a-round': { type: 'string', default: '20000' },
  },
});
const seed = Number(values.seed);
const dice = new Dice(seed);
const beganMs = Date.now();
const seconds = () => (Date.now() - beganMs) / 1000;
const until = Number(values.seconds);
const count = { packets: 0, decoded: 0, captures: 0, rounds: 0, failures: 0 };

const files = smallCaptures();
const frames = await framesOf([...files.map(({ data }) => data), ...corpusCaptures()]);
console.log(`seed ${seed}: ${frames.length} frames, ${files.length} small captures`);
guide();
while (seconds() < until && count.packets < Number(values.packets)) await round();
const { heapUsed, rss } = process.memoryUsage();
const rate = Math.round((count.packets + count.decoded) / seconds());
console.log(
  `${count.packets} mutated packets through the path and ${count.decoded} through the decoder (${rate} a second), ` +
    `${count.captures} mutated files, ${count.failures} failures, ${heapUsed >> 20} MiB of heap, ${rss >> 20} MiB in all`,
);
process.exitCode = count.failures > 0 ? 1 : 0;

/** Lets a process of its own look for mutants that reach new code: code that counts what runs is slow ever after. */
function guide(): void {
  const seeds = join(mkdtempSync(join(tmpdir(), 'xports-fuzz-')), 'seeds.json');
  const script = join(import.meta.dirname, 'guide.ts');
  const args = ['--import', 'tsx', script, String(until * GUIDED_SHARE), String(seed), seeds];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) {
    count.failures++;
    return;
  }
  const found = JSON.parse(readFileSync(seeds, 'utf8')) as GuidedSeeds;
  rmSync(dirname(seeds), { recursive: true });
  count.decoded += found.decoded;
  for (const { hex, linkType, payloadAt } of found.frames)
    frames.push({ bytes: Uint8Array.from(Buffer.from(hex, 'hex')), linkType, payloadAt });
}

async function round(): Promise<void> {
  count.rounds++;
  const records = mutatedRecords(frames, Number(values['frames-a-round']), dice);
  const chunk = 1 + dice.below(65_536);
  const check = async (some: readonly Record[]) => {
    const capture = captureOf(some);
    const whole = await told([capture]);
    if (whole.packets !== some.length) throw new Error(`${whole.packets} packets of ${some.length}`);
    if (count.rounds % PIECES_EVERY === 1) tellSame(await told([capture], chunk), whole);
  };
  try {
    await check(records);
  } catch (error) {
    fail(await smallest(records, check), error);
  }
  count.packets += records.length;
  const mutants = Array.from({ length: CAPTURES_A_ROUND }, () =>
    mutated(dice.of(files).data, dice.of(files).data, dice),
  );
  try {
    tellSame(await told(mutants, 1 + dice.below(64)), await told(mutants));
  } catch (error) {
    for (const mutant of mutants) {
      const alone = async () => tellSame(await told([mutant], 7), await told([mutant]));
      await alone().catch((reason) => keep(mutant, reason));
    }
    console.log(String(error).slice(0, 500));
  }
  count.captures += mutants.length;
}

/** Leaves records out, half of them first, as long as what is left still fails. */
async function smallest(
  records: readonly Record[],
  check: (some: readonly Record[]) => Promise<void>,
): Promise<Record[]> {
  let left = [...records];
  for (let size = left.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < left.length; ) {
      const without = left.toSpliced(at, size);
      const fails =
        without.length > 0 &&
        (await check(without).then(
          () => false,
          () => true,
        ));
      if (fails) left = without;
      else at += size;
    }
  }
  return left;
}

function fail(records: readonly Record[], reason: unknown): void {
  keep(captureOf(records), reason);
}

function keep(capture: Uint8Array, reason: unknown): void {
  const path = join(values.out, `fuzz-${seed}-${++count.failures}.pcapng`);
  writeFileSync(path, capture);
  console.log(`${path}: ${reason instanceof Error ? reason.stack : reason}`.slice(0, 2000));
}
