// pcap-parser, as a second reader, stores the same rows as ours for every plain pcap of the corpus.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { type Capture, listCaptures, whyNoCorpus } from './corpus.ts';
import { analyzeOnce, analyzePooled, comparable, inParallel, type Outcome, tables } from './run.ts';

/** Microsecond pcap in either byte order, with the only major version there is. */
function isPlainPcap({ path }: Capture): boolean {
  const header = readFileSync(path).subarray(0, 24);
  if (header.length < 24) return false;
  const magic = 0xa1b2c3d4;
  if (header.readUInt32LE(0) === magic) return header.readUInt16LE(4) === 2;
  return header.readUInt32BE(0) === magic && header.readUInt16BE(4) === 2;
}

describe('every plain pcap of the corpus, read by pcap-parser', { skip: whyNoCorpus() }, () => {
  let both: readonly { readonly file: string; readonly ours: Outcome; readonly theirs: Outcome }[] = [];

  before(async () => {
    both = await inParallel(listCaptures().filter(isPlainPcap), async ({ file, path }) => ({
      file,
      ours: await analyzeOnce(path),
      theirs: await analyzePooled([path, '--reader', 'pcap-parser']),
    }));
  });

  test('there are such files', () => {
    assert.ok(both.length > 100);
  });

  test('ends with the same exit code as our own reader', () => {
    const wrong = both.filter(({ ours, theirs }) => ours.exitCode !== theirs.exitCode);
    assert.deepEqual(
      wrong.map(
        ({ file, ours, theirs }) => `${file}: ${ours.exitCode} and ${theirs.exitCode} ${theirs.stderr}`,
      ),
      [],
    );
  });

  for (const table of tables) {
    test(`stores the same rows in ${table}`, () => {
      for (const { file, ours, theirs } of both) {
        assert.deepEqual(comparable(theirs.rows)[table], comparable(ours.rows)[table], file);
      }
    });
  }
});
