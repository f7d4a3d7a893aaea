// A policy to begin with: commented, and where a run is named, with the servers seen in it and an exception suggested
// for each of its findings.

import { printable } from '../base/text.ts';
import type { FindingViewRow, HostViewRow } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';

const EXCHANGE: readonly string[] = ['mailbox', 'edge', 'dag-member'];
const OTHERS: readonly string[] = ['domain-controller', 'global-catalog', 'dns'];
const OF_PORTS: readonly string[] = ['unexpected-port', 'unexpected-transport', 'unexpected-protocol'];
const DAYS_TO_BEGIN_WITH = 90;
const MOST_SUGGESTED = 100;

/** The text of a policy, from nothing. */
export function policyDraft(): string {
  return draft(
    'What is allowed on and around the Exchange servers.',
    [
      'servers:',
      '#  - 10.0.0.5',
      '#  - 10.1.0.0/28',
      '#  - { address: 10.0.1.9, role: edge }',
      '#  - { address: [10.0.0.2, 10.0.0.3], role: domain-controller }',
    ],
    [
      'exceptions:',
      '#  - initiator: 10.0.9.0/24',
      '#    responder: [10.0.0.5, 10.0.0.6]',
      '#    transport: tcp',
      '#    ports: 3389',
      '#    reason: administrators, from their own network',
      '#    expires: 2030-12-31',
    ],
  );
}

/** The text of a policy, from what a run saw. */
export function policyDraftOf(store: StoreReader, runId: number): string {
  const run = store.run(runId);
  const hosts = store.hosts(runId);
  const expires = new Date(
    Math.max(run.last_packet_us ?? 0, run.started_at_us) / 1000 + DAYS_TO_BEGIN_WITH * 86_400_000,
  );
  const findings = store
    .findings(runId)
    .filter(
      ({ kind, status, outcome }) => OF_PORTS.includes(kind) && status === 'open' && outcome === 'answered',
    );
  const suggested = findings
    .slice(0, MOST_SUGGESTED)
    .map((row) => suggestion(row, expires.toISOString().slice(0, 10)));
  const more =
    findings.length > MOST_SUGGESTED
      ? [`# and ${findings.length - MOST_SUGGESTED} more: xports findings --run ${runId}`]
      : [];
  return draft(
    `Drafted from run ${run.id} of ${printable(run.source)}: look at every line before you use it.`,
    serverLines(hosts),
    ['exceptions:', ...suggested.flat(), ...more],
  );
}

function serverLines(hosts: readonly HostViewRow[]): string[] {
  const line = ({ address, role, confidence, evidence }: HostViewRow, comment: boolean) =>
    `${comment ? '#' : ' '} - { address: "${address}", role: ${role} }  # ${confidence}: ${printable(evidence)}`;
  const seen = new Set<string>();
  const once = (rows: readonly HostViewRow[]) =>
    rows.filter(({ address }) => !seen.has(address) && seen.add(address) !== undefined);
  const firm = once(hosts.filter(({ role, confidence }) => EXCHANGE.includes(role) && confidence !== 'low'));
  const unsure = once(hosts.filter(({ role }) => EXCHANGE.includes(role)));
  const others = hosts.filter(({ role, confidence }) => OTHERS.includes(role) && confidence !== 'low');
  return [
    'servers:',
    ...firm.map((row) => line(row, false)),
    ...unsure.map((row) => line(row, true)),
    ...(others.length === 0
      ? []
      : ['# These are known by what they do; a line makes it certain, and judges nobody.']),
    ...others.map((row) => line(row, true)),
  ];
}

function suggestion(row: FindingViewRow, expires: string): string[] {
  const lines = [`# ${row.severity}: ${printable(row.title)}`];
  const entry: string[] = [];
  if (row.initiators === 1 && row.initiator !== null) entry.push(`initiator: "${row.initiator}"`);
  if (row.responder !== null) entry.push(`responder: "${row.responder}"`);
  entry.push(`transport: ${row.transport}`);
  if (row.port !== null) entry.push(`ports: ${row.port}`);
  entry.push("reason: ''  # say why, or it is refused", `expires: ${expires}`);
  return [...lines, ...entry.map((text, i) => `#${i === 0 ? '  - ' : '    '}${text}`)];
}

function draft(heading: string, servers: readonly string[], exceptions: readonly string[]): string {
  return `${[
    `# ${heading}`,
    '# xports policy check FILE says what is wrong in it; docs/policy.md says what all of this means.',
    '',
    'version: 1',
    '',
    '# What is allowed to begin with: allow-list, or microsoft (what the vendor documents).',
    'profile: allow-list',
    '',
    '# The Exchange servers, whose traffic is judged. Without any, every responder is.',
    ...servers,
    '',
    "# TCP ports that the servers' RPC is pinned to. Ports that an endpoint mapper names are learned without this.",
    'rpc-ranges:',
    '#  - 59531-60554',
    '',
    '# What is allowed beside the profile.',
    'services:',
    '#  - { name: backup, transport: tcp, ports: [10000, 10010-10019], from: 10.0.9.0/24, reason: nightly backup }',
    '',
    '# What is not, although the profile has it.',
    'denied:',
    '#  - { service: pop3, reason: nobody needs clear text }',
    '',
    '# What is allowed for a reason, between these hosts, for a while.',
    ...exceptions,
    '',
    '# Ends of tunnels that only bring copies (ERSPAN, a tap), and tunnels that are meant to be there.',
    'mirrors:',
    '#  - 10.0.9.7',
    'tunnels:',
    '#  - { between: [10.0.0.5, 192.0.2.7], reason: site to site }',
    '',
    '# How severe findings are: the first line that fits decides.',
    'severities:',
    '#  - { kind: unexpected-port, transport: tcp, ports: 3389, severity: low }',
  ].join('\n')}\n`;
}
