// Sets of addresses and networks that the user names, as `10.0.0.5,10.1.0.0/28,2001:db8::/64`: the Exchange servers,
// and whom a rule of a policy is about.

import ipaddr from 'ipaddr.js';
import { EXIT, XportsError } from '../base/errors.ts';
import { printable } from '../base/text.ts';

interface Network {
  readonly v4: boolean;
  /** Big-endian 32-bit words, and how many leading bits of them count. */
  readonly words: readonly number[];
  readonly prefix: number;
}

/** A set of addresses and networks. */
export class ServerSet {
  private readonly networks: readonly Network[];

  private constructor(networks: readonly Network[]) {
    this.networks = networks;
  }

  /** Throws a usage error that names the entry which is neither an address nor a network. */
  static parse(text: string): ServerSet {
    const entries = text
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    // An unset variable of a script must not make all traffic nobody's.
    return new ServerSet(entries.length === 0 ? [parseNetwork(text)] : entries.map(parseNetwork));
  }

  /** The set of these addresses and networks. Throws as `parse` does. */
  static of(entries: readonly string[]): ServerSet {
    return new ServerSet(entries.map(parseNetwork));
  }

  has(v4: boolean, word: (index: number) => number): boolean {
    return this.networks.some((network) => network.v4 === v4 && contains(network, word));
  }
}

function contains(network: Network, word: (index: number) => number): boolean {
  for (let i = 0, left = network.prefix; left > 0; i++, left -= 32) {
    const mask = left >= 32 ? -1 : -1 << (32 - left);
    if (((word(i) ^ network.words[i]) & mask) !== 0) return false;
  }
  return true;
}

/** Whether the text is an address or a network. */
export function isNetwork(entry: string): boolean {
  try {
    parseNetwork(entry);
    return true;
  } catch {
    return false;
  }
}

function parseNetwork(entry: string): Network {
  try {
    // Shortened and octal forms are typing errors here, not addresses.
    if (!entry.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(entry.split('/')[0])) throw new Error();
    const [address, prefix] = entry.includes('/')
      ? ipaddr.parseCIDR(entry)
      : [ipaddr.parse(entry), undefined];
    const bytes = address.toByteArray();
    const words: number[] = [];
    for (let i = 0; i < bytes.length; i += 4) {
      words.push((bytes[i] << 24) | (bytes[i + 1] << 16) | (bytes[i + 2] << 8) | bytes[i + 3]);
    }
    return { v4: address.kind() === 'ipv4', words, prefix: prefix ?? bytes.length * 8 };
  } catch {
    throw new XportsError(
      'usage',
      EXIT.usage,
      `"${printable(entry)}" is neither an address nor a network`,
      'Names of hosts are not looked up: give addresses or networks, separated by commas, like --servers 10.0.0.5,10.1.0.0/28.',
    );
  }
}
