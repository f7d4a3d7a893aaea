// Rules for iptables and ip6tables, as a shell script that hands chains of their own to iptables-restore(8) and
// ip6tables-restore(8), and sends what is forwarded through them. The same rules as for nftables.

import type { IpVersion } from './blocks.ts';
import type { Rule } from './plan.ts';
import { comment, preamble, type RuleBook, reasonLines, shortReason } from './words.ts';

/** A comment has 256 bytes at most; this keeps lines short. */
const COMMENT_BYTES = 120;
/** The match `multiport` takes no more. */
const PORTS_A_RULE = 15;
/** What comes last in a chain's name: it may have 28 characters. */
const CHAIN = 'xports';

const ICMP: Readonly<Record<IpVersion, readonly string[]>> = {
  4: [
    '-p icmp --icmp-type destination-unreachable',
    '-p icmp --icmp-type time-exceeded',
    '-p icmp --icmp-type parameter-problem',
    '-p icmp --icmp-type echo-request',
  ],
  6: [
    ...[
      'destination-unreachable',
      'packet-too-big',
      'time-exceeded',
      'parameter-problem',
      'echo-request',
    ].map((type) => `-p icmpv6 --icmpv6-type ${type}`),
    ...[133, 134, 135, 136].map((type) => `-p icmpv6 --icmpv6-type ${type} -m hl --hl-eq 255`),
  ],
};

export function iptablesRules(book: RuleBook): string {
  const lines = [
    '#!/bin/sh',
    ...preamble('#', book),
    '',
    '# Running this again replaces what it loaded before.',
    'set -e',
    ...familyLines(book.plan.rules, 4),
    ...familyLines(book.plan.rules, 6),
  ];
  return `${lines.join('\n')}\n`;
}

function familyLines(rules: readonly Rule[], version: IpVersion): string[] {
  const program = version === 4 ? 'iptables' : 'ip6tables';
  const own = rules.filter((rule) => rule.ip_version === version);
  const chains = [...new Set(own.map(chainKey))].map((key, i) => ({
    name: `${CHAIN}-${i + 1}`,
    members: own.filter((rule) => chainKey(rule) === key),
  }));
  const jumps = chains.map(({ name, members: [rule] }) => {
    const side = rule.direction === 'in' ? '-d' : '-s';
    return `-A ${CHAIN} ${side} ${rule.server} -j ${name}`;
  });
  return [
    '',
    `${program}-restore --noflush <<'RULES'`,
    '*filter',
    `:${CHAIN} - [0:0]`,
    ...chains.map(({ name }) => `:${name} - [0:0]`),
    `-A ${CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -m comment --comment "answers" -j ACCEPT`,
    ...ICMP[version].map((match) => `-A ${CHAIN} ${match} -j ACCEPT`),
    `-A ${CHAIN} -m conntrack --ctstate INVALID -m comment --comment "part of no connection" -j DROP`,
    ...jumps,
    `-A ${CHAIN} -m comment --comment "everything else" -j DROP`,
    ...chains.flatMap(({ name, members }) => [
      `# ${members[0].direction} ${members[0].server}`,
      ...members.flatMap((rule) => [...comment('#', reasonLines(rule)), ...ruleLines(rule, name)]),
    ]),
    'COMMIT',
    'RULES',
    `${program} -C FORWARD -j ${CHAIN} 2>/dev/null || ${program} -I FORWARD -j ${CHAIN}`,
  ];
}

function chainKey(rule: Rule): string {
  return `${rule.direction} ${rule.server}`;
}

function ruleLines(rule: Rule, chain: string): string[] {
  const side = rule.direction === 'in' ? '-s' : '-d';
  const why = shortReason(rule, COMMENT_BYTES);
  return rule.peers.flatMap((peer) =>
    matchesOf(rule).map(
      (match) => `-A ${chain} ${side} ${peer} ${match} -m comment --comment "${why}" -j ACCEPT`,
    ),
  );
}

function matchesOf({ transport, protocol, ports, ip_version }: Rule): string[] {
  // To ip6tables, AH is an extension header and what is inside is the protocol.
  if (transport === 'ah' && ip_version === 6) return ['-m ah'];
  if (ports.length === 0) return [`-p ${protocol}`];
  if (ports.length === 1) return [`-p ${transport} --dport ${ports[0]}`];
  const matches: string[] = [];
  for (let i = 0; i < ports.length; i += PORTS_A_RULE) {
    matches.push(`-p ${transport} -m multiport --dports ${ports.slice(i, i + PORTS_A_RULE).join(',')}`);
  }
  return matches;
}
