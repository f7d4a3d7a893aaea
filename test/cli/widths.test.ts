// Text fits the terminal, whether it is narrow, usual or wide; what is long by nature is a command or a name.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { examplesIn } from '../../src/cli/completion/model.ts';
import { xports, xportsOnTerminal } from './call.ts';

const folder = mkdtempSync(join(tmpdir(), 'xports-widths-'));
const db = join(folder, 'x.db');
after(() => rmSync(folder, { recursive: true }));
before(async () => {
  const sample = join(import.meta.dirname, '../../fixtures/sample.pcap');
  assert.equal((await xports('analyze', '--quiet', '--db', db, sample)).code, 0);
});

const CALLS: readonly (readonly string[])[] = [
  ['report', '--db', db],
  ['findings', '--db', db],
  ['findings', '--format', 'table', '--db', db],
  ['flows', '--db', db],
  ['services'],
  ['services', '--run', 'latest', '--db', db],
  ['explain', '25', '--db', db],
  ['diff', db, db],
  ['doctor', '--db', db],
  ['--help'],
  ['analyze', '--help'],
  ['live', '--help'],
  ['completion', '--help'],
];

for (const columns of [60, 80, 200]) {
  test(`no line is longer than a terminal of ${columns} columns`, async () => {
    for (const args of CALLS) {
      const { code, out } = await xportsOnTerminal(columns, ...args);
      // 5: no interface can be opened here.
      assert.ok(code === 0 || (args[0] === 'doctor' && code === 5), args.join(' '));
      const commands = new Set(examplesIn(out).map(({ line }) => line));
      for (const coloured of out.split('\n')) {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: colours take no room
        const line = coloured.replace(/\u001b\[\d+m/g, '');
        // A command is not broken, so that it can be copied.
        if (commands.has(line.trim()) || line.trim().startsWith('→ ')) continue;
        assert.ok([...line].length <= columns, `${args[0]} at ${columns}: ${[...line].length}: ${line}`);
      }
    }
  });
}

test('a narrow table says which columns it left out, and a pipe gets all of them', async () => {
  const narrow = (await xportsOnTerminal(80, 'flows', '--db', db)).out.replace(/\s+/g, ' ');
  assert.match(narrow, /no room on this screen for .*bytes_back.*: --format csv has all/);
  for (const column of ['initiator', 'responder', 'responder_port', 'service', 'verdict']) {
    assert.ok(narrow.split('──')[0].split(' ').includes(column), column);
  }
  const [head] = (await xports('flows', '--db', db)).out.split('\n');
  assert.match(head, /bytes_back/);
});
