// The manual page: what the package carries is what the program prints, and a formatter has nothing to say against it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { xports } from './call.ts';

const PAGE = join(import.meta.dirname, '../../man/xports.1');
const hasMan = spawnSync('man', ['--version']).status === 0 && spawnSync('groff', ['--version']).status === 0;

test('the page of the package is the one that the program prints (npm run man writes it)', async () => {
  assert.equal((await xports('manual')).out, readFileSync(PAGE, 'utf8'));
  const { man, files } = JSON.parse(readFileSync(join(PAGE, '../../package.json'), 'utf8'));
  assert.equal(join(PAGE, '../..', man), PAGE);
  assert.ok(files.includes('man'));
});

test('man formats it without a warning, and shows every command with its options', {
  skip: !hasMan,
}, async () => {
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-E', 'ascii', '-l', PAGE], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', MANWIDTH: '200', MAN_KEEP_FORMATTING: '' },
  });
  assert.equal(stderr, '');
  const help = (await xports('--help')).out;
  const commands = [...help.matchAll(/^ {2}([a-z]+) [\s\S]/gm)].map(([, name]) => name);
  for (const name of commands.filter((word) => !['xports', 'sudo', 'help'].includes(word))) {
    assert.match(stdout, new RegExp(`^ +xports ${name}\\b`, 'm'));
  }
  for (const words of ['--rpc-range <first-last>', 'one of high, medium, low, info', 'NO_COLOR']) {
    assert.ok(stdout.includes(words), words);
  }
  assert.ok(!stdout.includes('xports manual'), 'it is for those who build the package');
});
