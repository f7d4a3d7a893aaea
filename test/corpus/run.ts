// Runs the built command line on captures, a few at a time, and reads what it stored; once where several suites ask.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Pool } from '../support/pool.ts';
import { cliPath } from './corpus.ts';

export type Value = string | number | null;
export type Stored = Readonly<Record<string, Value>>;

/** The contract's tables and views. */
export const tables = [
  'runs',
  'sources',
  'skipped',
  'service_counts',
  'service_pairs',
  'flow_records',
  'findings',
  'rpc_endpoints',
] as const;
export type Table = (typeof tables)[number];

export interface Outcome {
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly rows: Readonly<Record<Table, readonly Stored[]>>;
}

/** What differs between two runs of the same bytes: who ran, when, and where the bytes came from. */
const volatile = new Set([
  'id',
  'run_id',
  'run_uid',
  'sensor',
  'source',
  'source_kind',
  'started_at_us',
  'finished_at_us',
  'heartbeat_us',
  'options',
  'message',
  'path',
  'host',
  'pid',
  'process_started_at_us',
]);

function readDatabase(path: string): Outcome['rows'] {
  const rows = Object.fromEntries(tables.map((table) => [table, [] as Stored[]])) as Record<Table, Stored[]>;
  let db: Database.Database;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
  } catch {
    return rows; // A run that found no capture may leave no database.
  }
  try {
    for (const table of tables) rows[table] = db.prepare<[], Stored>(`SELECT * FROM ${table}`).all();
  } finally {
    db.close();
  }
  return rows;
}

/** What is piped into the command, and a module that changes how it reads. */
export interface Input {
  readonly content: Uint8Array;
  readonly preload: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Hands `use` the path of a database that is removed afterwards. */
async function withDatabase<Out>(use: (database: string) => Promise<Out>): Promise<Out> {
  const folder = mkdtempSync(join(tmpdir(), 'xports-corpus-'));
  try {
    return await use(join(folder, 'run.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const commandLine = (args: readonly string[], database: string): string[] => [
  'analyze',
  ...args,
  '--db',
  database,
  '--quiet',
];

/** One `xports analyze … --quiet` into a database of its own. */
export function analyze(args: readonly string[], input?: Input): Promise<Outcome> {
  return withDatabase(async (database) => {
    const node = input ? ['--import', input.preload, cliPath] : [cliPath];
    const child = spawn(process.execPath, [...node, ...commandLine(args, database)], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, ...input?.environment },
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const closed = new Promise<number | null>((done, fail) => child.on('close', done).on('error', fail));
    child.stdin.on('error', () => {}); // The reader may stop at damage before all is written.
    child.stdin.end(input?.content);
    const exitCode = await closed;
    return { exitCode, stderr, rows: readDatabase(database) };
  });
}

const pool = new Pool();
const known = new Map<string, Promise<Outcome>>();

/** Ends the processes of the pool. */
export function closePool(): void {
  pool.close();
}

/** The same in a process that has run others before. */
export function analyzePooled(args: readonly string[]): Promise<Outcome> {
  return withDatabase(async (database) => {
    const { exit, stderr } = await pool.run(commandLine(args, database));
    return { exitCode: exit, stderr, rows: readDatabase(database) };
  });
}

/** What a capture gives without options, for every suite that compares with it. */
export function analyzeOnce(path: string): Promise<Outcome> {
  const outcome = known.get(path) ?? analyzePooled([path]);
  known.set(path, outcome);
  return outcome;
}

/** Does `work` on every item, as many at once as there are cores, and keeps the order of the answers. */
export async function inParallel<In, Out>(
  items: readonly In[],
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const answers = new Array<Out>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const at = next++;
      answers[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return answers;
}

/** All rows as sorted lines, without the columns that differ between two runs of the same bytes. */
export function comparable(rows: Outcome['rows']): Record<Table, string[]> {
  const lines = tables.map((table) => {
    const kept = rows[table].map((row) =>
      Object.entries(row)
        .filter(([column]) => !volatile.has(column))
        .map(([column, value]) => `${column}=${value}`)
        .join(' '),
    );
    return [table, kept.sort()];
  });
  return Object.fromEntries(lines) as Record<Table, string[]>;
}

/** The sum of one column. */
export function sum(rows: readonly Stored[], ...columns: readonly string[]): number {
  let total = 0;
  for (const row of rows) for (const column of columns) total += Number(row[column]);
  return total;
}
