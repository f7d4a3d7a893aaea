// pcap and pcapng files of random records and blocks, in random pieces: what is read is what was written.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type ByteOrder, join } from '../../fixtures/builder/bytes.ts';
import { type Packet, pcap } from '../../fixtures/builder/pcap.ts';
import {
  type Block,
  customBlock,
  enhancedPacket,
  interfaceBlock,
  interfaceStatistics,
  nameResolution,
  obsoletePacket,
  section,
  simplePacket,
} from '../../fixtures/builder/pcapng.ts';
import { inPieces, readCapture } from './support.ts';

const START_US = 1_700_000_000_000_000;
const RUNS = { numRuns: 300, seed: 9 };

const packet: fc.Arbitrary<Packet> = fc.record({
  timeUs: fc.integer({ min: 0, max: 1e12 }).map((us) => START_US + us),
  nanoseconds: fc.integer({ min: 0, max: 999 }),
  bytes: fc.uint8Array({ maxLength: 70 }),
});
const order = fc.constantFrom<ByteOrder>('little', 'big');
const snaplen = fc.constantFrom(20, 64, 262_144);
const pieces = fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 120 });

function lineOf(timeUs: number, bytes: Uint8Array, snap: number, linkType: number): string {
  return [timeUs, bytes.length, linkType, Buffer.from(bytes.subarray(0, snap)).toString('hex')].join(' ');
}

describe('what was written to a capture', () => {
  test('is read from pcap', async () => {
    const resolution = fc.constantFrom('micro', 'nano' as const);
    const file = fc.record({ packets: fc.array(packet, { maxLength: 12 }), order, snaplen, resolution });
    await fc.assert(
      fc.asyncProperty(file, pieces, async ({ packets, ...options }, cuts) => {
        const read = await readCapture(inPieces(pcap(packets, { ...options, linkType: 101 }), cuts));
        const expected = packets.map((one) => lineOf(one.timeUs, one.bytes, options.snaplen, 101));
        assert.deepEqual([read.records, read.damage], [expected, null]);
      }),
      RUNS,
    );
  });

  interface Described {
    readonly linkType: number;
    readonly snaplen: number;
    readonly resolution: number | undefined;
    readonly offsetSeconds: number | undefined;
  }

  /** Ticks as a writer counts them, and microseconds as the draft says they are read. */
  function timeOf(one: Packet, { resolution = 6, offsetSeconds = 0 }: Described): number {
    const perSecond = resolution & 0x80 ? 1n << BigInt(resolution & 0x7f) : 10n ** BigInt(resolution);
    const ns =
      BigInt(one.timeUs) * 1000n + BigInt(one.nanoseconds ?? 0) - BigInt(offsetSeconds) * 1_000_000_000n;
    const ticks = (ns * perSecond) / 1_000_000_000n;
    return Number((ticks * 1_000_000n) / perSecond) + offsetSeconds * 1e6;
  }

  const described: fc.Arbitrary<Described> = fc.record({
    linkType: fc.constantFrom(1, 101, 113),
    snaplen,
    resolution: fc.constantFrom(undefined, 0, 3, 6, 7, 9, 0x8a, 0x94, 0xa0),
    offsetSeconds: fc.constantFrom(undefined, 0, 3600, -86_400),
  });
  const kind = fc.constantFrom('enhanced', 'obsolete', 'simple', 'custom', 'names', 'statistics' as const);
  const body = fc.array(fc.record({ kind, packet, which: fc.nat(2), drops: fc.nat(1000) }), {
    maxLength: 12,
  });
  const oneSection = fc.record({
    order,
    interfaces: fc.array(described, { minLength: 1, maxLength: 3 }),
    body,
  });

  test('is read from pcapng, with its times, lengths, link types and drops', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(oneSection, { minLength: 1, maxLength: 3 }), pieces, async (all, cuts) => {
        const expected: string[] = [];
        let drops: number | null = null;
        const files = all.map((one) => {
          const blocks: Block[] = one.interfaces.map((each) => interfaceBlock(withoutUndefined(each)));
          const dropped = new Map<number, number>();
          for (const { kind: what, packet: sent, which, drops: lost } of one.body) {
            const interfaceId = which % one.interfaces.length;
            const source = one.interfaces[interfaceId];
            const at = { interfaceId, ...withoutUndefined(source) };
            if (what === 'enhanced' || what === 'obsolete') {
              blocks.push(what === 'enhanced' ? enhancedPacket(sent, at) : obsoletePacket(sent, at));
              expected.push(lineOf(timeOf(sent, source), sent.bytes, source.snaplen, source.linkType));
            } else if (what === 'simple') {
              const first = one.interfaces[0];
              blocks.push(simplePacket(sent, first.snaplen));
              expected.push(lineOf(-Infinity, sent.bytes, first.snaplen, first.linkType));
            } else if (what === 'custom') blocks.push(customBlock(1, sent.bytes));
            else if (what === 'names') blocks.push(nameResolution(Uint8Array.of(10, 0, 0, 1), 'mail'));
            else {
              blocks.push(interfaceStatistics({ timeUs: START_US, interfaceId, ifDrop: lost, osDrop: lost }));
              dropped.set(interfaceId, lost);
            }
          }
          // Each interface counts for itself, from its beginning; the last that it said is what counts.
          for (const lost of dropped.values()) drops = (drops ?? 0) + lost;
          return section(one.order, blocks);
        });
        const read = await readCapture(inPieces(join(...files), cuts));
        assert.deepEqual([read.records, read.damage], [expected, null]);
        assert.deepEqual([read.interfaceDropped, read.kernelDropped], [drops, drops]);
        const linkTypes = all.flatMap((one) => one.interfaces.map((each) => each.linkType));
        assert.deepEqual(read.linkTypes, [...new Set(linkTypes)]);
      }),
      RUNS,
    );
  });
});

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** The options that are there. */
function withoutUndefined<T extends object>(options: T): Partial<Given<T>> {
  const there = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as Partial<Given<T>>;
}
