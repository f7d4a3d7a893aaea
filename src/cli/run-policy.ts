// The profile and policy that a run was made with, from its snapshot in the database.

import { parsePolicy } from '../policy/document.ts';
import { NO_POLICY } from '../policy/policy.ts';
import { PolicyRules } from '../policy/rules.ts';
import type { ProfileName } from '../policy/terms.ts';
import type { RunChoice } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';

/**
 * The rules of the run, or of all runs where they agree; null where they differ, or a snapshot cannot be read by this
 * version.
 */
export function rulesOfRun(store: StoreReader, choice: RunChoice): PolicyRules | null {
  const rows = choice === 'all' ? store.runs() : [store.run(choice)];
  const [{ profile, policy }] = rows;
  if (rows.some((row) => row.profile !== profile || row.policy !== policy)) return null;
  const parsed = policy === null ? NO_POLICY : parsePolicy(policy, 'the policy of the run').policy;
  return parsed === null ? null : new PolicyRules(parsed, profile as ProfileName);
}
