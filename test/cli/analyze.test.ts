// xports analyze from the outside: what it prints where, and its exit codes.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { scratch } from '../store/sample.ts';
import { xports } from './call.ts';

/** A pcap of Ethernet with one packet: a SYN from 192.0.2.1 to TCP `port` of 10.0.0.5, answered or not. */
function capture(port: number, answered: boolean): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(65_535, 16);
  header.writeUInt32LE(1, 20);
  const packets = [packet([192, 0, 2, 1], [10, 0, 0, 5], 50_000, port, 0x02, 0)];
  if (answered) packets.push(packet([10, 0, 0, 5], [192, 0, 2, 1], port, 50_000, 0x12, 1));
  return Buffer.concat([header, ...packets]);
}

function packet(
  from: number[],
  to: number[],
  fromPort: number,
  toPort: number,
  flags: number,
  second: number,
): Buffer {
  const frame = Buffer.alloc(54);
  frame.writeUInt16BE(0x0800, 12);
  frame[14] = 0x45;
  frame.writeUInt16BE(40, 16);
  frame[22] = 64;
  frame[23] = 6;
  Buffer.from([...from, ...to]).copy(frame, 26);
  frame.writeUInt16BE(fromPort, 34);
  frame.writeUInt16BE(toPort, 36);
  frame.writeUInt32BE(1000 + second, 38);
  if (flags === 0x12) frame.writeUInt32BE(1001, 42);
  frame[46] = 0x50;
  frame[47] = flags;
  const record = Buffer.alloc(16);
  record.writeUInt32LE(1_700_000_000 + second, 0);
  record.writeUInt32LE(frame.length, 8);
  record.writeUInt32LE(frame.length, 12);
  return Buffer.concat([record, frame]);
}

test('a capture is analyzed, reported, and stored', async (t) => {
  const dir = scratch(t);
  const file = join(dir, 'a.pcap');
  const db = join(dir, 'x.db');
  writeFileSync(file, capture(3389, true));
  const called = await xports('analyze', file, '--db', db);
  assert.equal(called.code, 0, called.err);
  assert.match(called.out, /^Run 1/);
  assert.match(called.out, /tcp\/3389/);
  assert.equal(called.err, '');
  assert.equal((await xports('report', '--db', db)).out, called.out, 'what is printed is what is stored');
});

test('--quiet prints nothing, and --json still its document', async (t) => {
  const dir = scratch(t);
  const file = join(dir, 'a.pcap');
  const db = join(dir, 'x.db');
  writeFileSync(file, capture(443, true));
  assert.deepEqual(await xports('analyze', file, '--db', db, '--quiet'), { code: 0, out: '', err: '' });
  const json = await xports('analyze', file, '--db', db, '--quiet', '--json');
  assert.equal(JSON.parse(json.out).run.packets, 2);
});

test('--fail-on is met by findings as severe or worse, and by nothing else', async (t) => {
  const dir = scratch(t);
  const db = join(dir, 'x.db');
  const refused = join(dir, 'refused.pcap');
  const fine = join(dir, 'fine.pcap');
  writeFileSync(refused, capture(9999, false));
  writeFileSync(fine, capture(443, true));
  const code = async (file: string, severity: string) =>
    (await xports('analyze', file, '--db', db, '-q', '--fail-on', severity)).code;
  assert.equal(await code(refused, 'info'), 1);
  assert.equal(await code(refused, 'high'), 0, 'an attempt without an answer is not high');
  assert.equal(await code(fine, 'info'), 0);
});

test('no capture with a readable header is exit code 3', async (t) => {
  const dir = scratch(t);
  const db = join(dir, 'x.db');
  const text = join(dir, 'notes.txt');
  writeFileSync(text, 'nothing to see here\n');
  mkdirSync(join(dir, 'empty'));
  for (const source of [join(dir, 'missing.pcap'), text, join(dir, 'empty')]) {
    const called = await xports('analyze', source, '--db', db, '--quiet');
    assert.equal(called.code, 3, source);
    assert.match(called.err, /^xports: /);
    assert.equal(called.out, '');
  }
});

test('damage is exit code 4, also with --quiet, and goes before --fail-on', async (t) => {
  const dir = scratch(t);
  const file = join(dir, 'cut.pcap');
  writeFileSync(file, capture(9999, true).subarray(0, -10));
  const called = await xports('analyze', file, '--db', join(dir, 'x.db'), '--quiet', '--fail-on', 'info');
  assert.equal(called.code, 4);
  assert.match(called.err, /94/, 'the offset of the damaged record');
});

test('a database that cannot be written is exit code 6, whatever else is wrong', async (t) => {
  const dir = scratch(t);
  const file = join(dir, 'cut.pcap');
  writeFileSync(file, capture(9999, true).subarray(0, -10));
  const called = await xports('analyze', file, '--db', join(dir, 'lost', 'x.db'), '--fail-on', 'info');
  assert.equal(called.code, 6);
  assert.match(called.err, /lost/);
  assert.equal(existsSync(join(dir, 'lost')), false);
});

test('--retain-days 0 deletes the flows of earlier runs, and never its own', async (t) => {
  const dir = scratch(t);
  const db = join(dir, 'x.db');
  const file = join(dir, 'a.pcap');
  writeFileSync(file, capture(443, true));
  for (let run = 0; run < 2; run++) await xports('analyze', file, '--db', db, '-q', '--retain-days', '0');
  const { out } = await xports('flows', '--db', db, '--run', 'all', '--format', 'jsonl');
  const runs = out.trim().split('\n');
  assert.deepEqual(
    runs.map((line) => JSON.parse(line).run_id),
    [2],
  );
  assert.ok(!existsSync(`${db}-wal`), 'nobody has the database open any more');
});

test('what is said of a file shows its name without what a terminal would obey', async (t) => {
  const dir = scratch(t);
  const name = 'a\u001b[2J\u0007.pcap';
  writeFileSync(join(dir, name), capture(443, true).subarray(0, -10));
  for (const args of [
    ['analyze', join(dir, name), '--db', join(dir, 'x.db')],
    ['analyze', join(dir, `missing${name}`), '--db', join(dir, 'x.db')],
    ['report', '--db', join(dir, `missing${name}`)],
    ['report', `--${name}`],
  ]) {
    const { code, out, err } = await xports(...args);
    assert.notEqual(code, 0);
    assert.match(err, /a\?\[2J\?\.pcap/);
    assert.ok(!`${out}${err}`.includes('\u001b'), args.join(' '));
  }
});
