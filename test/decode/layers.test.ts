// Packets put together from all layers that can stand around a transport, cut anywhere: what is read is what was put in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { join, u16, u32, zeros } from '../../fixtures/builder/bytes.ts';
import {
  destinationOptions,
  type ExtensionHeader,
  hopByHop,
  type IpPayload,
  ipv4,
  ipv6,
  protocol,
  routing,
} from '../../fixtures/builder/ip.ts';
import {
  ethernet,
  type Link,
  linkType,
  linuxSll,
  linuxSll2,
  llcSnap,
  loopLink,
  nullLink,
  rawIp,
} from '../../fixtures/builder/link.ts';
import { ah, esp, icmp, icmpv6, tcp, udp } from '../../fixtures/builder/transport.ts';
import { decode } from './support.ts';

interface Built {
  readonly make: (six: boolean) => IpPayload;
  /** Bytes above the transport header; for what has none, all of it. */
  readonly payload: number;
  readonly protocol: (six: boolean) => number;
  readonly ports: readonly [number, number] | null;
  readonly tcp?: { readonly flags: number; readonly seq: number; readonly ack: number };
}

const AH_BYTES = 24;
const mobility: ExtensionHeader = { type: 135, rest: zeros(7) };
const port = fc.integer({ min: 0, max: 65_535 });
const number = fc.integer({ min: 0, max: 0xffff_ffff });
const size = fc.integer({ min: 0, max: 60 });

const segment = fc.record({ from: port, to: port, seq: number, ack: number, size }).map(
  ({ from, to, seq, ack, size: bytes }): Built => ({
    make: () =>
      tcp({ sourcePort: from, destinationPort: to, seq, ack, flags: 'PA' }, zeros(bytes).fill(0x45)),
    payload: bytes,
    protocol: () => 6,
    ports: [from, to],
    tcp: { flags: 0x18, seq, ack },
  }),
);
const datagram = fc.record({ from: port, to: port, size }).map(
  ({ from, to, size: bytes }): Built => ({
    make: () => udp(from, to, zeros(bytes).fill(0x60)),
    payload: bytes,
    protocol: () => 17,
    ports: [from, to],
  }),
);
const association = fc.record({ from: port, to: port, size }).map(
  ({ from, to, size: bytes }): Built => ({
    make: () => protocol(132, join(u16(from), u16(to), u32(1), u32(2), zeros(bytes))),
    payload: bytes,
    protocol: () => 132,
    ports: [from, to],
  }),
);
const message = size.map(
  (bytes): Built => ({
    make: (six) => (six ? icmpv6(135, 0, zeros(4 + bytes)) : icmp(11, 0, zeros(4 + bytes))),
    payload: bytes,
    protocol: (six) => (six ? 58 : 1),
    ports: null,
  }),
);
const sealed = size.map(
  (bytes): Built => ({
    make: () => esp(7, 1, bytes),
    payload: 8 + bytes,
    protocol: () => 50,
    ports: null,
  }),
);

interface LinkKind {
  readonly number: number;
  readonly link: Link;
  readonly vlans: string | null;
  readonly trailer: boolean;
}

const tag = fc.record({
  type: fc.constantFrom(0x8100, 0x88a8, 0x9100, 0x9200),
  // Few, since only so many stacks deeper than two are told apart in one run.
  id: fc.integer({ min: 0, max: 3 }),
});
const tagged = fc.array(tag, { maxLength: 5 }).map(
  (tags): LinkKind => ({
    number: linkType.ethernet,
    link: ethernet({ tags }),
    vlans: tags.length === 0 ? null : tags.map(({ id }) => id).join(','),
    trailer: true,
  }),
);
const untagged = (number: number, link: Link): LinkKind => ({ number, link, vlans: null, trailer: false });
const link: fc.Arbitrary<LinkKind> = fc.oneof(
  tagged,
  fc.constantFrom(
    untagged(linkType.ethernet, llcSnap()),
    untagged(linkType.linuxSll, linuxSll()),
    untagged(linkType.linuxSll2, linuxSll2()),
    untagged(linkType.null, nullLink('little', 24)),
    untagged(linkType.null, nullLink('big', 28)),
    untagged(linkType.loop, loopLink()),
    untagged(linkType.raw, rawIp()),
  ),
);

const scenario = fc.record({
  six: fc.boolean(),
  link,
  optionWords: fc.integer({ min: 0, max: 10 }),
  extensions: fc.array(fc.constantFrom(hopByHop, destinationOptions, routing, mobility), { maxLength: 4 }),
  authenticated: fc.boolean(),
  built: fc.oneof(segment, datagram, association, message, sealed),
  trailer: fc.integer({ min: 0, max: 20 }),
  captured: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 200 })),
});

test('a packet is read the same whatever stands around it, and wherever it is cut', () => {
  const property = fc.property(scenario, (s) => {
    const { six, built } = s;
    const bare = built.make(six);
    const carried = s.authenticated ? ah(1, 1, bare) : bare;
    const options = zeros(s.optionWords * 4).fill(1);
    const packet = six
      ? ipv6({ source: '2001:db8::1', destination: '2001:db8:0:1::2', extensions: s.extensions }, carried)
      : ipv4({ source: '10.0.0.1', destination: '192.0.2.200', id: 77, options }, carried);
    const onLink = s.link.link(packet);
    const frame = s.link.trailer ? join(onLink, zeros(s.trailer).fill(0xee)) : onLink;
    const captured = Math.min(s.captured, frame.length);
    const read = decode(frame, s.link.number, { captured });

    const ipAt = onLink.length - packet.bytes.length;
    const ipHeader = six ? 40 : 20;
    assert.equal(read.wireBytes, frame.length);
    if (captured < ipAt + ipHeader) {
      assert.equal(read.skip, 'truncated-before-ip');
      return;
    }
    assert.equal(read.skip, null);
    assert.deepEqual([read.version, read.source], six ? [6, '2001:db8::1'] : [4, '10.0.0.1']);
    assert.equal(read.destination, six ? '2001:db8:0:1::2' : '192.0.2.200');
    assert.equal(read.vlans, s.link.vlans);
    assert.equal(read.linkGroup, 0);
    assert.equal(read.fragment, 0);

    const extras = six ? s.extensions.reduce((sum, one) => sum + 1 + one.rest.length, 0) : options.length;
    const transportAt = ipAt + ipHeader + extras + (s.authenticated ? AH_BYTES : 0);
    const there = captured - transportAt;
    if (built.ports !== null) assert.deepEqual(read.ports, there < 4 ? 'unread' : built.ports);
    const known = built.tcp !== undefined && there >= 14 ? built.tcp : { flags: 0, seq: 0, ack: 0 };
    assert.deepEqual([read.flags, read.seq, read.ack], [known.flags, known.seq, known.ack]);
    if (there < 0) return;
    assert.equal(read.inner, built.protocol(six));
    assert.equal(read.protocol, s.authenticated ? 51 : built.protocol(six));
    assert.equal(read.payload, built.payload);
  });
  fc.assert(property, { numRuns: 5000, seed: 8 });
});
