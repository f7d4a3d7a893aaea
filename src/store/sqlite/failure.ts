// What SQLite says when it cannot go on, in a sentence that names the file.

import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT, reasonOf, XportsError } from '../../base/errors.ts';
import { printable } from '../../base/text.ts';

/** What a command that is advised has to name, so that it is about the same database. */
export function withDb(path: string): string {
  const shown = printable(path);
  return shown === USUAL_NAME ? '' : `--db ${/^[\w./-]+$/.test(shown) ? shown : `"${shown}"`} `;
}

const USUAL_NAME = 'xports.db';

interface Reason {
  readonly text: string;
  readonly hint?: string;
}

const REASONS: readonly (readonly [prefix: string, reason: Reason])[] = [
  ['XPORTS_GONE', { text: 'it is gone, or another file has its name' }],
  ['SQLITE_NOTADB', { text: 'it is not an xports database', hint: 'name another file with --db' }],
  ['SQLITE_FULL', { text: 'no space left on the device', hint: 'free some space and run again' }],
  ['SQLITE_READONLY', { text: 'it is read-only', hint: 'name a file that can be written with --db' }],
  ['SQLITE_BUSY', { text: 'another program keeps it locked', hint: 'run again when that program is done' }],
  ['SQLITE_LOCKED', { text: 'another program keeps it locked', hint: 'run again when that program is done' }],
  ['SQLITE_CORRUPT', { text: 'it is damaged', hint: 'name another file with --db' }],
  [
    'SQLITE_IOERR',
    { text: 'the system reported an input or output error', hint: 'is the disk full or gone?' },
  ],
];

/** Why a file cannot be opened, from what is there in its place. */
function openReason(path: string): Reason {
  try {
    if (statSync(path).isDirectory()) return { text: 'it is a directory', hint: 'name a file with --db' };
    return { text: 'permission denied', hint: 'name another file with --db' };
  } catch {
    // Not there: then it is the directory that decides.
  }
  try {
    if (statSync(dirname(path)).isDirectory()) {
      return { text: 'the directory cannot be written', hint: 'name a file elsewhere with --db' };
    }
  } catch {
    // Not there either.
  }
  return {
    text: 'there is no such directory',
    hint: `create ${dirname(path)} or name a file elsewhere with --db`,
  };
}

/** What better-sqlite3 and Node say where its compiled part is missing, or was built for another Node. */
const NO_BINDING = /bindings file|NODE_MODULE_VERSION|invalid ELF header|ERR_DLOPEN_FAILED/;
const NOT_BUILT: Reason = {
  text: 'better-sqlite3 was not built for this version of Node',
  hint: 'npm rebuild better-sqlite3 (it needs python3, make and g++), in the directory where xports is installed',
};

function reasonFor(path: string, error: unknown): Reason {
  if (NO_BINDING.test(`${(error as { code?: unknown }).code} ${reasonOf(error)}`)) return NOT_BUILT;
  const code = String((error as { code?: unknown }).code ?? '');
  const known = REASONS.find(([prefix]) => code.startsWith(prefix));
  if (known) return known[1];
  if (code.startsWith('SQLITE_CANTOPEN') || error instanceof TypeError) return openReason(path);
  return { text: reasonOf(error) };
}

/**
 * The error for a user. `kept` is a sentence on what of the run is stored nevertheless. An XportsError passes
 * unchanged.
 */
export function databaseError(
  action: 'open' | 'read' | 'write',
  path: string,
  error: unknown,
  kept?: string,
): XportsError {
  if (error instanceof XportsError) return error;
  const reason = reasonFor(path, error);
  const message = `cannot ${action} the database ${printable(path)}: ${reason.text}`;
  return new XportsError('database', EXIT.database, kept ? `${message}; ${kept}` : message, reason.hint);
}
