// The command that is started for findings: how it is named, and what it gets.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FindingCommand, parseCommand } from '../../src/cli/finding-command.ts';
import type { FindingNote } from '../../src/pipeline/news.ts';
import { scratch } from '../store/sample.ts';

function note(port: number, title = 'a title'): FindingNote {
  return {
    run_id: 1,
    kind: 'unexpected-port',
    severity: 'high',
    status: 'open',
    transport: 'tcp',
    port,
    responder: '10.0.0.5',
    initiator: '10.0.0.9',
    initiators: 1,
    flows: 1,
    packets: 2,
    bytes: 120,
    outcome: 'answered',
    first_seen_us: 1,
    last_seen_us: 2,
    title,
    explanation: '',
    suggestion: '',
    part_of: null,
  };
}

test('words are separated by blanks, quotes keep blanks, and nothing else has a meaning', () => {
  assert.deepEqual(parseCommand('/usr/bin/notify'), ['/usr/bin/notify']);
  assert.deepEqual(parseCommand('  mail -s "new finding"  ops@example.com '), [
    'mail',
    '-s',
    'new finding',
    'ops@example.com',
  ]);
  assert.deepEqual(parseCommand(`a 'b "c"' d"e f"g ""`), ['a', 'b "c"', 'de fg', '']);
  assert.deepEqual(parseCommand('a $HOME `id` ; rm * \\ |'), [
    'a',
    '$HOME',
    '`id`',
    ';',
    'rm',
    '*',
    '\\',
    '|',
  ]);
  for (const wrong of ['', '   ', '""', "a 'b", 'a "b']) {
    assert.throws(() => parseCommand(wrong), /quote|Give a program/, wrong);
  }
});

test('each finding is one start, with the finding as JSON on its standard input and no shell', async (t) => {
  const file = join(scratch(t), 'seen');
  const said: string[] = [];
  const script = `process.stdin.on('data', (d) => require('fs').appendFileSync(${JSON.stringify(file)}, d))`;
  const command = new FindingCommand([process.execPath, '-e', script, '; exit 1'], (line) => said.push(line));
  const notes = Array.from({ length: 9 }, (_, n) => note(n, '$(touch /nowhere) `id` "quoted" \'single\''));
  command.tell(notes);
  await command.end();
  assert.deepEqual(said, []);
  const seen = readFileSync(file, 'utf8').trim().split('\n');
  const byPort = seen
    .map((line) => JSON.parse(line) as FindingNote)
    .sort((a, b) => (a.port ?? 0) - (b.port ?? 0));
  assert.deepEqual(byPort, notes);
});

test('a command that fails, is not there, or does not read is said and nothing more', async () => {
  const said: string[] = [];
  const say = (line: string) => said.push(line);
  for (const words of [['false'], ['/nowhere/at/all'], ['true']]) {
    const command = new FindingCommand(words, say);
    command.tell([note(1, 'x'.repeat(100_000))]);
    await command.end();
  }
  assert.deepEqual(said, [
    '--on-finding false: it ended with code 1',
    '--on-finding /nowhere/at/all: no such file or directory',
  ]);
});

test('a flood of findings is bounded, and what was left out is said', async () => {
  const said: string[] = [];
  const command = new FindingCommand(['/nowhere/at/all'], (line) => said.push(line));
  command.tell(Array.from({ length: 10_100 }, (_, n) => note(n)));
  assert.match(said[0], /100 were not given to it/);
  // Starting ten thousand programs is not what is tested.
  (command as unknown as { waiting: FindingNote[] }).waiting.length = 0;
  await command.end();
});
