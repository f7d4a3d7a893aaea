// Looks for mutants that reach code which none before them did: guide.ts SECONDS SEED FILE. Run by long.ts.
import { writeFileSync } from 'node:fs';
import { Coverage } from './coverage.ts';
import { Dice } from './dice.ts';
import { readsOf } from './invariants.ts';
import { mutated } from './mutate.ts';
import { corpusCaptures, type Frame, framesOf, smallCaptures } from './seeds.ts';

/** What it leaves for the one who called. */
export interface GuidedSeeds {
  readonly decoded: number;
  readonly frames: readonly { readonly hex: string; readonly linkType: number; readonly payloadAt: number }[];
}

/** Mutants that are looked at together for new code; which of them reached it is found by halving. */
const TOGETHER = 1024;

const [forS, seed, file] = process.argv.slice(2);
// Only what is compiled from here on counts its blocks, and functions are compiled when they are called first.
const coverage = new Coverage();
coverage.start();
const dice = new Dice(Number(seed) ^ 0x9e37_79b9);
const frames = await framesOf([...smallCaptures().map(({ data }) => data), ...corpusCaptures()]);
coverage.add(coverage.newBy(() => decodeAll(frames)));
const before = { stretches: coverage.size, frames: frames.length };
const untilMs = Date.now() + Number(forS) * 1000;
let decoded = 0;
while (Date.now() < untilMs) guided();
coverage.stop();
const kept = frames.slice(before.frames);
console.log(
  `coverage: ${before.stretches} stretches of code by the seeds, ${coverage.size} with ${kept.length} mutants kept`,
);
const seeds: GuidedSeeds = {
  decoded,
  frames: kept.map(({ bytes, ...rest }) => ({ hex: Buffer.from(bytes).toString('hex'), ...rest })),
};
writeFileSync(file, JSON.stringify(seeds));

/** Decodes mutants, and makes seeds of those that reached code that none before them did. */
function guided(): void {
  const mutants = Array.from({ length: TOGETHER }, (): Frame => {
    const { bytes, linkType, payloadAt } = dice.of(frames);
    return { bytes: mutated(bytes, dice.of(frames).bytes, dice), linkType, payloadAt };
  });
  decoded += mutants.length;
  for (let fresh = coverage.newBy(() => decodeAll(mutants)); fresh.length > 0; ) {
    const one = whoReached(mutants, new Set(fresh));
    const byIt = coverage.newBy(() => decodeAll([one]));
    frames.push(one);
    // Where it does not reach them when it is alone, they are let go.
    coverage.add(byIt.length > 0 ? byIt : fresh);
    fresh = fresh.filter((stretch) => byIt.length > 0 && !byIt.includes(stretch));
  }
}

/** The mutant that reaches one of the stretches, by halving. */
function whoReached(mutants: readonly Frame[], wanted: ReadonlySet<string>): Frame {
  let among = mutants;
  while (among.length > 1) {
    const half = among.slice(0, among.length >> 1);
    const reached = coverage.newBy(() => decodeAll(half)).some((stretch) => wanted.has(stretch));
    among = reached ? half : among.slice(half.length);
  }
  return among[0];
}

/** Throws, and so ends the search, at the first that fails: its bytes are in the message. */
function decodeAll(some: readonly Frame[]): void {
  for (const { bytes, linkType } of some) {
    const hex = () => `link type ${linkType}, ${Buffer.from(bytes).toString('hex')}`;
    let reads = 0;
    try {
      reads = readsOf(bytes, linkType);
    } catch (error) {
      throw new Error(`thrown for ${hex()}`, { cause: error });
    }
    if (reads > 300 + bytes.length) throw new Error(`${reads} reads for ${hex()}`);
  }
}
