// Captures of the corpus, written again in other formats by editcap and compressed by gzip and zstd, give the rows of
// the originals: all of them, but for times where a format is coarser.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Capture, listCaptures, whyNoCorpus } from './corpus.ts';
import { analyzeOnce, analyzePooled, inParallel, type Outcome, type Stored } from './run.ts';

const CAPTURES = 16;
/** Its packets have no times, or times of many kinds, which other formats cannot hold. */
const WITHOUT_TIMES = /pcapng-test-generator/;
const whyNoEditcap = spawnSync('editcap', ['--version']).error
  ? 'editcap (wireshark-common) is not there'
  : false;
const whyNoZstd = spawnSync('zstd', ['--version']).error ? 'zstd is not there' : false;

const folder = mkdtempSync(join(tmpdir(), 'xports-formats-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Whole Ethernet captures, spread over the corpus. */
function chosen(): Capture[] {
  const all = listCaptures().filter(
    ({ file, linkType, complaint, packets, fileType }) =>
      !WITHOUT_TIMES.test(file) &&
      linkType === 'ether' &&
      complaint === '' &&
      packets > 1 &&
      /^pcap(ng)?$/.test(fileType),
  );
  const step = Math.max(1, Math.floor(all.length / CAPTURES));
  return all.filter((_, at) => at % step === 0);
}

const TIMES = /_us$/;
/** What is of the run, the container or the machine, and not of the packets. */
const OTHERS = new Set([
  'id',
  'run_id',
  'run_uid',
  'source',
  'sensor',
  'path',
  'host',
  'pid',
  'options',
  'format',
  'snaplen',
  'kernel_dropped',
  'interface_dropped',
]);

const tables = [
  'runs',
  'sources',
  'skipped',
  'service_counts',
  'service_pairs',
  'flow_records',
  'findings',
] as const;

function rowsOf({ rows }: Outcome, table: (typeof tables)[number], withTimes: boolean): string[] {
  const keep = ([column]: [string, unknown]) =>
    !OTHERS.has(column) &&
    !/^(started|finished|heartbeat|process)/.test(column) &&
    (withTimes || !(TIMES.test(column) || column === 'packets_out_of_order'));
  return rows[table].map((row: Stored) => JSON.stringify(Object.entries(row).filter(keep))).sort();
}

interface Rewritten {
  readonly capture: Capture;
  readonly path: string;
}

async function giveTheSame(
  format: string,
  make: (capture: Capture, to: string) => boolean,
  withTimes = true,
): Promise<void> {
  const made: Rewritten[] = [];
  chosen().forEach((capture, at) => {
    const path = join(folder, `${format}-${at}`);
    if (make(capture, path)) made.push({ capture, path });
  });
  assert.ok(made.length > CAPTURES / 2, `${made.length} captures`);
  const wrong = await inParallel(made, async ({ capture, path }) => {
    const [original, other] = [await analyzeOnce(capture.path), await analyzePooled([path])];
    assert.equal(other.exitCode, 0, `${capture.file} ${other.stderr}`);
    assert.ok(String(other.rows.sources[0]?.format).endsWith(format), String(other.rows.sources[0]?.format));
    return tables
      .filter((table) => {
        const [a, b] = [original, other].map((outcome) => rowsOf(outcome, table, withTimes));
        return JSON.stringify(a) !== JSON.stringify(b);
      })
      .map((table) => `${capture.file}: ${table}`);
  });
  assert.deepEqual(wrong.flat(), []);
}

const editcap = (format: string, from: string, to: string): boolean =>
  spawnSync('editcap', ['-F', format, from, to]).status === 0;

/**
 * False where editcap says that the format cannot hold such packets. Microseconds come first: it rounds nanoseconds
 * down when it writes pcap, and to the nearest microsecond when it writes Network Monitor.
 */
function edited(format: string): (capture: Capture, to: string) => boolean {
  return ({ path }, to) => editcap('pcap', path, `${to}.us`) && editcap(format, `${to}.us`, to);
}

describe('captures of the corpus', { skip: whyNoCorpus(), concurrency: false }, () => {
  for (const [written, read, coarse] of [
    ['netmon1', 'netmon1', true],
    ['netmon2', 'netmon2', false],
    ['snoop', 'snoop', false],
    ['modpcap', 'pcap-modified', false],
    ['suse6_3pcap', 'pcap-modified', false],
  ] as const) {
    test(`written as ${written} by editcap give the same rows`, { skip: whyNoEditcap }, () =>
      giveTheSame(read, edited(written), !coarse),
    );
  }

  test('compressed by gzip give the same rows', () =>
    giveTheSame('gzip', ({ path }, to) => {
      writeFileSync(to, gzipSync(readFileSync(path)));
      return true;
    }));

  for (const level of ['-1', '--no-check']) {
    test(`compressed by zstd ${level} give the same rows`, { skip: whyNoZstd }, () =>
      giveTheSame('zstd', ({ path }, to) => {
        execFileSync('zstd', ['-qf', level, path, '-o', to]);
        return true;
      }),
    );
  }
});
