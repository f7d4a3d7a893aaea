// Mutated frames and mutated captures of every format through the whole path, a fixed number with fixed dice.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { XportsError } from '../../src/base/errors.ts';
import { readPolicy } from '../../src/policy/document.ts';
import { captureOf, mutatedRecords } from './batch.ts';
import { Dice } from './dice.ts';
import { readsOf, tellSame, told } from './invariants.ts';
import { mutated } from './mutate.ts';
import { corpusCaptures, type Frame, framesOf, smallCaptures } from './seeds.ts';

const ROUNDS = 12;
const FRAMES_A_ROUND = 3000;
const CAPTURES = 2000;
const TOGETHER = 100;

describe('whatever the bytes are', () => {
  let frames: Frame[] = [];
  before(async () => {
    const captures = smallCaptures().map(({ data }) => data);
    frames = await framesOf([...captures, ...corpusCaptures()]);
    assert.ok(frames.length > 300, `${frames.length} frames`);
  });

  test('mutated packets are each in one place, however the capture is cut', async () => {
    const dice = new Dice(20_240_305);
    for (let round = 0; round < ROUNDS; round++) {
      const capture = captureOf(mutatedRecords(frames, FRAMES_A_ROUND, dice));
      const [whole, cut] = await Promise.all([told([capture]), told([capture], 1 + dice.below(4096))]);
      assert.equal(whole.packets, FRAMES_A_ROUND);
      tellSame(cut, whole, `round ${round}`);
    }
  });

  test('mutated captures of every format and compression end or are damaged, however they are cut', async () => {
    const dice = new Dice(1_709_629_200);
    const captures = smallCaptures();
    for (const ending of ['pcap', 'pcapng', 'cap', 'snoop', 'gz', 'zst'])
      assert.ok(
        captures.some(({ name }) => name.endsWith(`.${ending}`)),
        ending,
      );
    for (let done = 0; done < CAPTURES; done += TOGETHER) {
      const mutants = Array.from({ length: TOGETHER }, () =>
        mutated(dice.of(captures).data, dice.of(captures).data, dice),
      );
      const [whole, cut] = await Promise.all([told(mutants), told(mutants, 1 + dice.below(64))]);
      tellSame(cut, whole, `captures from ${done} on`);
    }
  });

  test('a packet costs no more reads than it has bytes, and a fixed number more', () => {
    const dice = new Dice(4);
    for (let n = 0; n < 60_000; n++) {
      const { bytes, linkType } = dice.of(frames);
      const changed = n % 4 === 0 ? bytes : mutated(bytes, dice.of(frames).bytes, dice);
      const reads = readsOf(changed, linkType);
      assert.ok(reads <= 300 + changed.length, `${reads} reads of ${Buffer.from(changed).toString('hex')}`);
    }
  });

  test('a mutated policy is read or refused with its mistakes', () => {
    const dice = new Dice(99);
    const encoder = new TextEncoder();
    const policies = POLICIES.map((text) => encoder.encode(text));
    for (let n = 0; n < 1500; n++) {
      const text = new TextDecoder().decode(mutated(dice.of(policies), dice.of(policies), dice));
      try {
        readPolicy('policy.yaml', text);
      } catch (error) {
        assert.ok(
          error instanceof XportsError && error.code === 'usage',
          `${error} for ${JSON.stringify(text)}`,
        );
      }
    }
  });
});

const POLICIES = [
  `version: 1
profile: allow-list
servers:
  mailbox: [10.0.0.5, "10.0.0.6"]
  edge: 10.9.0.0/28
rpc: { range: 6005-59530 }
services:
  - name: backup
    transport: tcp
    ports: [10000, 6101-6106]
    from: [10.0.0.0/24]
    to: servers
    reason: nightly
`,
  `version: 1
exceptions:
  - { kind: unexpected-port, port: 8443, transport: tcp, to: 2001:db8::5, reason: "a: &x b", expires: 2030-01-01 }
mirrors: [192.0.2.1]
severities: { unexpected-port: low }
`,
  `&a [*a, !!str {}, "\\u0000", ? x : y, <<: *a, 1e999, .nan, ~]`,
];
