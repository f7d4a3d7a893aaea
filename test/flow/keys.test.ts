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

interface Kind {
  /** What is carried, and what of it tells flows between two hosts apart: for both directions the same. */
  readonly carried: IpPayload;
  readonly sides: readonly [from: number, to: number];
  readonly name: string;
}

const port = fc.constantFrom(25, 53, 2525, 50_000);
const number = fc.constantFrom(1, 2, 3);
const ports = fc.tuple(port, port);

type Make = (six: boolean) => Kind;

const kind: fc.Arbitrary<Make> = fc.oneof(
  ports.map(
    ([from, to]): Make =>
      () => ({ ...segment(from, to), name: 'tcp' }),
  ),
  ports.map(
    ([from, to]): Make =>
      () => ({ carried: udp(from, to, zeros(9)), sides: [from, to], name: 'udp' }),
  ),
  ports.map(
    ([from, to]): Make =>
      () => ({
        carried: protocol(132, join(u16(from), u16(to), zeros(12))),
        ...{ sides: [from, to], name: 'sctp' },
      }),
  ),
  // AH is told apart by what is inside and not by its own numbers.
  fc.tuple(ports, number).map(
    ([[from, to], spi]): Make =>
      () => {
        const inside = segment(from, to);
        return { ...inside, carried: ah(spi, spi, inside.carried), name: 'tcp in ah' };
      },
  ),
  number.map(
    (spi): Make =>
      () => ({ carried: esp(spi, spi), sides: [0, 0], name: 'esp' }),
  ),
  fc.constantFrom(2, 89, 103).map(
    (other): Make =>
      () => ({
        carried: protocol(other, u32(7)),
        ...{ sides: [0, 0], name: `ip-${other}` },
      }),
  ),
  // Requests and replies of a kind are a family, and other messages are by their type; codes tell nothing.
  fc.tuple(fc.constantFrom(0, 8, 13, 14, 3, 11), fc.constantFrom(0, 1)).map(
    ([type, code]): Make =>
      (six) => {
        const family = type === 0 ? 8 : type === 14 ? 13 : type;
        if (!six) return { carried: icmp(type, code, zeros(24)), sides: [0, 0], name: `icmp ${family}` };
        const type6 = type === 8 ? 128 : type === 0 ? 129 : type + 130;
        const name = `icmp6 ${type6 === 129 ? 128 : type6}`;
        return { carried: icmpv6(type6, code, zeros(24)), sides: [0, 0], name };
      },
  ),
);

function segment(from: number, to: number): Omit<Kind, 'name'> {
  const header = { sourcePort: from, destinationPort: to, seq: 5, ack: 9, flags: 'A' };
  return { carried: tcp(header, zeros(3)), sides: [from, to] };
}

const sent = fc
  .record({ six: fc.boolean(), from: fc.nat(2), to: fc.nat(2), tags: fc.nat(2), make: kind })
  .filter(({ from, to }) => from !== to);

describe('a flow', () => {
  test('is the packets between two hosts that share protocol, ports or family, whatever their tags', () => {
    const property = fc.property(fc.array(sent, { minLength: 1, maxLength: 120 }), (all) => {
      const meter = new TestMeter();
      const expected = new Map<string, { packets: number; bytes: number }[]>();
      all.forEach((one, n) => {
        const hosts = one.six ? HOSTS6 : HOSTS4;
        const { carried, sides, name } = one.make(one.six);
        const tags = Array.from({ length: one.tags }, (_, id) => ({ type: 0x8100, id: id + 1 }));
        const bytes = ethernet({ tags })(ip(hosts[one.from], hosts[one.to], carried));
        const packet = new PacketView();
        packet.timeUs = START_US + n;
        packet.ordinal = n + 1;
        decodeRecord(packet, new DataView(bytes.buffer), 0, bytes.length, bytes.length, ETHERNET);
        meter.meter.tick(packet);
        meter.meter.addAll([packet], 1, packet.ipVersion);

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
