// The words of judgement: verdicts, outcomes, kinds of finding and their severity.

export { FINDING_KINDS, type FindingKind, SEVERITIES, type Severity } from '../policy/terms.ts';

/** From the mildest to the worst, so that the worse of two is the larger number. */
export const VERDICTS = ['expected', 'infrastructure', 'undetermined', 'unexpected', 'out-of-scope'] as const;
export const OUTCOMES = ['answered', 'refused', 'unanswered', 'one-way'] as const;
export type Verdict = (typeof VERDICTS)[number];
export type Outcome = (typeof OUTCOMES)[number];

export const VERDICT = {
  expected: 0,
  infrastructure: 1,
  undetermined: 2,
  unexpected: 3,
  outOfScope: 4,
} as const;
export const OUTCOME = { answered: 0, refused: 1, unanswered: 2, oneWay: 3 } as const;
