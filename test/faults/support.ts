// What the tests of faults share: a capture of many flows, a program that is started and watched, and what a database
// must be whatever happened to its writer.
import assert from 'node:assert/strict';
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { pcapHeader } from '../../fixtures/builder/pcap.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/xports.js');
const BEGIN_S = 1_709_629_200;
const FRAME_BYTES = 60;
export const RECORD_BYTES = 16 + FRAME_BYTES;

/** A pcap of UDP packets, each of another flow, a thousand a second. */
export function manyFlows(count: number): Buffer {
  const head = pcapHeader();
  const bytes = Buffer.alloc(head.length + count * RECORD_BYTES);
  bytes.set(head);
  const frame = Buffer.from(
    '0200000000010200000000020800' + '4500002e000100004011000000000000' + '0a000005',
    'hex',
  );
  for (let n = 0, at = head.length; n < count; n++, at += RECORD_BYTES) {
    bytes.writeUInt32LE(BEGIN_S + Math.floor(n / 1000), at);
    bytes.writeUInt32LE((n % 1000) * 1000, at + 4);
    bytes.writeUInt32LE(FRAME_BYTES, at + 8);
    bytes.writeUInt32LE(FRAME_BYTES, at + 12);
    frame.copy(bytes, at + 16);
    bytes.writeUInt32BE(0xc612_0000 + (n >> 8), at + 16 + 26);
    bytes.writeUInt16BE(1024 + (n & 255), at + 16 + 34);
    bytes.writeUInt16BE(2525, at + 16 + 36);
    bytes.writeUInt16BE(26, at + 16 + 38);
  }
  return bytes;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: string | null; out: string; err: string }>;
}

/** Starts xports; `node` are options of Node's. */
export function start(
  args: readonly string[],
  node: readonly string[] = [],
  stdio: StdioOptions = 'pipe',
): Started {
  const child = spawn(process.execPath, [...node, PROGRAM, ...args], { stdio });
  after(() => child.kill('SIGKILL'));
  let out = '';
  let err = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  child.stdin?.on('error', () => {});
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, out, err }));
  return { child, ended };
}

interface RunRow {
  readonly status: string;
  readonly packets: number;
  readonly bytes: number;
}

/** Asserts that the database is whole and that every run's packets and bytes are in one place each; its runs. */
export function wholeRuns(path: string): RunRow[] {
  if (!existsSync(path)) return [];
  const db = new Database(path);
  try {
    assert.equal(db.pragma('integrity_check', { simple: true }), 'ok');
    if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'runs'").get() === undefined) return [];
    for (const column of ['packets', 'bytes']) {
      const rows = db
        .prepare<[], { id: number; read: number | null; placed: number }>(
          `SELECT id, ${column} AS read,
             (SELECT coalesce(sum(${column}), 0) FROM service_counts WHERE run_id = runs.id) +
             (SELECT coalesce(sum(${column}), 0) FROM skipped WHERE run_id = runs.id) AS placed
           FROM runs`,
        )
        .all();
      for (const { id, read, placed } of rows) assert.equal(read ?? 0, placed, `${column} of run ${id}`);
    }
    return db.prepare<[], RunRow>('SELECT status, packets, bytes FROM runs ORDER BY id').all();
  } finally {
    db.close();
  }
}

/** Waits until the database has flows of a run, which is when it is being read; false where the run ended before. */
export async function isReading(path: string, { child }: Started): Promise<boolean> {
  while (child.exitCode === null) {
    if (existsSync(path) && hasRun(path)) return true;
    await pause(5);
  }
  return false;
}

function hasRun(path: string): boolean {
  try {
    const db = new Database(path, { readonly: true });
    try {
      return db.prepare('SELECT 1 FROM runs').get() !== undefined;
    } finally {
      db.close();
    }
  } catch {
    return false;
  }
}
