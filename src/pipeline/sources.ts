// From what the user names to captures that can be read: files, the files of a directory, standard input.

import { type Dirent, readdirSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { EXIT, reasonOf, XportsError } from '../base/errors.ts';
import { nearest } from '../base/nearest.ts';
import { printable } from '../base/text.ts';
import { Capture, type ReaderFactory } from '../source/capture.ts';
import { openFileSource, openStdinSource } from '../source/open.ts';
import { ForeignFile, NotACapture, RecordBatch } from '../source/record.ts';

export const STDIN = '-';
/** Other names of standard input, where a system has them: opened anew, it would begin anew or not open at all. */
const STDIN_NAMES: readonly string[] = [STDIN, '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'];
/** A look at the first packet needs little. */
const PEEK_CHUNK = 1 << 16;

export interface NamedSource {
  /** As it is shown and stored. */
  readonly path: string;
  /** What the system knows it by, where that is no text in UTF-8. */
  readonly bytes?: Buffer;
  /** Found in a directory: what begins like no capture there is listed and is no error. */
  readonly fromDirectory: boolean;
  /** Why it cannot be read, where that is known already. */
  readonly problem?: string;
}

/** A source that could not be read at all. */
export interface RefusedSource extends NamedSource {
  readonly reason: string;
  /** It begins like no capture at all. */
  readonly foreign: boolean;
}

export function refusedBecause(source: NamedSource, error: NotACapture): RefusedSource {
  return { ...source, reason: error.message, foreign: error instanceof ForeignFile };
}

/** What the user named, with directories replaced by the files in them, by name. */
export async function expandSources(named: readonly string[]): Promise<NamedSource[]> {
  const sources: NamedSource[] = [];
  for (const path of named) {
    if (STDIN_NAMES.includes(path)) {
      sources.push({ path: STDIN, fromDirectory: false });
      continue;
    }
    const isDirectory = (await stat(path).catch(() => null))?.isDirectory() === true;
    if (!isDirectory) sources.push({ path, fromDirectory: false });
    else sources.push(...(await filesOf(path)));
  }
  if (sources.filter((source) => source.path === STDIN).length > 1) {
    throw new XportsError('usage', EXIT.usage, 'standard input (-) can be named only once');
  }
  return sources;
}

async function filesOf(directory: string): Promise<NamedSource[]> {
  let entries: Dirent<Buffer>[];
  try {
    entries = await readdir(directory, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    return [{ path: directory, fromDirectory: false, problem: reasonOf(error) }];
  }
  const sources: NamedSource[] = [];
  for (const entry of entries) {
    const source = sourceIn(directory, entry.name);
    if (entry.isFile() || (entry.isSymbolicLink() && (await mayBeFile(source)))) sources.push(source);
  }
  return sources.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A name that is no UTF-8 is kept as bytes, and shown with the bytes that are wrong as \xNN. */
function sourceIn(directory: string, name: Buffer): NamedSource {
  const text = name.toString();
  if (Buffer.from(text).equals(name)) return { path: join(directory, text), fromDirectory: true };
  const shown = name
    .toString('latin1')
    .replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
  return {
    path: join(directory, shown),
    bytes: Buffer.concat([Buffer.from(directory + sep), name]),
    fromDirectory: true,
  };
}

/** What a link leads to; where the system cannot tell, opening it will say why. */
async function mayBeFile(source: NamedSource): Promise<boolean> {
  const there = await stat(source.bytes ?? source.path).catch(() => null);
  return there === null || there.isFile();
}

/** How large a source is; null where only the end will tell, and undefined where there is none. */
export async function sizeOf(source: NamedSource): Promise<number | null | undefined> {
  if (source.path === STDIN) return null;
  const there = await stat(source.bytes ?? source.path).catch(() => undefined);
  return there?.isFile() === false ? null : there?.size;
}

/** Opens a capture; pipes end when `stop` says so. Throws NotACapture with a sentence about what was found instead. */
export async function openCapture(
  source: NamedSource,
  makeReader: ReaderFactory,
  stop?: AbortSignal,
  chunk?: number,
): Promise<Capture> {
  if (source.problem !== undefined) throw new NotACapture(source.problem);
  const { path, bytes } = source;
  try {
    const from = path === STDIN ? await openStdinSource(stop) : await openFileSource(bytes ?? path, stop);
    return await Capture.open(path, from, makeReader, chunk);
  } catch (error) {
    throw error instanceof NotACapture ? error : new NotACapture(reasonOf(error));
  }
}

/** The time of a capture's first packet; null where it has none. */
export async function peekFirstPacket(
  source: NamedSource,
  makeReader: ReaderFactory,
): Promise<number | null> {
  const capture = await openCapture(source, makeReader, undefined, PEEK_CHUNK);
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

const ACCEPTED =
  'Accepted are pcap, pcapng, Network Monitor and snoop captures, plain or in gzip or zstd: files, directories, or -.';

/** Says of sources that none of them can be read. */
export function noCaptureError(refused: readonly RefusedSource[], named: readonly string[]): XportsError {
  if (refused.length === 0) {
    const where = named.map(nameOf).join(', ');
    return new XportsError(
      'no-capture',
      EXIT.noCapture,
      `${where}: there are no files in it`,
      `Directories in it are not looked into: name them. ${ACCEPTED}`,
    );
  }
  const message = refused.map((source) => `${nameOf(source.path)}: ${source.reason}`).join('\n');
  const hints = new Set(refused.map(hintFor));
  return new XportsError('no-capture', EXIT.noCapture, message, [...hints].join('\n  '));
}

/** What to do about it. */
function hintFor({ path, reason }: RefusedSource): string {
  switch (reason) {
    case NOT_THERE:
      return missingHint(path);
    case NOT_PERMITTED:
      return `Ask for the right to read it, or pipe it in: sudo cat ${shellWord(path)} | xports analyze -`;
    default:
      return ACCEPTED;
  }
}

const NOT_THERE = reasonOf({ code: 'ENOENT' });
const NOT_PERMITTED = reasonOf({ code: 'EACCES' });
const CAPTURE_NAME = /\.(pcap|pcapng|cap|ntar|snoop)(\.gz|\.zst)?$/i;
const NAMES_SHOWN = 3;

/** A file of nearly the same name, or else the captures that there are beside it. */
function missingHint(path: string): string {
  const folder = dirname(path);
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return `There is no directory ${printable(folder)} that could be looked into: check the spelling.`;
  }
  const shown = (list: readonly string[]) =>
    list.map((name) => printable(folder === '.' ? name : join(folder, name)));
  const meant = nearest(basename(path), names);
  if (meant.length > 0) return `Did you mean ${shown(meant).join(' or ')}?`;
  const captures = names.filter((name) => CAPTURE_NAME.test(name)).sort();
  if (captures.length === 0)
    return `There is no capture in ${printable(folder)}: check the name and the directory.`;
  const more = captures.length > NAMES_SHOWN ? `, and ${captures.length - NAMES_SHOWN} more` : '';
  return `Captures that are there: ${shown(captures.slice(0, NAMES_SHOWN)).join(', ')}${more}.`;
}

/** A path as a POSIX shell takes it. */
function shellWord(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${printable(path).replaceAll("'", "'\\''")}'`;
}

/** A source's name in a sentence. */
export function nameOf(path: string): string {
  return path === STDIN ? 'standard input' : printable(path);
}
