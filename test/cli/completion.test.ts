// Completion, by the shells themselves: what they offer is compared with what the program accepts.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { xports } from './call.ts';

const folder = mkdtempSync(join(tmpdir(), 'xports-completion-'));
after(() => rmSync(folder, { recursive: true }));

async function scriptFor(shell: string): Promise<string> {
  const { code, out } = await xports('completion', shell);
  assert.equal(code, 0);
  const path = join(folder, shell === 'zsh' ? '_xports' : `xports.${shell}`);
  writeFileSync(path, out);
  return path;
}

const isInstalled = (shell: string) => spawnSync(shell, ['-c', 'exit 0']).status === 0;

/** What is typed, the last word unfinished, and what has to be offered (in any order, and nothing else). */
const CASES: readonly (readonly [typed: readonly string[], offered: readonly string[]])[] = [
  [['an'], ['analyze']],
  [['analyze', '--rpc'], ['--rpc-range']],
  [['analyze', '--json', 'x.pcap', '--fail-on', 'm'], ['medium']],
  [
    ['flows', '--verdict', 'un'],
    ['undetermined', 'unexpected'],
  ],
  [['flows', '--service', 'dag'], ['dag-replication']],
  [
    ['runs', ''],
    ['delete', 'list', 'vacuum'],
  ],
  [['runs', 'delete', '--d'], ['--db']],
  [
    ['completion', ''],
    ['bash', 'fish', 'zsh'],
  ],
];

test('bash completes commands, options and values', async () => {
  const script = await scriptFor('bash');
  const words = [...CASES, [['flows', '--verdict', '=', 'ex'], ['expected']] as const];
  for (const [typed, offered] of words) {
    const list = ['xports', ...typed].map((word) => `'${word}'`).join(' ');
    const program = `source '${script}'; COMP_WORDS=(${list}); COMP_CWORD=${typed.length}; _xports; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const out = execFileSync('bash', ['--norc', '-c', program], { encoding: 'utf8' });
    assert.deepEqual(out.trim().split('\n').sort(), [...offered], typed.join(' '));
  }
});

test('bash offers every command and every option that help names', async () => {
  const script = await scriptFor('bash');
  const help = (await xports('--help')).out;
  const commands = [...help.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
  const named = commands.filter((name) => name !== 'xports' && name !== 'help' && name !== 'sudo');
  assert.ok(named.length > 10);
  for (const command of named) {
    const text = (await xports(command, '--help')).out;
    const options = new Set([...text.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, name]) => name));
    const program = `source '${script}'; COMP_WORDS=(xports ${command} --); COMP_CWORD=2; _xports; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const out = execFileSync('bash', ['--norc', '-c', program], { encoding: 'utf8' });
    for (const option of options) assert.ok(out.split('\n').includes(option), `${command} ${option}`);
  }
});

test('fish completes commands, options and values', { skip: !isInstalled('fish') }, async () => {
  const script = await scriptFor('fish');
  for (const [typed, offered] of CASES) {
    const program = `source '${script}'; complete -C'xports ${typed.join(' ')}'`;
    const out = execFileSync('fish', ['--no-config', '-c', program], { encoding: 'utf8' });
    const words = out
      .trim()
      .split('\n')
      .map((line) => line.split('\t')[0]);
    assert.deepEqual(words.sort(), [...offered], typed.join(' '));
  }
});

test('zsh completes commands, options and values', { skip: !isInstalled('zsh') }, async () => {
  await scriptFor('zsh');
  // A terminal of its own, in which each line gets a tab and is then taken away.
  const keys = CASES.map(([typed]) => `xports ${typed.join(' ')}`)
    .map((line) => `zpty -w -n shell $'${line}\\t\\C-u'`)
    .join('\n');
  const program = `zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PS1=; unsetopt beep; fpath=('${folder}' \\$fpath); autoload -U compinit; compinit -u -D; stty columns 200 rows 100; echo RE''ADY"
zpty -r shell part '*READY*'
${keys}
zpty -w shell exit
while zpty -r shell part; do print -r -- "$part"; done`;
  const out = execFileSync('zsh', ['-f', '-c', program], { encoding: 'utf8' });
  for (const [typed, offered] of CASES) {
    for (const word of offered) assert.ok(out.includes(word), `${typed}: ${word}\n${out}`);
  }
});

test('a shell that is not known is answered with those that are', async () => {
  const { code, err } = await xports('completion', 'fsh');
  assert.equal(code, 2);
  assert.match(err, /Did you mean zsh or fish\?/);
});
