// The words around rules, which every firewall's language has in its own kind of comment.

import { byteSize, counted } from '../format.ts';
import type { Plan, Reason, Rule } from './plan.ts';

/** A row of the list that no expected flow used. */
export interface UnusedService {
  readonly service: string;
  readonly transport: string;
  readonly port: number;
  readonly label: string;
}

/** What a dialect writes down. */
export interface RuleBook {
  /** What the rules were made from. */
  readonly head: readonly string[];
  readonly plan: Plan;
  readonly advice: readonly string[];
  readonly unused: readonly UnusedService[];
}

/** Text that no language of comments can be left with, whatever a file name or a capture holds: printable ASCII. */
export function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '.');
}

/** `tcp/443`, or the protocol alone. */
function place(transport: string, port: number | null): string {
  return port === null ? transport : `${port}/${transport}`;
}

/** What stands behind a rule, a line a service. */
export function reasonLines(rule: Rule): string[] {
  const side = rule.direction === 'in' ? 'from' : 'to';
  if (rule.mirrored) return ['the way back, since both ends of IPsec may begin'];
  return rule.reasons.map((reason) => {
    const amount = `${counted(reason.flows, 'flow')}, ${counted(reason.packets, 'packet')}, ${byteSize(reason.bytes)}`;
    const remarks = remarksOf(reason);
    const more = remarks.length === 0 ? '' : ` (${remarks.join('; ')})`;
    return plain(
      `${reason.service} ${place(rule.transport, reason.port)}: ${amount} ${side} ${counted(reason.peers, 'address', 'addresses')}${more}`,
    );
  });
}

function remarksOf(reason: Reason): string[] {
  const remarks: string[] = [];
  if (reason.interfaces !== '') remarks.push(reason.interfaces.replaceAll(',', ', '));
  if (reason.answered === false) remarks.push('never answered');
  if (reason.guessed) remarks.push('who began it is a guess');
  if (reason.tunnelled) remarks.push('seen in a tunnel only');
  return remarks;
}

/** The whole rule in at most `width` characters: services, and the counts behind them. */
export function shortReason(rule: Rule, width: number): string {
  const names = [...new Set(rule.reasons.map((reason) => reason.service))].join(' ');
  const sum = (of: (reason: Reason) => number) =>
    rule.reasons.reduce((total, reason) => total + of(reason), 0);
  const amount = rule.mirrored
    ? 'the way back'
    : `${counted(
        sum((r) => r.flows),
        'flow',
      )}, ${counted(
        sum((r) => r.packets),
        'packet',
      )}, ${byteSize(sum((r) => r.bytes))}`;
  const room = width - amount.length - 2;
  const shown = names.length <= room ? names : `${names.slice(0, room - 3)}...`;
  return plain(`${shown}: ${amount}`);
}

/** What to know before loading the rules. */
export function adviceOf(
  plan: Plan,
  facts: { readonly flowsStored: boolean; readonly widened: string | null },
): string[] {
  const advice: string[] = [];
  const has = (of: (reason: Reason, rule: Rule) => boolean) =>
    plan.rules.some((rule) => rule.reasons.some((reason) => of(reason, rule)));
  const rpc = new Map<string, Set<number>>();
  for (const rule of plan.rules) {
    for (const reason of rule.reasons) {
      if (reason.service !== 'rpc-dynamic' || reason.port === null || rule.direction !== 'in') continue;
      rpc.set(rule.server, (rpc.get(rule.server) ?? new Set()).add(reason.port));
    }
  }
  for (const [server, ports] of rpc) {
    const list = [...ports].sort((a, b) => a - b).join(', ');
    advice.push(
      `RPC of ${server} used ${ports.size === 1 ? 'port' : 'ports'} ${list}. Such ports change when a service starts again: pin them (docs/rules.md says how), and make the rules anew.`,
    );
  }
  if (rpc.size === 0 && has((reason) => reason.service === 'rpc-dynamic')) {
    advice.push(
      "Servers' RPC ports change when a service starts again: pin them (docs/rules.md says how), and make the rules anew.",
    );
  }
  if (has((reason) => reason.answered === false)) {
    advice.push('Some of this was never answered; --answered leaves it out.');
  }
  if (has((_, rule) => rule.transport === 'esp')) {
    advice.push('ESP is allowed by its addresses alone: nobody can see what is inside.');
  }
  if (has((_, rule) => rule.transport === 'ah')) {
    advice.push('AH is allowed by its addresses alone: firewalls do not look at the ports inside.');
  }
  if (has((reason) => reason.tunnelled)) {
    advice.push('Rules for what was seen in a tunnel only hold where its packets travel bare.');
  }
  if (!facts.flowsStored && plan.rules.length > 0) {
    advice.push(
      'Flows were not stored, so it is not known what was answered, and the way back of IPsec is left out.',
    );
  }
  if (facts.widened !== null) {
    advice.push(`Addresses were widened to networks (${facts.widened}): more may pass than was seen.`);
  }
  if (plan.flows_left_out > 0) {
    advice.push(
      `${counted(plan.flows_left_out, 'expected flow')} left out: of hosts that are not protected, or never answered.`,
    );
  }
  if (plan.flows_local > 0) {
    advice.push(
      `${counted(plan.flows_local, 'expected flow')} left out: of loopback, link-local or group addresses, which do not get as far as a firewall.`,
    );
  }
  return advice.map(plain);
}

/** What the list allows and nobody used, as lines. */
export function unusedLines(book: RuleBook): string[] {
  const lines: string[] = [];
  const services = book.unused.map((row) =>
    row.transport === 'ip' ? row.service : `${row.service} ${place(row.transport, row.port)}`,
  );
  if (services.length > 0) lines.push(`Allowed by the list and not used: ${services.join(', ')}.`);
  const rpc = book.plan.unused_rpc.map((row) => `${row.server} ${row.port}`);
  if (rpc.length > 0) lines.push(`RPC ports that were learned and not used: ${rpc.join(', ')}.`);
  return lines.map(plain);
}

const COMMENT_WIDTH = 100;

/** Comment lines behind `mark`, broken at spaces. */
export function comment(mark: string, lines: readonly string[]): string[] {
  return lines.flatMap((text) => {
    const broken: string[] = [];
    let line = '';
    for (const word of plain(text).split(' ')) {
      if (line !== '' && line.length + word.length >= COMMENT_WIDTH - mark.length) {
        broken.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    broken.push(line);
    return broken.map((part) => `${mark} ${part}`.trimEnd());
  });
}

/** Everything that stands before the rules, as comment lines. */
export function preamble(mark: string, book: RuleBook): string[] {
  const parts = [book.head, book.advice, unusedLines(book)].filter((lines) => lines.length > 0);
  return parts.flatMap((lines, i) => [...(i === 0 ? [] : [mark]), ...comment(mark, lines)]);
}
