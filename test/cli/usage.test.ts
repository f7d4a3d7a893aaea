// Usage errors: exit code 2, a sentence that says what is accepted, and nothing on standard output.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { xports } from './call.ts';

const WRONG: readonly [name: string, args: readonly string[], words: RegExp][] = [
  ['no command', [], /Usage: xports/],
  [
    'an unknown command, with the one that was meant',
    ['analize', 'x.pcap'],
    /^xports: unknown command.*\n.*analyze/,
  ],
  [
    'an unknown option, with the one that was meant',
    ['analyze', 'x.pcap', '--servrs', '1'],
    /unknown option.*\n.*--servers/,
  ],
  [
    'no capture, with an example',
    ['analyze'],
    /missing required argument 'capture'\n {2}for example: xports analyze /,
  ],
  ['a file in the place of a command', ['package.json'], /to read it: xports analyze package\.json/],
  ['a mistyped command of several', ['runs', 'dlete', '1'], /Did you mean delete\?/],
  ['a run that is no option', ['report', '3'], /xports report --run 3/],
  ['a service that is no option', ['services', 'smtp'], /xports explain smtp/],
  ['a mistyped verdict', ['flows', '--verdict', 'unexpcted'], /Did you mean unexpected\?/],
  ['a mistyped service', ['flows', '--service', 'smpt'], /Did you mean smtp\?/],
  ['a mistyped run', ['report', '--run', 'lastest'], /Did you mean latest\?/],
  [
    'a host name for a server',
    ['analyze', 'x.pcap', '--servers', 'exch01'],
    /Names of hosts are not looked up/,
  ],
  [
    'a timeout that is no number',
    ['analyze', 'x.pcap', '--tcp-timeout', 'soon'],
    /number of seconds of 1 or more/,
  ],
  ['a negative number of days', ['analyze', 'x.pcap', '--retain-days', '-1'], /whole number/],
  ['a range that runs backwards', ['analyze', 'x.pcap', '--rpc-range', '60000-50000'], /FIRST-LAST/],
  ['a range below 1024', ['analyze', 'x.pcap', '--rpc-range', '80-90'], /1024/],
  ['an unknown severity', ['analyze', 'x.pcap', '--fail-on', 'awful'], /high, medium, low, info/],
  ['an unknown choice of flows', ['analyze', 'x.pcap', '--flows', 'some'], /all, unexpected, none/],
  ['an unknown reader', ['analyze', 'x.pcap', '--reader', 'magic'], /default, pcap-parser/],
  ['a database without a name', ['analyze', 'x.pcap', '--db', ''], /name of a file/],
  ['an unknown profile', ['analyze', 'x.pcap', '--profile', 'open'], /allow-list/],
  ['an address that is none', ['flows', '--address', '10.0.0'], /address, or a block/],
  ['a block that is none', ['flows', '--address', '10.0.0.0\\/99'], /address, or a block/],
  ['a port above 65535', ['flows', '--port', '65536'], /from 0 to 65535/],
  ['a service nobody knows', ['flows', '--service', 'gopher'], /xports services/],
  ['a run that is no number', ['report', '--run', 'first'], /number of a run, latest, or all/],
  ['a run to delete that is no number', ['runs', 'delete', 'all'], /whole number/],
];

for (const [name, args, words] of WRONG) {
  test(`${name} is a usage error`, async () => {
    const called = await xports(...args);
    assert.equal(called.code, 2, called.err);
    assert.match(called.err, words);
    assert.equal(called.out, '');
  });
}

test('help and version are not errors', async () => {
  const help = await xports('--help');
  assert.equal(help.code, 0);
  for (const command of [
    'analyze',
    'report',
    'findings',
    'flows',
    'services',
    'explain',
    'rules',
    'diff',
    'runs',
  ]) {
    assert.match(help.out, new RegExp(`^ {2}${command}`, 'm'));
    const own = await xports(command, '--help');
    assert.equal(own.code, 0);
    assert.match(own.out, /Examples:/);
  }
  assert.match((await xports('--version')).out, /^\d+\.\d+\.\d+\n$/);
});

test('a file that is not there is answered with one of nearly the same name, or with the captures beside it', async () => {
  const db = join(tmpdir(), `xports-usage-${process.pid}.db`);
  const near = await xports('analyze', '--db', db, 'fixtures/sampel.pcap');
  assert.equal(near.code, 3);
  assert.match(near.err, /Did you mean fixtures\/sample\.pcap\?/);
  const far = await xports('analyze', '--db', db, 'fixtures/monday-morning.pcapng');
  assert.match(far.err, /Captures that are there: fixtures\/sample\.pcap\./);
  rmSync(db);
});
