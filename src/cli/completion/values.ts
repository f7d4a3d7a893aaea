// What can stand for the value of an option or argument, where the command tree itself does not say.

import { SERVICE_IDS } from '../../service/catalog.ts';

export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' | 'interfaces' | 'unknown' };

const words = (...list: readonly string[]): Values => ({ kind: 'words', words: list });
const RUNS = words('latest', 'all');

/** By command and option, or by the option or argument alone. */
const KNOWN: Readonly<Record<string, Values>> = {
  '--iface': { kind: 'interfaces' },
  '--run': RUNS,
  '--service': words(...SERVICE_IDS),
  '--transport': words('tcp', 'udp', 'icmp', 'icmp6', 'igmp', 'sctp', 'esp', 'ah'),
  'analyze --servers': words('auto'),
  'live --servers': words('auto'),
  'explain port': words(...SERVICE_IDS.slice(1), 'esp', 'ah', 'icmp', 'gre', '25/tcp', '443/tcp'),
  // Or a database, which is a file.
  'diff before': { kind: 'files' },
  'diff after': { kind: 'files' },
  capture: { kind: 'files' },
};
const FILE_PLACEHOLDER = /<(file|directory|folder|path)>/;

export function valuesOf(
  command: string,
  name: string,
  flags: string,
  choices: readonly string[] | undefined,
): Values {
  if (choices !== undefined) return words(...choices);
  const known = KNOWN[`${command} ${name}`] ?? KNOWN[name];
  if (known !== undefined) return known;
  return { kind: FILE_PLACEHOLDER.test(flags) ? 'files' : 'unknown' };
}
