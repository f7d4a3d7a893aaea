// Firewall rules for the page, in each language, where they are short enough to be looked at.

import type { StoreReader } from '../../store/sqlite/reader.ts';
import { type DialectName, firewallRules, type ListedService, ruleSource } from '../rules/index.ts';
import type { RulesModel } from './model.ts';

/** Longer ones are no reading matter, and four of them must not fill the page. */
const LONGEST_CHARACTERS = 200_000;

const DIALECTS: readonly { readonly name: DialectName; readonly label: string; readonly file: string }[] = [
  { name: 'nftables', label: 'nftables', file: 'exchange.nft' },
  { name: 'iptables', label: 'iptables', file: 'exchange.sh' },
  { name: 'windows', label: 'Windows Defender Firewall', file: 'exchange.ps1' },
  { name: 'cisco-asa', label: 'Cisco ASA', file: 'exchange.txt' },
];

export interface RulesBasis {
  /** Says of an address whether it is protected; null for every responder of expected traffic. */
  readonly isServer: ((address: string) => boolean) | null;
  readonly named: string | null;
  readonly list: readonly ListedService[];
  readonly version: string;
}

export function rulesOf(store: StoreReader, runId: number, basis: RulesBasis): RulesModel[] {
  const source = ruleSource(store, runId);
  if (source.pairs.length === 0) return [];
  return DIALECTS.map(({ name, label, file }) => {
    const request = { ...basis, run: runId, dialect: name, answeredOnly: false, widening: null };
    const { text } = firewallRules(store, request, source);
    return {
      name,
      label,
      file,
      text: text.length <= LONGEST_CHARACTERS ? text : null,
      lines: text.split('\n').length,
    };
  });
}
