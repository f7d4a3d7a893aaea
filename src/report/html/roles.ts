// Roles of hosts as people call them, the most telling first.

const NAMES: Readonly<Record<string, string>> = {
  mailbox: 'mailbox server',
  edge: 'edge server',
  'dag-member': 'DAG member',
  'domain-controller': 'domain controller',
  'global-catalog': 'global catalog',
  dns: 'DNS server',
  'mail-peer': 'mail peer outside',
  client: 'client',
};
const ORDER = Object.keys(NAMES);

/** The name of the most telling of a host's roles. */
export function roleName(roles: readonly string[]): string {
  const first = [...roles].sort((a, b) => rankOf(a) - rankOf(b))[0];
  return NAMES[first] ?? first;
}

/** A role with how sure it is: `mailbox server`, `DAG member (likely)`. */
export function sureRole(role: string, confidence: string): string {
  const name = NAMES[role] ?? role;
  return confidence === 'high' || role === 'client'
    ? name
    : `${name} (${confidence === 'medium' ? 'likely' : 'perhaps'})`;
}

/** Servers before those that only use them. */
export function rankOf(role: string): number {
  const rank = ORDER.indexOf(role);
  return rank < 0 ? ORDER.length : rank;
}
