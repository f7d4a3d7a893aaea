// The table of tunnels: what it tells of each, and what is left when there are more than it holds.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type IpPacket, ip } from '../../fixtures/builder/ip.ts';
import { ethernet } from '../../fixtures/builder/link.ts';
import { udp } from '../../fixtures/builder/transport.ts';
import {
  type Carry,
  erspan,
  geneve,
  gre,
  gtpu,
  ipInIp,
  nvgre,
  vxlan,
} from '../../fixtures/builder/tunnel.ts';
import { client, client6, exchange, exchange6 } from '../../fixtures/cases/hosts.ts';
import { ENCAPSULATION, encapsulationText, keyedLayers, pushLayer } from '../../src/decode/encap/names.ts';
import { TunnelTable } from '../../src/decode/encap/tunnels.ts';
import { PacketView } from '../../src/decode/packet.ts';
import { decode } from './support.ts';

const inner = (six: boolean) =>
  ip(six ? client6 : client, six ? exchange6 : exchange, udp(50_001, 53, Uint8Array.of(1, 2, 3)));

interface Layer {
  readonly name: string;
  readonly carry: Carry;
  /** The outer protocol and port. */
  readonly over: string;
}

const layers: readonly Layer[] = [
  { name: 'gre', carry: gre(), over: '47 -1' },
  { name: 'gre', carry: gre({ checksum: true, key: 1, sequence: 2 }), over: '47 -1' },
  { name: 'nvgre', carry: nvgre(77), over: '47 -1' },
  { name: 'erspan', carry: erspan(1), over: '47 -1' },
  { name: 'erspan', carry: erspan(2), over: '47 -1' },
  { name: 'erspan', carry: erspan(3, true), over: '47 -1' },
  { name: 'vxlan', carry: vxlan(9), over: '17 4789' },
  { name: 'geneve', carry: geneve(9), over: '17 6081' },
  { name: 'gtpu', carry: gtpu(9), over: '17 2152' },
  { name: 'ip', carry: ipInIp, over: '' },
];

/** Outer addresses of layer `n`. */
const endsOf = (n: number, six: boolean): [string, string] =>
  six ? [`2001:db8:${n + 1}::1`, `2001:db8:${n + 1}::2`] : [`192.0.2.${2 * n}`, `192.0.2.${2 * n + 1}`];

describe('a tunnel', () => {
  test('of any layers in any order is read with the addresses, protocol and port of each', () => {
    const layer = fc.record({ of: fc.constantFrom(...layers), six: fc.boolean() });
    const property = fc.property(fc.array(layer, { maxLength: 8 }), fc.boolean(), (stack, six) => {
      let packet: IpPacket = inner(six);
      const names: string[] = [];
      const outer: string[] = [];
      stack.forEach(({ of: { name, carry, over }, six: overSix }, n) => {
        const carriedSix = packet.version === 6;
        const [from, to] = endsOf(n, overSix);
        names.unshift(name !== 'ip' ? name : carriedSix && !overSix ? '6in4' : 'ipip');
        outer.unshift(`${from} > ${to} ${over || `${carriedSix ? 41 : 4} -1`}`);
        packet = ip(from, to, carry(packet));
      });
      const read = decode(ethernet()(packet), 1);
      assert.equal(read.skip, null);
      assert.equal(read.encapsulation, names.length === 0 ? null : names.join('/'));
      assert.deepEqual(read.tunnels, outer);
      assert.deepEqual([read.source, read.ports, read.payload], [six ? client6 : client, [50_001, 53], 3]);
    });
    fc.assert(property, { numRuns: 1000, seed: 11 });
  });

  test('is looked into to a depth of eight, whatever the layers are', () => {
    for (const { carry } of layers) {
      let packet: IpPacket = inner(false);
      for (let n = 0; n < 9; n++) packet = ip(...endsOf(n, false), carry(packet));
      assert.equal(decode(ethernet()(packet), 1).skip, 'too-many-encapsulations');
    }
  });
});

/** The number of a tunnel from one IPv4 host to another. */
function put(
  table: TunnelTable,
  source: number,
  destination: number,
  code: number = ENCAPSULATION.gre,
  parent = 0,
) {
  const packet = Object.assign(new PacketView(), { ipVersion: 4, protocol: 47, tunnel: parent });
  Object.assign(packet, { src0: source, dst0: destination });
  return table.number(packet, code, pushLayer(table.stackOf(parent), code), true, -1);
}

describe('the table of tunnels', () => {
  test('numbers each once, from 1', () => {
    const table = new TunnelTable();
    assert.deepEqual([put(table, 1, 2), put(table, 2, 1), put(table, 1, 2)], [1, 2, 1]);
    assert.equal(put(table, 1, 2, ENCAPSULATION.ipip, 1), 3);
    assert.equal(table.size, 3);
    assert.deepEqual(table.layer(3), {
      parent: 1,
      code: ENCAPSULATION.ipip,
      ipVersion: 4,
      source: [1],
      destination: [2],
      protocol: 47,
      port: -1,
    });
    assert.equal(encapsulationText(table.stackOf(3)), 'gre/ipip');
  });

  test('beyond its bound keeps the names and counts the packets, and still knows the others', () => {
    const table = new TunnelTable(2);
    put(table, 1, 2);
    put(table, 3, 4);
    const beyond = put(table, 5, 6);
    assert.ok(beyond < 0);
    assert.equal(encapsulationText(table.stackOf(beyond)), 'gre');
    assert.equal(table.keyOf(beyond), table.keyOf(1));
    const deeper = put(table, 7, 8, ENCAPSULATION.ipip, beyond);
    assert.equal(encapsulationText(table.stackOf(deeper)), 'gre/ipip');
    assert.equal(table.overflowed, 1);
    assert.equal(put(table, 3, 4), 2);
    assert.equal(table.size, 2);
  });

  test('makes a key of all layers but those of the link', () => {
    const { mpls, pppoe, gre: g, vxlan: v } = ENCAPSULATION;
    const stack = (...codes: number[]) => codes.reduce(pushLayer, 0);
    assert.equal(keyedLayers(stack(mpls, g, pppoe, v)), stack(g, v));
    assert.equal(keyedLayers(stack(mpls, pppoe)), 0);
    assert.equal(pushLayer(stack(g, g, g, g, g, g, g, g), v), -1);
  });
});
