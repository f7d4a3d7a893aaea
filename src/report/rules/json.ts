// Rules as one JSON document, for a firewall that has no dialect here. docs/rules.md describes its fields.

import { jsonText } from '../../base/text.ts';
import { plain, type RuleBook } from './words.ts';

/** ICMP types that have to pass whatever else does: RFC 1812 and RFC 4890, section 4.3. */
const ICMP = [
  { ip_version: 4, protocol: 1, types: [3, 8, 11, 12] },
  { ip_version: 6, protocol: 58, types: [1, 2, 3, 4, 128] },
];

export function jsonRules(book: RuleBook): string {
  const { head, plan, advice, unused } = book;
  const document = {
    about: head.map(plain),
    servers: plan.servers,
    rules: plan.rules,
    established: true,
    icmp: ICMP,
    otherwise: 'drop',
    advice,
    unused,
    unused_rpc: plan.unused_rpc,
    flows_left_out: plan.flows_left_out,
    flows_local: plan.flows_local,
  };
  return `${jsonText(document, 2)}\n`;
}
