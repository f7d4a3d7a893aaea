// What became of a policy's exceptions: which are in use, which never were, and which have run out.

import type { Ledger } from '../audit/ledger.ts';
import { PAIR } from '../audit/tally.ts';
import { type ExceptionRule, endOf, type Range } from '../policy/policy.ts';
import type { ExceptionUse } from '../store/sink.ts';

/** `used` is keyed by the number of the exception, from 1; `lastPacketUs` is the clock by which a day is over. */
export function exceptionUses(
  rules: readonly ExceptionRule[],
  used: Ledger,
  lastPacketUs: number | null,
): ExceptionUse[] {
  return rules.map((rule, i): ExceptionUse => {
    const at = used.at(i + 1, 0, 0, 0);
    // After `at`, which may make room elsewhere.
    const { sums } = used;
    const flows = sums[at + PAIR.flows];
    const isOver = lastPacketUs !== null && lastPacketUs >= endOf(rule.expires);
    return {
      line: rule.line,
      text: matchText(rule),
      reason: rule.reason,
      expires: rule.expires,
      status: isOver ? 'expired' : flows > 0 ? 'used' : 'unused',
      flows,
      packets: sums[at + PAIR.packets],
      bytes: sums[at + PAIR.bytes],
      firstSeenUs: flows > 0 ? sums[at + PAIR.firstSeenUs] : null,
      lastSeenUs: flows > 0 ? sums[at + PAIR.lastSeenUs] : null,
    };
  });
}

/** `10.0.0.9 → 10.0.0.5, tcp 3389`. */
function matchText({ initiator, responder, transport, ports, service }: ExceptionRule): string {
  const ends =
    initiator === null && responder === null
      ? []
      : [`${initiator?.join(' ') ?? 'anybody'} → ${responder?.join(' ') ?? 'anybody'}`];
  const what = [transport, ports?.map(rangeText).join(' '), service].filter(
    (part) => part !== null && part !== undefined,
  );
  return [...ends, ...(what.length > 0 ? [what.join(' ')] : [])].join(', ');
}

function rangeText([first, last]: Range): string {
  return first === last ? String(first) : `${first}-${last}`;
}
