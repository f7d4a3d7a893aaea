// Addresses replaced so that a report can be shared: two that had a prefix in common have one of the same length in
// common afterwards, and nothing else is left of them. The construction is that of Xu, Fan, Ammar and Moon,
// "Prefix-Preserving IP Address Anonymization" (2002), theorem 1: each bit is flipped or not as a keyed function of the
// bits before it says. Ours is SHA-256, one digest for the 255 prefixes within a byte.

import { createHmac, randomBytes, scryptSync } from 'node:crypto';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { ipv4Text, ipv6Text } from '../base/address.ts';

/** Blocks that map onto themselves, so that private stays private and public stays public. */
const BLOCKS: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '2000::/3',
  'fc00::/8',
  'fd00::/8',
  'fe80::/64',
];
/** Blocks whose addresses stay as they are: they name groups and protocols, and no host. */
const GROUPS: readonly string[] = [
  '0.0.0.0/32',
  '127.0.0.0/8',
  '224.0.0.0/4',
  '255.255.255.255/32',
  '::/127',
  'ff00::/8',
];
/** Solicited-node groups (RFC 4291, section 2.7.1) end in 24 bits of a host's address. */
const SOLICITED = ipaddr.parseCIDR('ff02::1:ff00:0/104');
const MAPPED = ipaddr.parseCIDR('::ffff:0:0/96');
/** What may be an address, with or without a prefix length; `isIP` decides. A `:` or `.` behind it is punctuation. */
const TOKEN = /(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:[0-9a-fA-F]|::))(?:\/\d{1,3})?/g;

export interface Anonymizer {
  /** One address as text; what is none comes back as it is. */
  readonly address: (text: string) => string;
  /** Every address and network in a text. */
  readonly text: (text: string) => string;
}

/** The same passphrase gives the same addresses every time; without one they are others each time. */
export function anonymizer(passphrase: string | null): Anonymizer {
  const key = passphrase === null ? randomBytes(32) : scryptSync(passphrase, 'xports addresses', 32);
  const tree = new PrefixTree(key);
  const known = new Map<string, string>();
  const address = (text: string) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const shown = isIP(text) === 0 ? text : mapped(tree, text);
    known.set(text, shown);
    return shown;
  };
  return { address, text: (text) => text.replace(TOKEN, (token) => tokenText(token, address)) };
}

function tokenText(token: string, address: (text: string) => string): string {
  const [base, bits] = token.split('/');
  if (isIP(base) === 0) return token;
  if (bits === undefined) return address(base);
  if (Number(bits) > (isIP(base) === 4 ? 32 : 128)) return `${address(base)}/${bits}`;
  const shown = ipaddr.parse(address(base)).toByteArray();
  for (let bit = Number(bits); bit < shown.length * 8; bit++) shown[bit >> 3] &= ~(0x80 >> (bit & 7));
  return `${textOf(shown)}/${bits}`;
}

function mapped(tree: PrefixTree, text: string): string {
  const parsed = ipaddr.parse(text);
  const bytes = parsed.toByteArray();
  if (isIn(parsed, SOLICITED)) return textOf([...bytes.slice(0, 13), ...tree.mapped(bytes).slice(13)]);
  if (isIn(parsed, MAPPED)) return textOf([...bytes.slice(0, 12), ...tree.mapped(bytes.slice(12))]);
  if (GROUPS.some((block) => isIn(parsed, ipaddr.parseCIDR(block)))) return text;
  return textOf(tree.mapped(bytes));
}

function isIn(address: ipaddr.IPv4 | ipaddr.IPv6, block: [ipaddr.IPv4 | ipaddr.IPv6, number]): boolean {
  return address.kind() === block[0].kind() && address.match(block);
}

function textOf(bytes: readonly number[]): string {
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => {
    const [a, b, c, d] = bytes.slice(i * 4, i * 4 + 4);
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  });
  return words.length === 1 ? ipv4Text(words[0]) : ipv6Text(words[0], words[1], words[2], words[3]);
}

/** Says of each prefix whether the bit behind it is flipped. */
class PrefixTree {
  private readonly key: Buffer;
  private readonly digests = new Map<string, Buffer>();
  /** Prefixes on the way to a block that keeps its place, as strings of bits behind the number of bytes. */
  private readonly fixed = new Set<string>();

  constructor(key: Buffer) {
    this.key = key;
    for (const block of [...BLOCKS, ...GROUPS]) {
      const [address, length] = ipaddr.parseCIDR(block);
      const bytes = address.toByteArray();
      const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
      for (let at = 0; at < length; at++) this.fixed.add(`${bytes.length} ${bits.slice(0, at)}`);
    }
  }

  mapped(bytes: readonly number[]): number[] {
    let path = `${bytes.length} `;
    return bytes.map((byte, at) => {
      const digest = this.digest(bytes.slice(0, at), bytes.length);
      let shown = 0;
      // The node of the prefix within this byte: 1 for none of its bits, twice as much and the bit for one more.
      let node = 1;
      for (let bit = 7; bit >= 0; bit--) {
        const value = (byte >> bit) & 1;
        const flip = this.fixed.has(path) ? 0 : (digest[node >> 3] >> (node & 7)) & 1;
        shown = (shown << 1) | (value ^ flip);
        node = (node << 1) | value;
        path += value;
      }
      return shown;
    });
  }

  private digest(prefix: readonly number[], width: number): Buffer {
    const name = `${width}/${prefix.join('.')}`;
    const found = this.digests.get(name);
    if (found !== undefined) return found;
    const digest = createHmac('sha256', this.key).update(name).digest();
    this.digests.set(name, digest);
    return digest;
  }
}
