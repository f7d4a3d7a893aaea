// Compiles the generator and the floor, and writes each capture once into the cache folder.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { writePayloadCapture } from './payload/capture.ts';
import type { CaptureSpec } from './plan.ts';

export interface Tools {
  /** Undefined where they could not be built; `reason` then says why. */
  readonly generator?: string;
  readonly floor?: string;
  readonly reason?: string;
}

/** What is known about a capture, written beside it. */
export interface Capture {
  readonly path: string;
  readonly packets: number;
  /** Conversations the generator began. */
  readonly flows: number;
}

const sourceNames = ['gen.c', 'floor.c', 'core.h'];
const pcapHeaderBytes = 24;
const recordHeaderBytes = 16;
/** Longer than any timer or memory of flows, so that each pass starts with an empty table. */
const secondsBetweenPasses = 3 * 3600;
/** Databases of the runs, and what the file system wants to keep. */
const spareBytes = 3e9;

export function buildTools(sourceFolder: string, cache: string): Tools {
  const absent = sourceNames.filter((name) => !existsSync(join(sourceFolder, name)));
  if (absent.length > 0) {
    return { reason: `${absent.join(', ')} not found in ${sourceFolder} (set XPORTS_BENCH to their folder)` };
  }
  const fingerprint = createHash('sha256');
  for (const name of sourceNames) fingerprint.update(readFileSync(join(sourceFolder, name)));
  const folder = join(cache, `tools-${fingerprint.digest('hex').slice(0, 12)}`);
  mkdirSync(folder, { recursive: true });
  const compile = (flags: readonly string[], name: string): string | undefined => {
    const binary = join(folder, name);
    if (existsSync(binary)) return undefined;
    const compiler = spawnSync('gcc', [...flags, '-o', binary, join(sourceFolder, `${name}.c`)], {
      encoding: 'utf8',
    });
    if (compiler.error !== undefined) return `gcc cannot be run: ${compiler.error.message}`;
    return compiler.status === 0 ? undefined : `gcc refused ${name}.c: ${compiler.stderr.trim()}`;
  };
  const reason = compile(['-O2'], 'gen') ?? compile(['-O3', '-march=native', '-DHASH64'], 'floor');
  if (reason !== undefined) return { reason };
  return { generator: join(folder, 'gen'), floor: join(folder, 'floor') };
}

export function packetsOf(spec: CaptureSpec, quick: boolean): number {
  return quick ? spec.quickPackets : spec.packets;
}

function pathOf(spec: CaptureSpec, cache: string, quick: boolean): string {
  const parts: (string | number)[] = [spec.mode, packetsOf(spec, quick), spec.concurrent];
  if (spec.step !== 1) parts.push(`step${spec.step}`);
  if (spec.passes !== 1) parts.push(`x${spec.passes}`);
  return join(cache, `${parts.join('-')}.pcap`);
}

function truthPath(path: string): string {
  return `${path}.json`;
}

function isCapture(value: unknown): value is Omit<Capture, 'path'> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'packets' in value &&
    'flows' in value &&
    typeof value.packets === 'number' &&
    typeof value.flows === 'number'
  );
}

/** The capture as an earlier run left it; the note beside it is written last, so a broken one has none. */
export function findCapture(spec: CaptureSpec, cache: string, quick: boolean): Capture | undefined {
  const path = pathOf(spec, cache, quick);
  if (!existsSync(path) || !existsSync(truthPath(path))) return undefined;
  const truth: unknown = JSON.parse(readFileSync(truthPath(path), 'utf8'));
  return isCapture(truth) ? { path, packets: truth.packets, flows: truth.flows } : undefined;
}

/** A sentence if the captures that are still missing would not fit, otherwise undefined. */
export function diskShortage(
  specs: readonly CaptureSpec[],
  cache: string,
  quick: boolean,
): string | undefined {
  const missing = specs.filter((spec) => findCapture(spec, cache, quick) === undefined);
  const captureBytes = missing.reduce(
    (sum, spec) => sum + packetsOf(spec, quick) * spec.passes * spec.bytesPerPacket,
    0,
  );
  const needed = captureBytes + (quick ? spareBytes / 10 : spareBytes);
  const { bavail, bsize } = statfsSync(cache);
  const free = bavail * bsize;
  if (free >= needed) return undefined;
  const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;
  return (
    `Not enough room in ${cache}: about ${gigabytes(needed)} needed for captures (${missing
      .map((spec) => spec.name)
      .join(', ')}) and databases, ${gigabytes(free)} free. ` +
    'Try --quick, --only NAME, or set XPORTS_BENCH_CACHE to a folder on another disk.'
  );
}

function generate(spec: CaptureSpec, generator: string, path: string, packets: number): Capture {
  const part = `${path}.part`;
  const run = spawnSync(generator, [spec.mode, part, String(packets), String(spec.concurrent)], {
    encoding: 'utf8',
    env: { ...process.env, GEN_STEP: String(spec.step) },
  });
  if (run.status !== 0) throw new Error(`the generator failed on ${spec.name}: ${run.stderr || run.error}`);
  const truth: unknown = JSON.parse(run.stdout);
  const flows =
    typeof truth === 'object' && truth !== null && 'flowsCreated' in truth ? Number(truth.flowsCreated) : 0;
  renameSync(part, path);
  return { path, packets, flows };
}

/** Writes `original` several times in a row, each pass hours after the one before. */
function repeat(original: Capture, path: string, passes: number): Capture {
  const bytes = readFileSync(original.path);
  let lastSecond = 0;
  let firstSecond = Number.MAX_SAFE_INTEGER;
  const shift = (seconds: number): void => {
    let offset = pcapHeaderBytes;
    while (offset < bytes.length) {
      const second = bytes.readUInt32LE(offset) + seconds;
      bytes.writeUInt32LE(second, offset);
      if (second > lastSecond) lastSecond = second;
      if (second < firstSecond) firstSecond = second;
      offset += recordHeaderBytes + bytes.readUInt32LE(offset + 8);
    }
  };
  shift(0);
  const secondsPerPass = lastSecond - firstSecond + secondsBetweenPasses;
  const part = `${path}.part`;
  const descriptor = openSync(part, 'w');
  const write = (from: number): void => {
    let offset = from;
    while (offset < bytes.length) offset += writeSync(descriptor, bytes, offset);
  };
  try {
    write(0);
    for (let pass = 1; pass < passes; pass += 1) {
      shift(secondsPerPass);
      write(pcapHeaderBytes);
    }
  } finally {
    closeSync(descriptor);
  }
  renameSync(part, path);
  return { path, packets: original.packets * passes, flows: original.flows * passes };
}

/** The capture of `spec`, written now if the cache does not have it. */
export function provideCapture(
  spec: CaptureSpec,
  generator: string | undefined,
  cache: string,
  quick: boolean,
): Capture | undefined {
  const found = findCapture(spec, cache, quick);
  const isOurs = spec.mode === 'payload';
  if (found !== undefined || (generator === undefined && !isOurs)) return found;
  const path = pathOf(spec, cache, quick);
  let capture: Capture;
  if (isOurs || generator === undefined) {
    const part = `${path}.part`;
    capture = { path, ...writePayloadCapture(part, packetsOf(spec, quick)) };
    renameSync(part, path);
  } else if (spec.passes === 1) {
    capture = generate(spec, generator, path, packetsOf(spec, quick));
  } else {
    const original = provideCapture({ ...spec, passes: 1 }, generator, cache, quick);
    if (original === undefined) return undefined;
    capture = repeat(original, path, spec.passes);
  }
  writeFileSync(truthPath(path), `${JSON.stringify({ packets: capture.packets, flows: capture.flows })}\n`);
  return capture;
}

/** A capture of the user's own: its packets are not known until a program has counted them. */
export function ownCapture(path: string): Capture {
  if (!existsSync(path) || !statSync(path).isFile()) throw new Error(`${path} is not a file`);
  return { path, packets: 0, flows: 0 };
}

export function emptyFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
}
