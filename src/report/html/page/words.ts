// Words of the page: verdicts, severities, outcomes, times.

import { endpoint, timeText } from '../../format.ts';
import type { PageModel } from '../model.ts';

export const SEVERITIES = ['high', 'medium', 'low', 'info'] as const;

export const SEVERITY_WORDS: Readonly<Record<string, string>> = {
  high: 'answered, and nothing explains it',
  medium: 'answered, and documented by the vendor',
  low: 'refused, not answered, or a guess',
  info: 'a remark',
};

export const OUTCOMES: Readonly<Record<string, string>> = {
  answered: 'answered',
  refused: 'refused',
  unanswered: 'not answered',
  'one-way': 'one direction seen',
};

export const VERDICTS: Readonly<Record<string, string>> = {
  expected: 'expected',
  unexpected: 'unexpected',
  infrastructure: 'the network itself',
  undetermined: 'not readable',
  'out-of-scope': 'out of scope',
};

export function verdictClass(verdict: string): string {
  if (verdict === 'expected') return 'ok';
  return verdict === 'unexpected' ? 'bad' : 'plain';
}

let wholeDay = false;

/** Says which run times are of: within one day the date is not repeated. */
export function setTimes({ run }: PageModel): void {
  wholeDay =
    run.firstUs !== null &&
    run.lastUs !== null &&
    timeText(run.firstUs).slice(0, 10) === timeText(run.lastUs).slice(0, 10);
}

/** `09:00:12`, or with month and day where the run is of several days. */
export function shortTime(us: number): string {
  return wholeDay ? timeText(us).slice(11, 19) : timeText(us).slice(5, 19);
}

/** `tcp/443`, or a transport alone. */
export function portText(transport: string, port: number | null): string {
  return endpoint(transport, port === -1 ? null : port);
}

/** `950`, `1.2k`, `34k`, `5.6M`: for places where a number must be short. */
export function brief(value: number): string {
  if (value < 1000) return String(value);
  const [scaled, unit] = value < 999_500 ? [value / 1000, 'k'] : [value / 1e6, 'M'];
  return `${scaled < 10 ? scaled.toFixed(1).replace('.0', '') : Math.round(scaled)}${unit}`;
}

/** A text by which addresses sort as numbers, IPv4 before IPv6. */
export function addressOrder(text: string): string {
  if (!text.includes(':'))
    return `4${text
      .split('.')
      .map((part) => part.padStart(3, '0'))
      .join('.')}`;
  const [head, tail] = text.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = tail === undefined ? [] : new Array(Math.max(8 - before.length - after.length, 0)).fill('0');
  return `6${[...before, ...middle, ...after].map((part) => part.padStart(4, '0')).join(':')}`;
}
