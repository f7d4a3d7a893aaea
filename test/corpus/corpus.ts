// Where the corpus of other projects' captures lies, and what its tables say of each file.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

export type Row = Readonly<Record<string, string>>;

/** One capture of the manifest, with its absolute path. */
export interface Capture {
  readonly file: string;
  readonly path: string;
  readonly fileType: string;
  readonly linkType: string;
  /** What an independent reader counted; before the damage where the file is damaged. */
  readonly packets: number;
  /** The independent reader's complaint, or an empty string. */
  readonly complaint: string;
}

const root = resolve(import.meta.dirname, '../..');
export const corpusDir = resolve(root, process.env.XPORTS_CORPUS ?? '../shared/corpus');
export const cliPath = join(root, 'bin/xports.js');

/** False when the corpus is there; otherwise the sentence for a skipped test, or a failure where it is required. */
export function whyNoCorpus(): string | false {
  if (existsSync(join(corpusDir, 'MANIFEST.tsv'))) return false;
  const sentence = `no corpus at ${corpusDir}: set XPORTS_CORPUS to its folder to run this`;
  assert.notEqual(process.env.XPORTS_REQUIRE_CORPUS, '1', sentence);
  return sentence;
}

/** Rows of a table whose first line names the columns; `#` lines are left out. */
export function parseTsv(text: string): Row[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const names = (lines.shift() ?? '').split('\t');
  return lines.map((line) => {
    const values = line.split('\t');
    return Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']));
  });
}

/** The text of a corpus file, unpacked when only its gzip is there. */
export function readCorpusText(name: string): string {
  const path = join(corpusDir, name);
  return existsSync(path)
    ? readFileSync(path, 'utf8')
    : gunzipSync(readFileSync(`${path}.gz`)).toString('utf8');
}

/** Every capture of the corpus, in the manifest's order. */
export function listCaptures(): Capture[] {
  const errors = new Map(parseTsv(readCorpusText('ERRORS.tsv')).map((row) => [row.file, row]));
  return parseTsv(readCorpusText('MANIFEST.tsv')).map((row) => {
    const error = errors.get(row.file);
    const counted = row.packets_capinfos === '?' ? error?.frames_before_error : row.packets_capinfos;
    return {
      file: row.file.replace(/^captures\//, ''),
      path: join(corpusDir, row.file),
      fileType: row.file_type,
      linkType: row.link_type,
      packets: Number(counted),
      complaint: error?.capinfos_message ?? '',
    };
  });
}
