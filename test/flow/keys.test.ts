// What belongs to one flow, for every protocol: packets as they are on the wire, counted by a key written out in words.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { join, u16, u32, zeros } from '../../fixtures/builder/bytes.ts';
import { type IpPayload, ip, protocol } from '../../fixtures/builder/ip.ts';
import { ethernet } from '../../fixtures/builder/link.ts';
import { ah, esp, icmp, icmpv6, tcp, udp } from '../../fixtures/builder/transport.ts';
import { decodeRecord } from '../../src/decode/link/index.ts';
import { PacketView } from '../../src/decode/packet.ts';
import { TestMeter } from './support.ts';

const ETHERNET = 1;
const START_US = 1_700_000_000_000_000;
const HOSTS4 = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
const HOSTS6 = ['2001:db8::1', '2001:db8::2', '2001:db8::3'];

/** What is carried, and what of it tells flows between two hosts apart. */
interface Told {
  readonly carried: IpPayload;
  readonly name: string;
  /** Numbers of the sender and the receiver, where there are ports. */
  readonly sides?: readonly [from: number, to: number];
}

const KINDS = ['tcp', 'udp', 'sctp', 'ah', 'esp', 'igmp', 'ospf', 'icmp'] as const;
/** Of IPv4, and of IPv6 with the same meaning where there is one; requests first, replies after them. */
const FAMILIES = [
  { types: [8, 0], types6: [128, 129] },
  { types: [13, 14], types6: [143, 143] },
  { types: [11, 11], types6: [3, 3] },
  { types: [3, 3], types6: [135, 135] },
] as const;

const port = fc.constantFrom(25, 53, 2525, 50_000);
const packet = fc
  .record({
    kind: fc.constantFrom(...KINDS),
    six: fc.boolean(),
    tags: fc.nat(2),
    from: fc.nat(2),
    to: fc.nat(2),
    fromPort: port,
    toPort: port,
    /** An SPI, a family, or a code: what must not matter, and what must. */
    number: fc.nat(3),
    reply: fc.constantFrom(0, 1),
  })
  .filter(({ from, to }) => from !== to);
type Random = typeof packet extends fc.Arbitrary<infer T> ? T : never;

function told({ kind, six, fromPort, toPort, number, reply }: Random): Told {
  const header = { sourcePort: fromPort, destinationPort: toPort, seq: 5, ack: 9, flags: 'A' };
  const segment = tcp(header, zeros(3));
  const sides = [fromPort, toPort] as const;
  switch (kind) {
    case 'tcp':
      return { name: kind, sides, carried: segment };
    case 'ah':
      return { name: kind, sides, carried: ah(number, number, segment) };
    case 'udp':
      return { name: kind, sides, carried: udp(fromPort, toPort, zeros(9)) };
    case 'sctp':
      return { name: kind, sides, carried: protocol(132, join(u16(fromPort), u16(toPort), zeros(12))) };
    case 'esp':
      return { name: kind, carried: esp(number, number) };
    case 'igmp':
      return { name: kind, carried: protocol(2, u32(number)) };
    case 'ospf':
      return { name: kind, carried: protocol(89, u32(number)) };
    case 'icmp': {
      const { types, types6 } = FAMILIES[number];
      const carried = six ? icmpv6(types6[reply], 0, zeros(24)) : icmp(types[reply], reply, zeros(24));
      return { name: `icmp family ${number}`, carried };
    }
  }
}

describe('a flow', () => {
  test('is the packets between two hosts that share protocol, ports or family, whatever their tags', () => {
    const property = fc.property(fc.array(packet, { minLength: 1, maxLength: 120 }), (all) => {
      const meter = new TestMeter();
      const expected = new Map<string, { packets: number; bytes: number }[]>();
      all.forEach((one, n) => {
        const hosts = one.six ? HOSTS6 : HOSTS4;
        const { carried, name, sides = [0, 0] } = told(one);
        const tags = Array.from({ length: one.tags }, (_, id) => ({ type: 0x8100, id: id + 1 }));
        const bytes = ethernet({ tags })(ip(hosts[one.from], hosts[one.to], carried));
        const view = new PacketView();
        view.timeUs = START_US + n;
        view.ordinal = n + 1;
        decodeRecord(view, new DataView(bytes.buffer), 0, bytes.length, bytes.length, ETHERNET);
        meter.take([view], view.ipVersion);

        const ends = [`${one.from}:${sides[0]}`, `${one.to}:${sides[1]}`];
        const [low, high] = [...ends].sort();
        const key = `${one.six ? 6 : 4} ${name} ${low} ${high}`;
        const sums = expected.get(key) ?? [
          { packets: 0, bytes: 0 },
          { packets: 0, bytes: 0 },
        ];
        const sum = sums[ends[0] === low ? 0 : 1];
        sum.packets++;
        sum.bytes += bytes.length;
        expected.set(key, sums);
      });
      const both = (a: { packets: number; bytes: number }, b: { packets: number; bytes: number }) =>
        [a, b]
          .map(({ packets, bytes }) => `${packets} packets, ${bytes} bytes`)
          .sort()
          .join(' and ');
      assert.deepEqual(
        meter
          .finish()
          .map((flow) => both(flow.out, flow.back))
          .sort(),
        [...expected.values()].map(([low, high]) => both(low, high)).sort(),
      );
    });
    fc.assert(property, { numRuns: 60, seed: 12 });
  });
});
