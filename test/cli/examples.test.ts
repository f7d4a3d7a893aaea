// Every example that help ends with is run, in a directory with the files that it names.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { examplesIn } from '../../src/cli/completion/model.ts';
import { type Called, xports } from './call.ts';

const ROOT = join(import.meta.dirname, '../..');
const SAMPLE = join(ROOT, 'fixtures/sample.pcap');
const folder = mkdtempSync(join(tmpdir(), 'xports-examples-'));
const bin = join(folder, 'bin');

/** Programs that examples begin with: ours, and what stands for those that need a privilege or a network. */
const PROGRAMS: Readonly<Record<string, string>> = {
  xports: `exec '${process.execPath}' '${join(ROOT, 'bin/xports.js')}' "$@"`,
  sudo: 'exec "$@"',
  tcpdump: `cat '${SAMPLE}'`,
};

before(async () => {
  mkdirSync(bin);
  for (const [name, body] of Object.entries(PROGRAMS)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  mkdirSync(join(folder, 'monday'));
  for (const name of ['capture.pcap', 'capture.pcapng', 'tuesday.pcapng', 'monday/1.pcap']) {
    copyFileSync(SAMPLE, join(folder, name));
  }
  const inFolder = (name: string) => join(folder, name);
  const { code, err } = await xports('analyze', '--quiet', '--db', inFolder('first.db'), SAMPLE);
  assert.equal(code, 0, err);
  await xports('analyze', '--quiet', '--db', inFolder('first.db'), SAMPLE);
  for (const name of ['before.db', 'after.db', 'archive.db'])
    copyFileSync(inFolder('first.db'), inFolder(name));
  assert.equal((await xports('policy', 'init', '--output', inFolder('policy.yaml'))).code, 0);
  // Not sooner: the thread for rows finds its loader by the directory.
  process.chdir(folder);
});
after(() => {
  process.chdir(ROOT);
  rmSync(folder, { recursive: true });
});

async function commands(): Promise<string[][]> {
  const namesIn = (help: string) =>
    [...(help.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z]+)\b/gm)]
      .map(([, name]) => name)
      .filter((name) => name !== 'help' && name !== 'xports' && name !== 'sudo');
  const top = namesIn((await xports('--help')).out);
  const below = await Promise.all(
    top.map(async (name) => namesIn((await xports(name, '--help')).out).map((child) => [name, child])),
  );
  return [[], ...top.map((name) => [name]), ...below.flat()];
}

test('help of every command ends with one to three examples, and each of them runs', async () => {
  const all = await commands();
  assert.ok(all.length > 15, `${all.length} commands`);
  for (const words of all) {
    const help = (await xports(...words, '--help')).out;
    const examples = examplesIn(help);
    assert.ok(
      examples.length >= 1 && examples.length <= 3,
      `${words.join(' ')}: ${examples.length} examples`,
    );
    const last = examples[examples.length - 1];
    assert.ok(help.trimEnd().replace(/\s+/g, ' ').endsWith(`${last.line} ${last.says}`.trim()), help);
    for (const { line } of examples) await run(line);
  }
});

/** Every example meets the same database, and none of what those before it wrote. */
async function run(line: string): Promise<void> {
  copyFileSync(join(folder, 'first.db'), join(folder, 'xports.db'));
  if (line.includes('--output exchange.yaml')) rmSync(join(folder, 'exchange.yaml'), { force: true });
  else copyFileSync(join(folder, 'policy.yaml'), join(folder, 'exchange.yaml'));
  // No interface has this name, so that a capture ends before it begins: with 5, and not with 2.
  const isLive = line.includes('xports live');
  const isServer = line.startsWith('xports serve');
  const { code, err } = isServer
    ? await served(line)
    : await called(isLive ? line.replace('eth1', 'xports-none') : line);
  const wanted = isLive ? [5] : /interfaces|doctor/.test(line) ? [0, 5] : [0];
  assert.ok(wanted.includes(code), `${line}: exit code ${code}\n${err}`);
}

/** What serves until it is told to stop is told when it serves. */
async function served(line: string): Promise<Pick<Called, 'code' | 'err'>> {
  const [program, ...words] = line.split(' ');
  const child = spawn(join(bin, program), words, { cwd: folder });
  let err = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    if (err.includes('Ctrl-C')) child.kill('SIGINT');
  });
  const [code] = await once(child, 'close');
  return { code: code ?? -1, err };
}

/** A shell is started only for what needs one. */
async function called(line: string): Promise<Pick<Called, 'code' | 'err'>> {
  const [program, ...words] = line.split(' ');
  if (program === 'xports' && words[0] !== 'analyze' && /^[\w ./,:#-]+$/.test(line)) return xports(...words);
  const { status, stderr } = spawnSync('bash', ['--norc', '-c', `set -o pipefail; ${line}`], {
    cwd: folder,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}` },
    encoding: 'utf8',
  });
  return { code: status ?? -1, err: stderr };
}
