// A router in a network namespace of its own, with firewall rules, and the world on both sides of it in another:
// packets are sent in on one cable and what the rules let pass comes out of the other. Nothing leaves the two.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const REPLAY = join(import.meta.dirname, 'replay.py');
const ROUTER_MAC = '02:00:00:00:00:02';
const WORLD_MAC = '02:00:00:00:00:03';

/** Packets by kind: protocol, source, source port, destination, destination port, with -1 for no port. */
export type Kinds = Readonly<Record<string, number>>;

export interface Replayed {
  readonly sent: Kinds;
  readonly came: Kinds;
  /** The kind of the packet that ends a replay. */
  readonly marker: string;
}

/** What the rules themselves counted. */
export interface Counted {
  readonly accepted: number;
  readonly dropped: number;
  /** Packets that each rule for a service let begin, by its text; not that for answers, nor those for ICMP. */
  readonly rules: ReadonlyMap<string, number>;
}

/** Why rules cannot be tried here; false where they can. */
export function cannotReplay(): string | false {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux';
  const probe = `xports-probe-${process.pid}`;
  const inside = ['netns', 'exec', probe];
  try {
    execFileSync('ip', ['netns', 'add', probe], { stdio: 'ignore' });
  } catch {
    return 'needs network namespaces (ip netns)';
  }
  try {
    for (const [program, ...args] of [
      [
        'nft',
        'add table inet probe { chain c { type filter hook forward priority 0; ct state new counter; }; }',
      ],
      ['iptables', '-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'NEW', '-m', 'comment', '--comment', 'x'],
      ['ip6tables', '-A', 'FORWARD', '-m', 'hl', '--hl-eq', '255'],
      ['python3', '-c', 'import socket; socket.AF_PACKET'],
    ]) {
      try {
        execFileSync('ip', [...inside, program, ...args], { stdio: 'ignore' });
      } catch {
        return `needs ${program}`;
      }
    }
    return false;
  } finally {
    execFileSync('ip', ['netns', 'del', probe]);
  }
}

let routers = 0;

export class Router {
  private readonly router: string;
  private readonly world: string;

  constructor() {
    const id = `${process.pid}-${routers++}`;
    this.router = `xports-router-${id}`;
    this.world = `xports-world-${id}`;
    for (const name of [this.router, this.world]) ip('netns', 'add', name);
    try {
      this.plugIn();
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  private plugIn(): void {
    this.set(this.world, 'net.ipv6.conf.default.disable_ipv6=1');
    this.set(
      this.router,
      'net.ipv4.ip_forward=1',
      'net.ipv6.conf.all.forwarding=1',
      // All comes in on one side, so addresses say nothing of where it should come from.
      'net.ipv4.conf.all.rp_filter=0',
      'net.ipv4.conf.default.rp_filter=0',
    );
    for (const [near, far, mac, farMac] of [
      ['in0', 'out0', ROUTER_MAC, '02:00:00:00:00:01'],
      ['in1', 'back0', '02:00:00:00:00:04', WORLD_MAC],
    ]) {
      const peer = ['peer', 'name', far, 'address', farMac, 'netns', this.world];
      ip('-n', this.router, 'link', 'add', near, 'address', mac, 'mtu', '65535', 'type', 'veth', ...peer);
      ip('-n', this.world, 'link', 'set', far, 'mtu', '65535', 'up');
      ip('-n', this.router, 'link', 'set', near, 'up');
    }
    ip('-n', this.router, 'addr', 'add', '169.254.77.2/30', 'dev', 'in1');
    // Everything goes out on the other side, whatever its address.
    for (const [family, gateway] of [
      ['-4', '169.254.77.1'],
      ['-6', 'fe80::77'],
    ]) {
      ip(
        '-n',
        this.router,
        family,
        'neigh',
        'add',
        gateway,
        'lladdr',
        WORLD_MAC,
        'dev',
        'in1',
        'nud',
        'permanent',
      );
      ip('-n', this.router, family, 'route', 'add', 'default', 'via', gateway, 'dev', 'in1', 'onlink');
    }
  }

  /** Loads rules of nftables, or runs those of iptables. */
  load(format: 'nftables' | 'iptables', text: string): void {
    const command = format === 'nftables' ? ['nft', '-f', '-'] : ['sh'];
    this.exec(command, text);
    // Captures begin in the middle of connections, and hosts leave checksums to their network cards.
    this.set(
      this.router,
      'net.netfilter.nf_conntrack_tcp_loose=1',
      'net.netfilter.nf_conntrack_tcp_be_liberal=1',
      'net.netfilter.nf_conntrack_checksum=0',
    );
  }

  replay(capture: string): Replayed {
    const args = ['netns', 'exec', this.world, 'python3', REPLAY, capture, 'out0', 'back0', ROUTER_MAC];
    return JSON.parse(ip(...args)) as Replayed;
  }

  counted(format: 'nftables' | 'iptables'): Counted {
    return format === 'nftables'
      ? countedByNft(this.exec(['nft', '-a', 'list', 'ruleset']))
      : countedByIptables(`${this.exec(['iptables-save', '-c'])}${this.exec(['ip6tables-save', '-c'])}`);
  }

  remove(): void {
    for (const name of [this.router, this.world]) ip('netns', 'del', name);
  }

  private exec(command: readonly string[], input = ''): string {
    const args = ['netns', 'exec', this.router, ...command];
    return execFileSync('ip', args, { encoding: 'utf8', input });
  }

  private set(namespace: string, ...settings: readonly string[]): void {
    ip('netns', 'exec', namespace, 'sysctl', '-qw', ...settings);
  }
}

function ip(...args: readonly string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', maxBuffer: 1 << 26 });
}

/** Sums of `counter packets N bytes M accept` and `drop` lines. */
function countedByNft(listing: string): Counted {
  const found = [
    ...listing.matchAll(/^\s*(.*counter packets (\d+) bytes \d+ (accept|drop).*?)(?: # handle \d+)?$/gm),
  ];
  return summed(found.map(([, text, packets, verdict]) => ({ text, packets: Number(packets), verdict })));
}

function countedByIptables(listing: string): Counted {
  const found = [...listing.matchAll(/^\[(\d+):\d+\] (-A xports.* -j (ACCEPT|DROP))$/gm)];
  return summed(
    found.map(([, packets, text, verdict]) => ({
      text,
      packets: Number(packets),
      verdict: verdict.toLowerCase(),
    })),
  );
}

function summed(
  lines: readonly { readonly text: string; readonly packets: number; readonly verdict: string }[],
): Counted {
  const sum = (verdict: string) =>
    lines.filter((line) => line.verdict === verdict).reduce((total, line) => total + line.packets, 0);
  const own = lines.filter(({ text }) => /\d flows?, /.test(text));
  return {
    accepted: sum('accept'),
    dropped: sum('drop'),
    rules: new Map(
      own.map(({ text, packets }) => [text.replace(/counter packets \d+ bytes \d+ /, ''), packets]),
    ),
  };
}
