// Rules for Cisco ASA (9.0 and later, where one access list has IPv4 and IPv6), after the command reference. An access
// list judges packets where they enter: XPORTS-IN is for the side of the clients, XPORTS-OUT for that of the servers.

import type { Direction, Rule } from './plan.ts';
import { comment, plain, preamble, type RuleBook, reasonLines } from './words.ts';

const LISTS: Readonly<Record<Direction, string>> = { in: 'XPORTS-IN', out: 'XPORTS-OUT' };
/** A remark has 100 characters at most. */
const REMARK_CHARACTERS = 100;

export function ciscoAsaRules(book: RuleBook): string {
  const { rules } = book.plan;
  const groups = new Groups();
  const bodies = (['in', 'out'] as const).map((direction) => ({
    list: LISTS[direction],
    lines: rules
      .filter((rule) => rule.direction === direction)
      .flatMap((rule) => [...remarks(rule), ...ruleLines(rule, groups)]),
  }));
  const lines = [
    ...preamble('!', book),
    '!',
    ...comment('!', [
      `Bind them where packets enter: access-group ${LISTS.in} in interface (that of the clients), access-group ${LISTS.out} in interface (that of the servers).`,
      'Clear an older copy before: clear configure access-list XPORTS-IN, and XPORTS-OUT.',
    ]),
    '!',
    ...groups.lines,
    ...bodies.flatMap(({ list, lines: body }) => [
      '!',
      ...body,
      ...icmpLines(list),
      `access-list ${list} remark everything else`,
      `access-list ${list} extended deny ip any any log`,
    ]),
  ];
  return `${lines.map(typed).join('\n')}\n`;
}

/** A question mark asks for help where a configuration is typed in. */
function typed(line: string): string {
  return plain(line).replaceAll('?', '.');
}

/** Named groups of addresses, each written once. */
class Groups {
  readonly lines: string[] = [];
  private readonly names = new Map<string, string>();

  of(peers: readonly string[]): string {
    if (peers.length === 1) return target(peers[0]);
    const key = peers.join(' ');
    let name = this.names.get(key);
    if (name === undefined) {
      name = `XPORTS-HOSTS-${this.names.size + 1}`;
      this.names.set(key, name);
      this.lines.push(
        `object-group network ${name}`,
        ...peers.map((peer) => ` network-object ${target(peer)}`),
      );
    }
    return `object-group ${name}`;
  }
}

/** `host 10.0.0.5`, `10.0.0.0 255.255.255.0`, `2001:db8::/64`. */
function target(peer: string): string {
  const [address, length] = peer.split('/');
  if (length === undefined) return `host ${address}`;
  if (address.includes(':')) return peer;
  const mask = Array.from({ length: 4 }, (_, i) => {
    const bits = Math.min(8, Math.max(0, Number(length) - 8 * i));
    return 256 - 2 ** (8 - bits);
  });
  return `${address} ${mask.join('.')}`;
}

function remarks(rule: Rule): string[] {
  return reasonLines(rule).map(
    (line) => `access-list ${LISTS[rule.direction]} remark ${line.slice(0, REMARK_CHARACTERS)}`,
  );
}

function ruleLines(rule: Rule, groups: Groups): string[] {
  const others = groups.of(rule.peers);
  const own = `host ${rule.server}`;
  const [from, to] = rule.direction === 'in' ? [others, own] : [own, others];
  const protocol =
    rule.ports.length > 0 || rule.transport === 'esp' || rule.transport === 'ah'
      ? rule.transport
      : rule.protocol;
  const start = `access-list ${LISTS[rule.direction]} extended permit ${protocol} ${from} ${to}`;
  return rule.ports.length === 0 ? [start] : rule.ports.map((port) => `${start} eq ${port}`);
}

/** Unless it inspects ICMP, an ASA takes errors and echo replies for new traffic. */
function icmpLines(list: string): string[] {
  const v4 = ['unreachable', 'time-exceeded', 'parameter-problem', 'echo', 'echo-reply'];
  const v6 = ['unreachable', 'packet-too-big', 'time-exceeded', 'parameter-problem', 'echo', 'echo-reply'];
  return [
    `access-list ${list} remark ICMP and ICMPv6 that networks need`,
    ...v4.map((type) => `access-list ${list} extended permit icmp any4 any4 ${type}`),
    ...v6.map((type) => `access-list ${list} extended permit icmp6 any6 any6 ${type}`),
  ];
}
