// Traffic made to use up time or memory: what it may cost is counted in reads, rows and records, never in seconds.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { join, u8, u16, u32, zeros } from '../../fixtures/builder/bytes.ts';
import { startUs } from '../../fixtures/builder/conversation.ts';
import { destinationOptions, ip, ipv4Fragments, ipv6 } from '../../fixtures/builder/ip.ts';
import { ethernet, rawIp } from '../../fixtures/builder/link.ts';
import { pcap } from '../../fixtures/builder/pcap.ts';
import { block, enhancedPacket, interfaceBlock, section } from '../../fixtures/builder/pcapng.ts';
import { tcp, udp } from '../../fixtures/builder/transport.ts';
import { gre, ipInIp } from '../../fixtures/builder/tunnel.ts';
import { PacketView } from '../../src/decode/packet.ts';
import { setKey } from '../../src/flow/key.ts';
import { Looker } from '../../src/learn/looker.ts';
import { PacketPath } from '../../src/pipeline/path.ts';
import { RowPath } from '../../src/pipeline/row-path.ts';
import { decode } from '../decode/support.ts';
import { MemorySink, newPath, runCapture } from '../pipeline/memory.ts';
import { inPieces, readCapture } from '../source/support.ts';
import { readsOf } from './invariants.ts';

const NO_DROPS = { kernelDropped: null, interfaceDropped: null };
const A = '192.0.2.1';
const B = '10.0.0.5';

interface Run {
  readonly sink: MemorySink;
  readonly packets: number;
}

/** Puts frames through a path with that many flows at most, and checks that every packet is somewhere. */
async function run(frames: readonly Uint8Array[], maxFlows = 1 << 20, stepUs = 10): Promise<Run> {
  const sink = new MemorySink();
  const path = new PacketPath(
    { rpcRange: null, payload: true, tcpTimeoutS: 300, otherTimeoutS: 60, activeTimeoutS: 0, maxFlows },
    new RowPath({ servers: null, rpcRange: null, flows: 'all' }, sink),
  );
  await runCapture(path, pcap(frames.map((bytes, n) => ({ timeUs: startUs + n * stepUs, bytes }))));
  assert.ok(path.meter.size <= maxFlows, `${path.meter.size} flows in the table`);
  await path.checkpoint([], NO_DROPS, true);
  const skipped = (sink.state?.skipped ?? []).reduce((sum, row) => sum + row.packets, 0);
  assert.equal(sink.packets + skipped, frames.length);
  return { sink, packets: path.packets };
}

describe('one packet', () => {
  test('with nothing but extension headers costs a read or two for each', () => {
    for (const count of [10, 100, 1000, 8000]) {
      const extensions = Array.from({ length: count }, () => destinationOptions);
      const bytes = ethernet()(
        ipv6({ source: '2001:db8::1', destination: '2001:db8::5', extensions }, udp(1, 2, zeros(4))),
      );
      const reads = readsOf(bytes, 1);
      assert.ok(reads <= 100 + 4 * count, `${reads} reads for ${count} headers`);
      const read = decode(bytes, 1);
      assert.ok(read.skip === null && read.protocol === 17, `${count} headers end in ${read.protocol}`);
    }
  });

  test('in a thousand tunnels is counted as having too many of them, and is not walked to its end', () => {
    for (const carry of [ipInIp, gre()]) {
      let packet = ip(A, B, udp(1, 2, zeros(4)));
      for (let depth = 0; depth < 1000; depth++) packet = ip(A, B, carry(packet));
      const read = decode(rawIp()(packet), 101);
      assert.equal(read.skip, 'too-many-encapsulations');
      const reads = readsOf(rawIp()(packet), 101);
      assert.ok(reads < 1000, `${reads} reads`);
    }
  });
});

describe('a pcapng file', () => {
  const packet = { timeUs: startUs, bytes: ethernet()(ip(A, B, udp(50_000, 53, zeros(20)))) };

  test('with a quarter of a million options in one block is read like any other', async () => {
    const options = new Uint8Array(1_000_000).map((_, n) => (n % 4 === 0 ? 7 : 0));
    const heavy = block(1, (order) => join(u16(1, order), u16(0, order), u32(262_144, order), options));
    const result = await readCapture(inPieces(section('little', [heavy, enhancedPacket(packet)]), []));
    assert.equal(result.records.length + (result.damage === null ? 0 : 1), 1);
  });

  test('of a hundred thousand sections keeps no more of each than of the last', async () => {
    const one = section('little', [interfaceBlock()]);
    const bytes = join(
      ...new Array<Uint8Array>(100_000).fill(one),
      section('little', [interfaceBlock(), enhancedPacket(packet)]),
    );
    const result = await readCapture(inPieces(bytes, []));
    assert.deepEqual([result.records.length, result.damage, result.linkTypes], [1, null, [1]]);
  });
});

describe('a flood', () => {
  const syn = (n: number) =>
    ethernet()(
      ip(
        `198.18.${(n >> 8) & 255}.${n & 255}`,
        B,
        tcp({ sourcePort: 1024 + (n % 60_000), destinationPort: 25, seq: n, flags: 'S' }),
      ),
    );

  test('of SYNs leaves no more flows in the table than there may be, says how many went, and loses none', async () => {
    const { sink } = await run(
      Array.from({ length: 30_000 }, (_, n) => syn(n)),
      4096,
    );
    assert.equal(sink.flowLines.length, 30_000);
    assert.ok(Number(sink.state?.facts.evicted_flows) >= 30_000 - 4096);
  });

  test('of fragments whose first never comes is counted whole', async () => {
    const fragments = Array.from({ length: 40_000 }, (_, n) => {
      const header = { source: `198.18.${(n >> 8) & 255}.${n & 255}`, destination: B, id: n & 0xffff };
      return ethernet()(ipv4Fragments(header, udp(1, 2, zeros(40)), 24)[1]);
    });
    const { sink } = await run(fragments);
    assert.equal(sink.packets, 40_000);
  });

  test('of ports that are tried is one finding, however many they are', async () => {
    const tries = Array.from({ length: 20_000 }, (_, n) =>
      ethernet()(ip(A, B, tcp({ sourcePort: 40_000, destinationPort: 10_000 + n, seq: 9, flags: 'S' }))),
    );
    const { sink } = await run(tries);
    const findings = sink.state?.findings ?? [];
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ['port-scan'],
    );
    assert.ok(findings[0].flows > 19_900, `${findings[0].flows} flows`);
  });

  test('of EtherTypes ends in reasons that are bounded, and its packets are all counted', async () => {
    const frames = Array.from({ length: 20_000 }, (_, n) => join(zeros(12), u16(0x9000 + n), zeros(46)));
    const { sink } = await run(frames);
    const reasons = sink.state?.skipped ?? [];
    assert.ok(reasons.length <= 4097, `${reasons.length} reasons`);
  });

  test('of TLS records a byte at a time is looked at a few times for each flow', async () => {
    const dribble: Uint8Array[] = [];
    const hello = Uint8Array.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);
    for (let n = 0; n < 20_000; n++) {
      const data = u8(hello[n % hello.length]);
      dribble.push(
        ethernet()(
          ip(A, B, tcp({ sourcePort: 50_000, destinationPort: 443, seq: 1 + n, ack: 1, flags: 'PA' }, data)),
        ),
      );
    }
    const { look } = Looker.prototype;
    let looks = 0;
    Looker.prototype.look = function (...args) {
      looks++;
      return look.apply(this, args);
    };
    try {
      await run(dribble);
    } finally {
      Looker.prototype.look = look;
    }
    assert.ok(looks > 0 && looks <= 16, `${looks} looks`);
  });
});

describe('keys that an attacker chose', () => {
  /** The longest run of slots that a search may have to go through. */
  async function longestRun(seed: number, frames: readonly Uint8Array[]): Promise<number> {
    const random = Math.random;
    Math.random = () => (seed >>> 0) / 2 ** 32;
    let path: PacketPath;
    try {
      path = newPath(new MemorySink());
    } finally {
      Math.random = random;
    }
    await runCapture(path, pcap(frames.map((bytes, n) => ({ timeUs: startUs + n, bytes }))));
    const { v4 } = path.meter as unknown as { v4: { slots: { words: Int32Array } } };
    let run = 0;
    let longest = 0;
    for (const word of v4.slots.words) {
      run = word === 0 ? 0 : run + 1;
      longest = Math.max(longest, run);
    }
    return longest;
  }

  /** UDP frames that all begin their search at the first slot of a table of the first size, under that seed. */
  function colliding(seed: number, count: number): Uint8Array[] {
    const frames: Uint8Array[] = [];
    const packet = new PacketView();
    Object.assign(packet, { ipVersion: 4, protocol: 17, inner: 17, dst0: 0x0a000005, dstPort: 53 });
    for (let n = 0; frames.length < count; n++) {
      packet.src0 = 0xc6120000 + (n >> 14);
      packet.src0 |= 0;
      packet.srcPort = 1024 + (n & 16_383);
      setKey(packet, seed);
      if ((packet.hash & 32_767) !== 0) continue;
      const source = `198.18.${(n >> 22) & 255}.${(n >> 14) & 255}`;
      frames.push(ethernet()(ip(source, B, udp(packet.srcPort, 53, zeros(4)))));
    }
    return frames;
  }

  test('collide under the seed that was known, and not under another', async () => {
    const known = 12_345;
    const frames = colliding(known, 400);
    const [aimed, other] = [await longestRun(known, frames), await longestRun(known ^ 0x5bd1_e995, frames)];
    assert.ok(aimed >= 400, `the attack does not work: runs of ${aimed}`);
    assert.ok(other < 40, `runs of ${other} under a seed that was not known`);
  });
});
