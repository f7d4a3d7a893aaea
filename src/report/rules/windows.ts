// Rules for Windows Defender Firewall, as a PowerShell script that is the same for all servers: each takes the rules of
// its own addresses. Cmdlets and parameters are those of the NetSecurity module's documentation.

import type { Rule } from './plan.ts';
import { comment, plain, preamble, type RuleBook, reasonLines, shortReason } from './words.ts';

const GROUP = 'xports';
const NAME_WIDTH = 160;

export function windowsRules(book: RuleBook): string {
  const { servers, rules } = book.plan;
  const lines = [
    ...preamble('#', book),
    '',
    '# Without -Enforce the rules are added and nothing is blocked that was not before. Rules that are there already,',
    '# those of Exchange itself among them, still allow what they allow: xports removes its own only.',
    'param([switch]$Enforce)',
    "$ErrorActionPreference = 'Stop'",
    '$own = (Get-NetIPAddress).IPAddress',
    `Get-NetFirewallRule -Group ${quoted(GROUP)} -ErrorAction SilentlyContinue | Remove-NetFirewallRule`,
    '',
    ...icmpLines(),
    ...servers.flatMap((server) => [
      '',
      `if ($own -contains ${quoted(server)}) {`,
      ...rules
        .filter((rule) => rule.server === server)
        .flatMap((rule) => [...comment('  #', reasonLines(rule)), `  ${ruleText(rule)}`]),
      '}',
    ]),
    '',
    'if ($Enforce) {',
    '  Set-NetFirewallProfile -Profile Domain,Private,Public -Enabled True -DefaultInboundAction Block -DefaultOutboundAction Block',
    '}',
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** RFC 4890, section 4.4, and for IPv4 its counterparts. Windows has neighbour discovery and DHCP among its own rules. */
function icmpLines(): string[] {
  const icmp: readonly (readonly [protocol: string, types: string])[] = [
    ['ICMPv4', '3,8,11,12'],
    ['ICMPv6', '1,2,3,4,128,133,134,135,136'],
  ];
  return icmp.flatMap(([protocol, types]) =>
    ['Inbound', 'Outbound'].map((direction) =>
      newRule(`${protocol} ${direction}`, direction, [
        `-Protocol ${protocol}`,
        `-IcmpType ${types}`,
        "-Description 'errors, echo and neighbours'",
      ]),
    ),
  );
}

function ruleText(rule: Rule): string {
  const direction = rule.direction === 'in' ? 'Inbound' : 'Outbound';
  const what = rule.ports.length === 0 ? rule.transport : `${rule.transport} ${rule.ports.join(',')}`;
  const side = rule.direction === 'in' ? '-LocalPort' : '-RemotePort';
  return newRule(`${rule.server} ${rule.direction} ${what}`, direction, [
    `-Protocol ${rule.ports.length === 0 ? rule.protocol : rule.transport.toUpperCase()}`,
    ...(rule.ports.length === 0 ? [] : [`${side} ${rule.ports.join(',')}`]),
    `-LocalAddress ${quoted(rule.server)}`,
    `-RemoteAddress ${rule.peers.map(quoted).join(',')}`,
    `-Description ${quoted(shortReason(rule, NAME_WIDTH))}`,
  ]);
}

function newRule(name: string, direction: string, parts: readonly string[]): string {
  const shown = name.length <= NAME_WIDTH ? name : `${name.slice(0, NAME_WIDTH - 3)}...`;
  const start = `New-NetFirewallRule -Group ${quoted(GROUP)} -DisplayName ${quoted(`xports ${shown}`)}`;
  return `${start} -Direction ${direction} -Action Allow ${parts.join(' ')} | Out-Null`;
}

/** A literal of PowerShell; `plain` leaves the straight quote alone, which is written twice. */
function quoted(text: string): string {
  return `'${plain(text).replaceAll("'", "''")}'`;
}
