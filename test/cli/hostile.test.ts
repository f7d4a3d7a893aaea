// Names that would command a terminal: in files, databases, policies and arguments. On neither stream is one obeyed.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Called, xports, xportsOnTerminal } from './call.ts';

const SAMPLE = join(import.meta.dirname, '../../fixtures/sample.pcap');
/** Clears the screen, sets the title, turns the writing round, forges a line; C1's CSI; a bell. */
const EVIL = '\u001b[2J\u001b]0;owned\u0007\u202exyz\u009b31m\nxports: all is well';
const folder = mkdtempSync(join(tmpdir(), 'xports-hostile-'));
const evil = (end: string) => join(folder, `${EVIL}${end}`);
const policy = join(folder, 'policy.yaml');
after(() => rmSync(folder, { recursive: true }));

before(async () => {
  copyFileSync(SAMPLE, evil('.pcap'));
  writeFileSync(evil('-cut.pcap'), readFileSync(SAMPLE).subarray(0, 100_000));
  writeFileSync(evil('.txt'), 'no capture\n');
  mkdirSync(evil('.d'));
  const reason = JSON.stringify(`because ${EVIL}`);
  writeFileSync(
    policy,
    `version: 1\nexceptions:\n  - responder: 203.0.113.66\n    transport: tcp\n    ports: 4444\n    expires: 2099-01-01\n    reason: ${reason}\ndenied:\n  - service: smtp\n    reason: ${reason}\n`,
  );
  assert.equal((await xports('policy', 'check', policy)).code, 0);
  const args = ['--quiet', '--db', evil('.db'), '--policy', policy, '--sensor', EVIL];
  const { code, err } = await xports('analyze', ...args, evil('.pcap'), evil('-cut.pcap'));
  assert.equal(code, 4, err);
});

/** Nothing but lines of text, and colours only where they are ours to give. */
function assertTame({ out, err }: Called, what: string, isColoured = false): void {
  for (const [name, text] of [
    ['stdout', out],
    ['stderr', err],
  ] as const) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to look for
    const plain = isColoured ? text.replace(/\u001b\[\d{1,2}m/g, '') : text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to look for
    const found = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2028\u2029]/.exec(
      plain.replaceAll('\r\n', '\n'),
    );
    assert.equal(found, null, `${what}, ${name}: ${JSON.stringify(found?.[0])} in ${JSON.stringify(text)}`);
    assert.doesNotMatch(plain, /^xports: all is well/m, `${what}, ${name}: a forged line`);
  }
}

const READERS: readonly (readonly string[])[] = [
  ['report'],
  ['report', '--json'],
  ['findings'],
  ['findings', '--format', 'jsonl'],
  ['flows', '--format', 'table'],
  ['services', '--run', 'latest'],
  ['explain', '4444/tcp'],
  ['rules'],
  ['rules', '--format', 'json'],
  ['runs'],
  ['runs', '--format', 'jsonl'],
  ['policy', 'init', '--run', 'latest'],
  ['doctor'],
  ['doctor', '--json'],
];

test('what is stored is shown without what a terminal obeys', async () => {
  for (const args of READERS) {
    const called = await xports(...args, '--db', evil('.db'));
    assert.ok(called.out.length > 0, args.join(' '));
    assertTame(called, args.join(' '));
  }
  assertTame(await xports('diff', evil('.db'), evil('.db')), 'diff');
  assertTame(await xports('diff', evil('.db'), evil('.db'), '--json'), 'diff --json');
});

test('on a terminal there are colours, and nothing else that is obeyed', async () => {
  for (const args of READERS.slice(0, 8)) {
    assertTame(await xportsOnTerminal(80, ...args, '--db', evil('.db')), args.join(' '), true);
  }
});

test('JSON says what was there, and not what was shown', async () => {
  const { out } = await xports('report', '--json', '--db', evil('.db'));
  assert.equal(JSON.parse(out).sources[0].path, evil('.pcap'));
  assert.equal(JSON.parse(out).run.sensor, EVIL);
});

test('a field of CSV holds nothing that a terminal obeys', async () => {
  const { out } = await xports('runs', '--format', 'csv', '--db', evil('.db'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to look for
  assert.doesNotMatch(out, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/);
});

test('mistakes name what they are about without being commanded by it', async () => {
  const db = ['--db', evil('.db')];
  const mistakes: readonly (readonly [args: readonly string[], code: number])[] = [
    [['analyze', '--db', join(folder, 'x.db'), evil('.nowhere')], 3],
    [['analyze', '--db', join(folder, 'x.db'), evil('.txt')], 3],
    [['analyze', '--db', join(folder, 'x.db'), evil('.d')], 3],
    [['analyze', '--db', join(folder, 'x.db'), evil('-cut.pcap')], 4],
    [['analyze', '--db', evil('.d'), SAMPLE], 6],
    [['analyze', '--db', evil('.txt'), SAMPLE], 6],
    [['analyze', '--policy', evil('.nowhere'), SAMPLE], 2],
    [['analyze', '--policy', evil('.txt'), SAMPLE], 2],
    [['analyze', '--servers', EVIL, SAMPLE], 2],
    [['analyze', `--${EVIL}`, SAMPLE], 2],
    [['analyze', '--fail-on', EVIL, SAMPLE], 2],
    [['report', '--db', evil('.nowhere')], 6],
    [['report', '--run', '9', ...db], 2],
    [['report', EVIL, ...db], 2],
    [['flows', '--service', EVIL, ...db], 2],
    [['explain', EVIL, ...db], 2],
    [['rules', '--servers', EVIL, ...db], 2],
    [['runs', 'delete', '9', ...db], 2],
    [['policy', 'init', '--output', evil('.txt')], 2],
    [['policy', 'check', evil('.nowhere')], 2],
    [['live', '--iface', EVIL], 5],
    [['live', '--iface', 'xports-none', '--user', EVIL], 2],
    [[EVIL], 2],
    [[evil('.pcap')], 2],
  ];
  for (const [args, code] of mistakes) {
    const called = await xports(...args);
    assert.equal(called.code, code, `${JSON.stringify(args)}\n${called.err}`);
    assert.ok(called.err.startsWith('xports: '), called.err);
    assertTame(called, JSON.stringify(args));
  }
});
