// The words of judgement: verdicts, outcomes, kinds of finding and their severity.

/** From the mildest to the worst, so that the worse of two is the larger number. */
export const VERDICTS = ['expected', 'infrastructure', 'undetermined', 'unexpected', 'out-of-scope'] as const;
export const OUTCOMES = ['answered', 'refused', 'unanswered', 'one-way'] as const;
export const FINDING_KINDS = [
  'unexpected-port',
  'unexpected-transport',
  'unexpected-protocol',
  'tunnelled-traffic',
  'contradicted-port',
  'known-service-elsewhere',
  'cleartext-login',
  'obsolete-tls',
  'port-scan',
  'remark',
] as const;
/** From the worst to the mildest. */
export const SEVERITIES = ['high', 'medium', 'low', 'info'] as const;

export type Verdict = (typeof VERDICTS)[number];
export type Outcome = (typeof OUTCOMES)[number];
export type FindingKind = (typeof FINDING_KINDS)[number];
export type Severity = (typeof SEVERITIES)[number];

export const VERDICT = {
  expected: 0,
  infrastructure: 1,
  undetermined: 2,
  unexpected: 3,
  outOfScope: 4,
} as const;
export const OUTCOME = { answered: 0, refused: 1, unanswered: 2, oneWay: 3 } as const;
