// Finds every *.test.ts under test/ and hands them to Node's own runner (Node 20 has no glob of its own).
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const here = import.meta.dirname;
const wanted = process.argv.slice(2);
const files = readdirSync(here, { recursive: true })
  .map(String)
  .filter(
    (name) => name.endsWith('.test.ts') && (wanted.length === 0 || wanted.some((w) => name.includes(w))),
  )
  .sort()
  .map((name) => join(here, name));

if (files.length === 0) {
  console.error(`no test has one of these words in its path: ${wanted.join(' ')}`);
  process.exit(1);
}

const run = spawnSync(process.execPath, ['--import', 'tsx', '--test', '--test-reporter=spec', ...files], {
  stdio: 'inherit',
});
process.exit(run.status ?? 1);
