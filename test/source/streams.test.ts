// Pipes and standard input, which may say nothing for hours: they hand on what is there, and end when told to.
import assert from 'node:assert/strict';
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { pcap } from '../../fixtures/builder/pcap.ts';
import { openFileSource } from '../../src/source/open.ts';

const folder = mkdtempSync(join(tmpdir(), 'xports-streams-'));
after(() => rmSync(folder, { recursive: true }));

/** Reads standard input until it ends, and tells each step on standard output; `stop` comes by a signal. */
const program = `
import { openStdinSource } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/source/open.ts')).href)};
const stop = new AbortController();
process.on('SIGINT', () => stop.abort());
const alive = setInterval(() => {}, 1000);
const source = await openStdinSource(stop.signal);
console.log('size ' + source.size);
const into = new Uint8Array(4096);
let count;
do {
  count = await source.read(into, 0, into.length);
  console.log('read ' + count);
} while (count > 0);
const again = stop.signal.aborted ? await source.read(into, 0, into.length) : 0;
await source.close();
console.log('ended ' + again);
clearInterval(alive);
`;

async function startReader(): Promise<{
  readonly child: ChildProcessWithoutNullStreams;
  readonly says: (line: string) => Promise<void>;
}> {
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program]);
  let told = '';
  let closed = false;
  after(() => child.kill('SIGKILL'));
  child.on('close', () => {
    closed = true;
  });
  child.stdout.on('data', (chunk) => {
    told += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    told += String(chunk);
  });
  const says = async (line: string) => {
    while (!told.split('\n').includes(line)) {
      assert.ok(!closed, `it ended without saying "${line}":\n${told}`);
      await Promise.race([once(child.stdout, 'data'), once(child, 'close')]);
    }
  };
  await says('size null');
  return { child, says };
}

describe('standard input', () => {
  test('hands on what has arrived while more is to come, and ends with its writer', async () => {
    const { child, says } = await startReader();
    child.stdin.write(pcap([]));
    await says('read 24');
    child.stdin.write(new Uint8Array(7));
    await says('read 7');
    child.stdin.end();
    await says('read 0');
    await says('ended 0');
  });

  test('ends when it is told to stop, though its writer neither writes nor ends', async () => {
    const { child, says } = await startReader();
    child.stdin.write(pcap([]));
    await says('read 24');
    child.kill('SIGINT');
    await says('read 0');
    await says('ended 0');
    child.stdin.end();
  });
});

describe('a file', () => {
  test('is read to its end even where it is told to stop, since it will end by itself', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, new Uint8Array(100));
    const source = await openFileSource(path, AbortSignal.abort());
    assert.equal(source.size, 100);
    const into = new Uint8Array(80);
    assert.deepEqual(
      [await source.read(into, 10, 70), await source.read(into, 0, 80), await source.read(into, 0, 80)],
      [70, 30, 0],
    );
    await source.close();
  });

  test('that is not there is what the system says', async () => {
    await assert.rejects(openFileSource(join(folder, 'missing')), { code: 'ENOENT' });
  });

  test('that is a named pipe has no size and ends when it is told to stop', {
    skip: process.platform === 'win32' && 'named pipes have no path here',
  }, async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const writer = openSync(path, 'r+');
    const stop = new AbortController();
    const source = await openFileSource(path, stop.signal);
    assert.equal(source.size, null);
    const into = new Uint8Array(64);
    writeSync(writer, 'abc');
    assert.equal(await source.read(into, 0, 64), 3);
    const waiting = source.read(into, 0, 64);
    stop.abort();
    assert.equal(await waiting, 0);
    // The read that nobody waits for ends here, so that the process can.
    writeSync(writer, 'd');
    await source.close();
    closeSync(writer);
  });
});
