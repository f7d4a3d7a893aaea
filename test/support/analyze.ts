// Runs the built command line as a user would, and opens the database it leaves.
import { spawn } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';

const program = join(import.meta.dirname, '../../bin/xports.js');

export interface Finished {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Row = Readonly<Record<string, string | number | null>>;

export function runXports(args: readonly string[], stdinFile?: string): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk;
    });
    child.on('error', reject);
    child.on('close', (exit) => resolve({ exit, stdout, stderr }));
    // A program that stops early closes its end, which is no failure of the test.
    child.stdin.on('error', () => {});
    if (stdinFile === undefined) child.stdin.end();
    else createReadStream(stdinFile).pipe(child.stdin);
  });
}

/** All rows of a query; none where there is no database. */
export function query(database: string, sql: string): Row[] {
  if (!existsSync(database)) return [];
  const db = new Database(database, { readonly: true });
  try {
    return db.prepare<[], Row>(sql).all();
  } finally {
    db.close();
  }
}
