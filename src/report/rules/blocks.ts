// Sets of addresses as the fewest CIDR blocks (RFC 4632) that contain exactly them, or the networks around them.

import ipaddr from 'ipaddr.js';
import { ipv4Text, ipv6Text } from '../../base/address.ts';

export type IpVersion = 4 | 6;

/** Prefix lengths, in bits, to which addresses are widened. */
export interface Widening {
  readonly v4: number;
  readonly v6: number;
}

export function versionOf(address: string): IpVersion {
  return address.includes(':') ? 6 : 4;
}

function bitsOf(version: IpVersion): number {
  return version === 4 ? 32 : 128;
}

function numberOf(address: string): bigint {
  return ipaddr
    .parse(address)
    .toByteArray()
    .reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function textOf(value: bigint, version: IpVersion): string {
  if (version === 4) return ipv4Text(Number(value));
  const word = (index: number) => Number((value >> BigInt(32 * (3 - index))) & 0xffff_ffffn);
  return ipv6Text(word(0), word(1), word(2), word(3));
}

/** Compares addresses by their number, IPv4 first. */
export function compareAddresses(a: string, b: string): number {
  const [versionA, versionB] = [versionOf(a), versionOf(b)];
  if (versionA !== versionB) return versionA - versionB;
  const [x, y] = [numberOf(a), numberOf(b)];
  return x < y ? -1 : Number(x > y);
}

/**
 * The fewest blocks that contain the addresses and nothing else, in order, as `10.0.0.4` or `10.0.0.8/30`; with
 * `widening`, the fewest that contain their networks. All addresses are of one IP version.
 */
export function blocksOf(addresses: readonly string[], widening: Widening | null): string[] {
  if (addresses.length === 0) return [];
  const version = versionOf(addresses[0]);
  const bits = bitsOf(version);
  const prefix = widening === null ? bits : version === 4 ? widening.v4 : widening.v6;
  const hostBits = BigInt(bits - prefix);
  const networks = [...new Set(addresses.map((address) => numberOf(address) >> hostBits))].sort((a, b) =>
    a < b ? -1 : Number(a > b),
  );
  const blocks: string[] = [];
  for (let i = 0; i < networks.length; ) {
    let size = 1;
    // A block twice as large has to begin on its own boundary, and every network of it has to be there.
    while (fits(networks, i, size * 2) && prefix - Math.log2(size * 2) >= 0) size *= 2;
    const length = prefix - Math.log2(size);
    const first = textOf(networks[i] << hostBits, version);
    blocks.push(length === bits ? first : `${first}/${length}`);
    i += size;
  }
  return blocks;
}

/** Whether the `size` networks from number `at` on are consecutive and one block. */
function fits(networks: readonly bigint[], at: number, size: number): boolean {
  const last = networks[at + size - 1];
  const first = networks[at];
  return last !== undefined && last - first === BigInt(size - 1) && first % BigInt(size) === 0n;
}
