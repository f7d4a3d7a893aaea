// A machine without libpcap, or without the package cap: both are hidden in a mount namespace of the program's own.
// Needs root on Linux.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { sampleCapture } from '../../fixtures/sample.ts';
import { query } from '../support/analyze.ts';

const PROGRAM = join(import.meta.dirname, '../../bin/xports.js');
const CAP = join(import.meta.dirname, '../../node_modules/cap/package.json');
/** Without this file the package cannot be loaded; it is optional, so it may not be there. */
const capFiles = existsSync(CAP) ? [realpathSync(CAP)] : [];
const directory = mkdtempSync(join(tmpdir(), 'xports-without-'));
const sample = join(directory, 'sample.pcap');
writeFileSync(sample, sampleCapture(1514));

after(() => rmSync(directory, { recursive: true }));

/** The files of libpcap that the system's loader finds. */
function libpcapFiles(): string[] {
  const cache = execFileSync('ldconfig', ['-p'], { encoding: 'utf8' });
  return [...cache.matchAll(/libpcap\.so\S* .* => (\S+)/g)].map(([, path]) => realpathSync(path));
}

function cannotHide(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const tried = spawnSync('unshare', ['--mount', 'mount', '--bind', '/dev/null', sample]);
  return tried.status === 0 ? false : 'needs mount namespaces';
}

/** xports where nothing can be loaded from these files. */
function xportsWithout(hidden: readonly string[], args: readonly string[]) {
  const script = `for file in ${hidden.map((path) => `'${path}'`).join(' ')}; do mount --bind /dev/null "$file"; done; exec "$@"`;
  const all = ['--mount', 'sh', '-ec', script, 'sh', process.execPath, PROGRAM, ...args];
  return spawnSync('unshare', all, { encoding: 'utf8' });
}

describe('a machine that lacks something', { skip: cannotHide() }, () => {
  test('without libpcap and cap live says what to install, and files are analyzed all the same', () => {
    const hidden = [...libpcapFiles(), ...capFiles];
    const database = join(directory, 'none.db');
    const live = xportsWithout(hidden, ['live', '--iface', 'lo', '--db', database]);
    assert.equal(live.status, 5, live.stderr);
    assert.match(live.stderr, /libpcap cannot be used/);
    assert.match(live.stderr, /the package cap is not built/);
    assert.match(live.stderr, /install libpcap: apt install libpcap0\.8/);
    assert.match(live.stderr, /tcpdump -i IFACE -U -w - \| xports analyze -/);
    assert.equal(live.stdout, '');
    const analyzed = xportsWithout(hidden, ['analyze', sample, '--db', database, '--quiet']);
    assert.equal(analyzed.status, 0, analyzed.stderr);
    assert.ok(Number(query(database, 'SELECT packets FROM runs')[0].packets) > 0);
  });

  test('without the package cap, which needs headers to be built, live has libpcap', {
    skip: libpcapFiles().length === 0,
  }, () => {
    const database = join(directory, 'lo.db');
    const args = ['live', '--iface', 'lo', '--db', database, '--duration', '0.1', '--json'];
    const live = xportsWithout(capFiles, args);
    assert.equal(live.status, 0, live.stderr);
    assert.equal(
      JSON.parse(String(query(database, 'SELECT options FROM runs')[0].options)).engine,
      'libpcap',
    );
  });
});
