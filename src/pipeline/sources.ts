// From what the user names to captures that can be read: files, the files of a directory, standard input.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT, reasonOf, XportsError } from '../base/errors.ts';
import { openFileSource, openStdinSource } from '../source/bytes.ts';
import { Capture, type ReaderFactory } from '../source/capture.ts';
import { NotACapture, RecordBatch } from '../source/record.ts';

export const STDIN = '-';
/** A look at the first packet needs little. */
const PEEK_CHUNK = 1 << 16;

export interface NamedSource {
  readonly path: string;
  /** Found in a directory: what is no capture there is listed and is no error. */
  readonly fromDirectory: boolean;
}

/** A source that could not be read at all. */
export interface RefusedSource extends NamedSource {
  readonly reason: string;
}

/** What the user named, with directories replaced by the files in them, by name. */
export async function expandSources(named: readonly string[]): Promise<NamedSource[]> {
  const sources: NamedSource[] = [];
  for (const path of named) {
    const isDirectory = path !== STDIN && (await stat(path).catch(() => null))?.isDirectory() === true;
    if (!isDirectory) sources.push({ path, fromDirectory: false });
    else sources.push(...(await filesOf(path)));
  }
  if (sources.filter((source) => source.path === STDIN).length > 1) {
    throw new XportsError('usage', EXIT.usage, 'standard input (-) can be named only once');
  }
  return sources;
}

async function filesOf(directory: string): Promise<NamedSource[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    throw new XportsError('no-capture', EXIT.noCapture, `${directory}: ${reasonOf(error)}`);
  });
  return entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => ({ path: join(directory, entry.name), fromDirectory: true }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Opens a capture; standard input ends when `stop` says so. Throws a sentence about what was found instead of one. */
export async function openCapture(
  path: string,
  makeReader: ReaderFactory,
  stop?: AbortSignal,
  chunk?: number,
): Promise<Capture> {
  try {
    const source = path === STDIN ? openStdinSource(stop) : await openFileSource(path, stop);
    return await Capture.open(path, source, makeReader, chunk);
  } catch (error) {
    throw error instanceof NotACapture ? error : new NotACapture(reasonOf(error));
  }
}

/** The time of a capture's first packet; null where it has none. */
export async function peekFirstPacket(path: string, makeReader: ReaderFactory): Promise<number | null> {
  const capture = await openCapture(path, makeReader, undefined, PEEK_CHUNK);
  try {
    const batch = new RecordBatch();
    for (;;) {
      capture.fill(batch);
      if (batch.count > 0) return batch.timeUs[0];
      if (capture.done) return null;
      await capture.advance();
    }
  } finally {
    await capture.close();
  }
}

/** Says of sources that none of them can be read. */
export function noCaptureError(refused: readonly RefusedSource[], named: readonly string[]): XportsError {
  const accepted =
    'Accepted are pcap, pcapng, Network Monitor and snoop captures, plain or in gzip or zstd: files, directories, or -.';
  if (refused.length === 0) {
    const where = named.join(', ');
    return new XportsError('no-capture', EXIT.noCapture, `${where}: there are no files in it`, accepted);
  }
  const message = refused.map((source) => `${nameOf(source.path)}: ${source.reason}`).join('\n');
  return new XportsError('no-capture', EXIT.noCapture, message, accepted);
}

export function nameOf(path: string): string {
  return path === STDIN ? 'standard input' : path;
}
