// What a run's profile and policy make of what is known of a port, protocol or service.

import { protocolOf } from '../base/transport.ts';
import type { Known } from '../service/knowledge.ts';
import type { Question } from '../service/question.ts';
import type { ExceptionRule, Range } from './policy.ts';
import type { AllowedService, PolicyRules } from './rules.ts';

/** What is known, as this policy has it: what it denies, what it allows beside the list, and its exceptions. */
export function knownUnder(rules: PolicyRules, question: Question, known: readonly Known[]): Known[] {
  const judged = known.map((row) => judgedBy(rules, row));
  const own = rules.allowed.filter((row) => isAskedFor(question, row) && !isListed(judged, row));
  const exceptions = rules.policy.exceptions.flatMap((rule) => exceptionAt(question, rule));
  return [...own.map((row) => ownService(rules, row)), ...judged, ...exceptions];
}

/** A row of the list that the profile leaves out or the policy denies. */
function judgedBy(rules: PolicyRules, row: Known): Known {
  if (row.standing !== 'listed' || row.service === null) return row;
  const [transport] = row.transports;
  if (rules.allowed.some((one) => one.id === row.service && covers(one, transport, row))) return row;
  const isIp = transport === 'ip';
  const protocol = isIp ? row.first : protocolOf(transport);
  const denial = rules.denial(rules.index(row.service), protocol, isIp ? -1 : row.first);
  const why =
    denial === null
      ? `The profile ${rules.profile} does not have it.`
      : `The policy denies it${denial === '' ? '' : `: ${denial}`}.`;
  return { ...row, standing: 'denied', note: `${why} ${row.note}`.trim() };
}

function covers(one: AllowedService, transport: string, row: Known): boolean {
  return one.transport === transport && one.port <= row.first && one.lastPort >= row.last;
}

function isListed(known: readonly Known[], one: AllowedService): boolean {
  return known.some(
    (row) =>
      row.standing === 'listed' &&
      row.service === one.id &&
      covers(one, row.transports[0], row) &&
      one.by === 'profile',
  );
}

function isAskedFor(
  question: Question,
  row: Pick<AllowedService, 'id' | 'transport' | 'port' | 'lastPort'>,
): boolean {
  if (question.kind === 'service') return row.id === question.service;
  if (question.kind === 'protocol') return row.transport === 'ip' && row.port === question.protocol;
  return (
    (question.transports as readonly string[]).includes(row.transport) &&
    row.port <= question.last &&
    row.lastPort >= question.first
  );
}

function ownService(rules: PolicyRules, row: AllowedService): Known {
  const { from, to } = row;
  const source = row.by === 'profile' ? `the profile ${rules.profile}` : 'the policy';
  return {
    standing: 'allowed',
    service: row.id,
    name: row.label,
    transports: [row.transport],
    first: row.port,
    last: row.lastPort,
    who: from === null && to === null ? '' : `${from ?? 'anybody'} → ${to ?? 'anybody'}`,
    note: '',
    source,
  };
}

/** An exception about these ports, for each of its ranges that was asked for. */
function exceptionAt(question: Question, rule: ExceptionRule): Known[] {
  const until = rule.expires === null ? '' : `, until ${rule.expires}`;
  const row = {
    standing: 'excepted',
    service: rule.service,
    name: 'an exception',
    who: `${rule.initiator?.join(' ') ?? 'anybody'} → ${rule.responder?.join(' ') ?? 'anybody'}${until}`,
    note: rule.reason,
    source: `line ${rule.line} of the policy`,
  } as const;
  if (question.kind === 'service') {
    return rule.service === question.service ? [{ ...row, transports: [], first: 0, last: 0 }] : [];
  }
  if (question.kind === 'protocol') {
    const { transport, protocol } = question;
    return rule.transport === transport
      ? [{ ...row, transports: ['ip'], first: protocol, last: protocol }]
      : [];
  }
  const transports = question.transports.filter((name) => rule.transport === null || rule.transport === name);
  const ranges: readonly Range[] = transports.length === 0 ? [] : (rule.ports ?? []);
  return ranges
    .filter(([first, last]) => first <= question.last && last >= question.first)
    .map(([first, last]) => ({ ...row, transports, first, last }));
}
