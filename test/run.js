// Finds every *.test.ts under test/ and hands them to Node's own runner (Node 20 has no glob of its own).
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
const wanted = process.argv.slice(2);
const files = readdirSync(here, { recursive: true })
  .map(String)
  .filter(
    (name) => name.endsWith('.test.ts') && (wanted.length === 0 || wanted.some((w) => name.includes(w))),
  )
  .sort();

if (files.length === 0) {
  console.error(`no test has one of these words in its path: ${wanted.join(' ')}`);
  process.exit(1);
}

// A live capture under load needs the machine to itself, or the kernel drops packets; all others share it.
const isLive = (name) => /^live[\\/]/.test(name);
const groups = [
  { names: files.filter((name) => !isLive(name)), atOnce: availableParallelism() },
  { names: files.filter(isLive), atOnce: 1 },
];

// Buffers come zeroed from the system then, and are not cleared again: tests make many large ones, and use little of each.
const env = { ...process.env, MALLOC_MMAP_THRESHOLD_: '131072' };

let status = 0;
for (const { names, atOnce } of groups) {
  if (names.length === 0) continue;
  const options = ['--import', 'tsx', '--test', '--test-reporter=spec', `--test-concurrency=${atOnce}`];
  const paths = names.map((name) => join(here, name));
  const run = spawnSync(process.execPath, [...options, ...paths], { stdio: 'inherit', env });
  status ||= run.status ?? 1;
}
process.exit(status);
