// Rules for nftables: one table that can be loaded again and again, with a chain for each server and direction.
// The syntax is that of nft(8); the ICMP types that have to pass are those of RFC 4890, section 4.3, and RFC 1812.

import type { Rule } from './plan.ts';
import { comment, preamble, type RuleBook, reasonLines, shortReason } from './words.ts';

/** A comment in a rule has 128 bytes at most. */
const COMMENT_BYTES = 120;

export function nftablesRules(book: RuleBook): string {
  const { rules } = book.plan;
  const chains = chainsOf(rules);
  const jumps = chains.map(({ name, members: [rule] }) => {
    const own = rule.direction === 'in' ? 'daddr' : 'saddr';
    return `    ${family(rule)} ${own} ${rule.server} jump ${name}`;
  });
  const lines = [
    '#!/usr/sbin/nft -f',
    ...preamble('#', book),
    '',
    '# Loading this again replaces what it loaded before.',
    'table inet xports',
    'delete table inet xports',
    '',
    'table inet xports {',
    ...chains.flatMap(({ name, members }) => [
      `  chain ${name} {`,
      ...members.flatMap((rule) => [...comment('    #', reasonLines(rule)), `    ${ruleText(rule)}`]),
      '  }',
      '',
    ]),
    '  chain forward {',
    '    type filter hook forward priority filter; policy drop;',
    '    ct state established,related counter accept comment "answers"',
    '    icmp type { destination-unreachable, time-exceeded, parameter-problem, echo-request } counter accept comment "ICMP"',
    '    icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, echo-request } counter accept comment "ICMPv6"',
    '    icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 counter accept comment "ICMPv6 neighbours, on a bridge"',
    '    ct state invalid counter drop comment "part of no connection"',
    ...jumps,
    '    counter drop comment "everything else"',
    '  }',
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function family(rule: Rule): string {
  return rule.ip_version === 4 ? 'ip' : 'ip6';
}

/** `in_10_0_0_5`: no two addresses share a name. */
function chainName(rule: Rule): string {
  return `${rule.direction}_${rule.server.replace(/[.:]/g, '_')}`;
}

function chainsOf(rules: readonly Rule[]): { readonly name: string; readonly members: readonly Rule[] }[] {
  const names = [...new Set(rules.map(chainName))];
  return names.map((name) => ({ name, members: rules.filter((rule) => chainName(rule) === name) }));
}

function ruleText(rule: Rule): string {
  const other = rule.direction === 'in' ? 'saddr' : 'daddr';
  const what =
    rule.ports.length === 0
      ? `meta l4proto ${rule.protocol}`
      : `${rule.transport} dport ${setOf(rule.ports.map(String))}`;
  const why = shortReason(rule, COMMENT_BYTES);
  return `${family(rule)} ${other} ${setOf(rule.peers)} ${what} counter accept comment "${why}"`;
}

function setOf(items: readonly string[]): string {
  return items.length === 1 ? items[0] : `{ ${items.join(', ')} }`;
}
