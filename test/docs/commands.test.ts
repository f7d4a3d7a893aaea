// Every command that README.md and docs/*.md show is run, each in a folder of its own with the files that they name.
// A command that cannot be run as it stands is changed by a row of SUBSTITUTIONS or left out by one of EXCLUSIONS, and
// each row says why. A page that names a new file wants it in `furnish`.

import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { xports } from '../cli/call.ts';
import { type Example, examplesOf, run } from './examples.ts';

const ROOT = join(import.meta.dirname, '../..');
const SAMPLE = join(ROOT, 'fixtures/sample.pcap');

interface Substitution {
  readonly from: RegExp;
  readonly to: string;
  readonly why: string;
}

const SUBSTITUTIONS: readonly Substitution[] = [
  {
    from: /^npm ci && npm run build && /,
    to: '',
    why: 'the test runs in a tree that is installed and built',
  },
  { from: /node bin\/xports\.js /g, to: 'xports ', why: 'the folder is not that of the source tree' },
  { from: /\b10\.0\.0\.5\b/g, to: '10.10.0.11', why: 'rules for a server that takes no part are an error' },
  { from: /archive\.db#12\b/g, to: 'archive.db#2', why: 'the database has four runs' },
  { from: /^sudo /, to: '', why: 'nothing here needs another user' },
  {
    from: /--iface \S+/g,
    to: '--iface no-such-iface0',
    why: 'a test must not capture from a machine that it does not own',
  },
  { from: /127\.0\.0\.1:9464/g, to: '127.0.0.1:0', why: 'the port may be taken' },
];

interface Exclusion {
  readonly command: RegExp;
  readonly why: string;
}

const EXCLUSIONS: readonly Exclusion[] = [
  { command: /^xports serve\b/, why: 'it serves until it is stopped; tests of its own start it' },
];

/** Exit codes that a command may end with where the page does not show one: 0, unless a row says otherwise. */
const CODES: readonly {
  readonly command: RegExp;
  readonly codes: readonly number[];
  readonly why: string;
}[] = [
  { command: /--fail-on/, codes: [0, 1], why: 'whether it is met is what it is for' },
  { command: /^xports live\b/, codes: [5], why: 'its options are accepted, and there is no such interface' },
  { command: /^xports interfaces\b/, codes: [0, 5], why: 'a machine may have no libpcap' },
];

const folder = mkdtempSync(join(tmpdir(), 'xports-docs-'));
const furnished = join(folder, 'furnished');
const tools = join(folder, 'tools');
const home = process.cwd();

/** Programs that pages call, as far as the examples need them. */
const TOOLS: Readonly<Record<string, string>> = {
  xports: `exec "${process.execPath}" "${join(ROOT, 'bin/xports.js')}" "$@"`,
  tcpdump: `exec cat "${SAMPLE}"`,
  ssh: 'shift; exec "$@"',
  jq: 'exec cat',
};

before(async () => {
  mkdirSync(tools);
  // The thread that stores rows starts as this process did, with a loader that is looked up from the folder.
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const [name, text] of Object.entries(TOOLS)) {
    writeFileSync(join(tools, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(tools, name), 0o755);
  }
  await furnish();
});
after(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true, force: true });
});

/** The files that pages name: captures, a policy, and databases of four runs. */
async function furnish(): Promise<void> {
  mkdirSync(furnished);
  process.chdir(furnished);
  for (const name of ['capture.pcap', 'c.pcap', 'monday.pcap', 'tuesday.pcapng', 'week.pcapng']) {
    symlinkSync(SAMPLE, name);
  }
  for (const name of ['captures', 'monday']) {
    mkdirSync(name);
    symlinkSync(SAMPLE, join(name, 'sample.pcap'));
  }
  symlinkSync(join(ROOT, 'fixtures'), 'fixtures');
  writeFileSync('capture.pcap.gz', gzipSync(readFileSync(SAMPLE)));
  copyFileSync(join(ROOT, 'fixtures/containers/zstd.zst'), 'capture.zst');
  for (let i = 0; i < 4; i++) assert.equal((await xports('analyze', '--quiet', SAMPLE)).code, 0);
  for (const name of ['before.db', 'after.db', 'archive.db']) copyFileSync('xports.db', name);
  assert.equal((await xports('policy', 'init', '--output', 'exchange.yaml')).code, 0);
}

function runnable({ command }: Example): string {
  return SUBSTITUTIONS.reduce((text, { from, to }) => text.replace(from, to), command);
}

const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith('.md'),
);
const all = pages.flatMap((name) => examplesOf(join(ROOT, name), name));
/** What several pages show is run once. */
const examples = all.filter(
  (each, i) =>
    all.findIndex((other) => runnable(other) === runnable(each) && other.output === each.output) === i,
);

test('the pages show commands, and most kinds of command are among them', () => {
  const shown = new Set(examples.map((each) => /\bxports ([a-z]+)/.exec(runnable(each))?.[1]));
  for (const name of [
    'analyze',
    'live',
    'report',
    'findings',
    'flows',
    'services',
    'explain',
    'rules',
    'diff',
    'export',
    'schema',
    'policy',
    'runs',
  ]) {
    assert.ok(shown.has(name), name);
  }
});

test('every row of the tables is needed', () => {
  for (const { from } of SUBSTITUTIONS)
    assert.ok(
      examples.some(({ command }) => command.search(from) >= 0),
      String(from),
    );
  for (const { command } of EXCLUSIONS)
    assert.ok(
      examples.some((each) => command.test(runnable(each))),
      String(command),
    );
});

for (const [i, example] of examples.entries()) {
  const command = runnable(example);
  if (EXCLUSIONS.some((row) => row.command.test(command))) continue;
  test(`${example.place}: ${example.command}`, async () => {
    const own = join(folder, String(i));
    cpSync(furnished, own, { recursive: true, verbatimSymlinks: true });
    process.chdir(own);
    // It writes over no file, which tests of its own show.
    if (/policy init .*--output/.test(command)) rmSync('exchange.yaml');
    const { code, text } = await run(command, tools);
    process.chdir(folder);
    rmSync(own, { recursive: true, force: true });
    if (example.output !== null) {
      assert.equal(text, example.output);
      return;
    }
    const codes = CODES.find((row) => row.command.test(command))?.codes ?? [0];
    assert.ok(codes.includes(code), `exit code ${code}: ${text.slice(-500)}`);
  });
}
