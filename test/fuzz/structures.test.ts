// Packets that are built rather than found: links, tags, tunnels, extension headers and fragments in any nesting that
// fast-check thinks of, then cut or changed. It shrinks what fails to the smallest nesting that does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { zeros } from '../../fixtures/builder/bytes.ts';
import {
  destinationOptions,
  hopByHop,
  type IpPacket,
  type IpPayload,
  ip,
  ipv6,
  protocol,
  routing,
} from '../../fixtures/builder/ip.ts';
import {
  ethernet,
  type Link,
  linkType,
  linuxSll,
  llcSnap,
  mpls,
  pppoe,
  qinq,
  rawIp,
  vlan,
} from '../../fixtures/builder/link.ts';
import { ah, esp, icmp, icmpUnreachable, sctpInit, tcp, udp } from '../../fixtures/builder/transport.ts';
import {
  type Carry,
  erspan,
  geneve,
  gre,
  greEthernet,
  gtpu,
  ipInIp,
  nvgre,
  pptp,
  vxlan,
} from '../../fixtures/builder/tunnel.ts';
import { decode } from '../decode/support.ts';
import { captureOf } from './batch.ts';
import { readsOf, tellSame, told } from './invariants.ts';

const ADDRESSES = ['10.0.0.5', '192.0.2.77', '2001:db8::5', '2001:db8:ffff::77'] as const;
const CARRIES: readonly Carry[] = [
  ipInIp,
  gre(),
  gre({ checksum: true, key: 7, sequence: 1 }),
  greEthernet(),
  nvgre(5000),
  pptp(true, true),
  erspan(1),
  erspan(2),
  erspan(3, true),
  vxlan(7),
  vxlan(7, vlan(12)),
  geneve(9, null),
  geneve(9, ethernet(), zeros(8)),
  gtpu(77),
];
const LINKS: readonly (readonly [number, Link])[] = [
  [linkType.ethernet, ethernet()],
  [linkType.ethernet, vlan(100)],
  [linkType.ethernet, qinq(100, 200)],
  [linkType.ethernet, llcSnap()],
  [linkType.ethernet, mpls([16, 17, 18])],
  [linkType.ethernet, mpls([16], { link: ethernet(), controlWord: true })],
  [linkType.ethernet, pppoe()],
  [linkType.linuxSll, linuxSll()],
  [linkType.raw, rawIp()],
];

const port = fc.constantFrom(25, 53, 135, 443, 593, 2152, 4500, 4789, 5060, 6081, 50_636, 64_327);
const data = fc.uint8Array({ maxLength: 60 });
const transport: fc.Arbitrary<IpPayload> = fc.oneof(
  fc
    .tuple(port, port, fc.nat(31), data)
    .map(([sourcePort, destinationPort, flags, bytes]) =>
      tcp({ sourcePort, destinationPort, flags: flagText(flags), seq: 1, ack: 1 }, bytes),
    ),
  fc.tuple(port, port, data).map(([from, to, bytes]) => udp(from, to, bytes)),
  fc.tuple(fc.nat(255), fc.nat(255), data).map(([type, code, bytes]) => icmp(type, code, bytes)),
  fc.tuple(port, port).map(([from, to]) => sctpInit(from, to)),
  data.map((bytes) => ah(1, 2, udp(50_000, 53, bytes))),
  fc.constant(esp(3, 4)),
  fc.tuple(fc.nat(255), data).map(([number, bytes]) => protocol(number, bytes)),
);

function flagText(bits: number): string {
  return [...'FSRPA'].filter((_, n) => (bits & (1 << n)) !== 0).join('');
}

const extensions = fc.array(fc.constantFrom(hopByHop, destinationOptions, routing), { maxLength: 6 });
const innermost = fc.record({
  carried: transport,
  six: fc.boolean(),
  headers: extensions,
  quoted: fc.boolean(),
});
const shape = fc.record({
  innermost,
  carries: fc.array(fc.tuple(fc.constantFrom(...CARRIES), fc.boolean()), { maxLength: 10 }),
  link: fc.constantFrom(...LINKS),
});

/** The packet within its tunnels; a packet that is too long for an IP header stays as it was. */
function built({
  innermost,
  carries,
  link,
}: typeof shape extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  const { carried, six, headers, quoted } = innermost;
  const inner: IpPacket = six
    ? ipv6({ source: ADDRESSES[2], destination: ADDRESSES[3], extensions: headers }, carried)
    : ip(ADDRESSES[0], ADDRESSES[1], carried);
  let packet = quoted && !six ? ip(ADDRESSES[1], ADDRESSES[0], icmpUnreachable(3, inner)) : inner;
  for (const [carry, outerSix] of carries) {
    const around = outerSix
      ? ip(ADDRESSES[2], ADDRESSES[3], carry(packet))
      : ip(ADDRESSES[0], ADDRESSES[1], carry(packet));
    if (around.bytes.length > 60_000) break;
    packet = around;
  }
  return link[1](packet);
}

const changes = fc.array(fc.record({ at: fc.double({ min: 0, max: 0.999, noNaN: true }), to: fc.nat(255) }), {
  maxLength: 3,
});

test('a packet in any nesting is in one place, and costs no more than its bytes', () => {
  const property = fc.property(
    shape,
    changes,
    fc.double({ min: 0, max: 1, noNaN: true }),
    (made, all, share) => {
      const bytes = built(made);
      for (const { at, to } of all) bytes[Math.floor(at * bytes.length)] = to;
      const captured = share > 0.5 ? bytes.length : Math.floor(share * 2 * bytes.length);
      const read = decode(bytes, made.link[0], { captured });
      assert.equal(read.wireBytes, bytes.length);
      assert.ok((read.skip === null) === (read.version === 4 || read.version === 6));
      const reads = readsOf(bytes.subarray(0, captured), made.link[0]);
      assert.ok(reads <= 300 + captured, `${reads} reads of ${captured} bytes`);
    },
  );
  fc.assert(property, { numRuns: 6000, seed: 8 });
});

test('many such packets make one story, however the capture is cut', async () => {
  const record = fc.record({ made: shape, changes, stepUs: fc.integer({ min: -1e6, max: 70e6 }) });
  const property = fc.asyncProperty(
    fc.array(record, { minLength: 1, maxLength: 40 }),
    fc.integer({ min: 1, max: 500 }),
    async (list, chunk) => {
      let timeUs = 1_709_629_200_000_000;
      const capture = captureOf(
        list.map(({ made, changes: all, stepUs }) => {
          const bytes = built(made);
          for (const { at, to } of all) bytes[Math.floor(at * bytes.length)] = to;
          timeUs += stepUs;
          return { bytes, linkType: made.link[0], timeUs, wireBytes: bytes.length };
        }),
      );
      const whole = await told([capture]);
      assert.equal(whole.packets, list.length);
      tellSame(await told([capture], chunk), whole);
    },
  );
  await fc.assert(property, { numRuns: 60, seed: 9 });
});
