// What counts as a packet that a span port delivered twice.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FRAGMENT } from '../../src/decode/packet.ts';
import { DuplicateSampler } from '../../src/flow/duplicates.ts';
import { ACK, packetOf, type Sent, SYN } from './support.ts';

const START_US = 1_700_000_000_000_000;

function segment(ipId: number, afterUs = 0, rest: Partial<Sent> = {}): Sent {
  const { more, ...other } = rest;
  return {
    from: { host: 1, port: 50_000 },
    to: { host: 2, port: 443 },
    timeUs: START_US + afterUs,
    flags: ACK,
    seq: 1000,
    ack: 5000,
    payload: 100,
    ...other,
    more: { ipId, ...more },
  };
}

function look(...all: Sent[]): DuplicateSampler {
  const sampler = new DuplicateSampler();
  all.forEach((sent, n) => {
    sampler.look(packetOf(sent, n + 1));
  });
  return sampler;
}

describe('the duplicate sampler', () => {
  test('counts a copy within ten milliseconds, whatever VLAN it came by', () => {
    const copies = [0, 1, 9_999, 10_000].map((afterUs) =>
      look(segment(7), segment(7, afterUs, { more: { vlans: 101 } })),
    );
    for (const { sampled, duplicates } of copies) assert.deepEqual([sampled, duplicates], [2, 1]);
  });

  test('counts no retransmission that comes later than ten milliseconds', () => {
    assert.equal(look(segment(7), segment(7, 10_001)).duplicates, 0);
  });

  test('counts no two packets that differ in identification, sequence, length, ports or addresses', () => {
    const others = [
      segment(8),
      segment(7, 0, { seq: 1001 }),
      segment(7, 0, { payload: 101 }),
      segment(7, 0, { from: { host: 1, port: 50_001 } }),
      segment(7, 0, { to: { host: 3, port: 443 } }),
      segment(7, 0, { from: { host: 2, port: 443 }, to: { host: 1, port: 50_000 } }),
    ];
    for (const other of others) assert.equal(look(segment(7), other).duplicates, 0);
  });

  test('counts copies without an identification where their content tells, but no repeated acknowledgement', () => {
    const twice = (sent: Sent) => look(sent, { ...sent, timeUs: sent.timeUs + 50 });
    assert.equal(twice(segment(0)).duplicates, 1);
    assert.equal(twice(segment(0, 0, { flags: SYN, payload: 0 })).duplicates, 1);
    assert.equal(twice(segment(0, 0, { payload: 0 })).sampled, 0);
    assert.equal(twice(segment(0, 0, { protocol: 17 })).sampled, 0);
  });

  test('leaves fragments out, which share all that is compared', () => {
    const fragment = segment(7, 0, { protocol: 17, more: { fragment: FRAGMENT.later } });
    assert.equal(look(fragment, fragment).sampled, 0);
  });

  test('finds every second packet to be a copy where all are doubled, in a long capture too', () => {
    const sampler = new DuplicateSampler();
    const count = 150_000;
    for (let n = 0; n < count; n++) {
      const sent = segment((n % 65_535) + 1, n * 20, { seq: n * 977 });
      sampler.look(packetOf(sent, 2 * n + 1));
      sampler.look(packetOf(sent, 2 * n + 2));
    }
    assert.equal(sampler.duplicates * 2, sampler.sampled);
    assert.ok(sampler.sampled > 100_000 && sampler.sampled < 120_000, `${sampler.sampled} were looked at`);
  });
});
