// Who is who: the servers and what shows it, and how many there are of those that only use them.

import type { HostViewRow } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { counted } from './format.ts';
import type { Style } from './style.ts';
import { paragraph } from './text.ts';

const NAMES: Readonly<Record<string, string>> = {
  mailbox: 'mailbox server',
  edge: 'edge server',
  'dag-member': 'DAG member',
  'domain-controller': 'domain controller',
  'global-catalog': 'global catalog',
  dns: 'DNS server',
};
/** Those that are counted and not shown one by one. */
const MANY: readonly (readonly [role: string, one: string])[] = [
  ['client', 'client'],
  ['mail-peer', 'mail peer outside'],
];
const SHOWN = 20;
const INDENT = '    ';

export function hostsSection(store: StoreReader, runId: number, look: Style): string {
  const rows = store.hosts(runId);
  if (rows.length === 0) return '';
  const servers = new Map<string, HostViewRow[]>();
  for (const row of rows.filter(({ role }) => role in NAMES)) {
    servers.set(row.address, [...(servers.get(row.address) ?? []), row]);
  }
  const lines = [...servers].slice(0, SHOWN).map(([address, roles]) => hostLines(address, roles, look));
  if (servers.size > SHOWN) lines.push(look.faint(`  and ${counted(servers.size - SHOWN, 'more server')}`));
  const others = MANY.map(([role, one]) => [one, rows.filter((row) => row.role === role).length] as const)
    .filter(([, count]) => count > 0)
    .map(([one, count]) => counted(count, one, one === 'client' ? 'clients' : 'mail peers outside'));
  if (others.length > 0) lines.push(look.faint(`  and ${others.join(', ')}`));
  return [look.heading('Hosts'), ...lines].join('\n');
}

function hostLines(address: string, roles: readonly HostViewRow[], look: Style): string {
  const named = roles.map(({ role, confidence }) => {
    const name = NAMES[role] ?? role;
    return confidence === 'high' ? name : `${name} (${confidence === 'medium' ? 'likely' : 'perhaps'})`;
  });
  const evidence = [...new Set(roles.flatMap((row) => row.evidence.split('; ')))].join('; ');
  return [
    `  ${look.heading(address)}  ${named.join(', ')}`,
    look.faint(paragraph(evidence, look.width, INDENT)),
  ].join('\n');
}
