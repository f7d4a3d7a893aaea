// What a capture judges by, which may be given anew while it goes on.

import type { Policy } from '../policy/policy.ts';
import type { ProfileName } from '../policy/terms.ts';

export interface Rules {
  readonly profile: ProfileName;
  readonly policy: Policy | null;
}

/** The rules of runs that begin from now on. */
export class LiveRules {
  private rules: Rules;
  private isNew = false;

  constructor(rules: Rules) {
    this.rules = rules;
  }

  get current(): Rules {
    return this.rules;
  }

  /** Other rules than those that the last run began with. */
  get changed(): boolean {
    return this.isNew;
  }

  replace(rules: Rules): void {
    this.rules = rules;
    this.isNew = true;
  }

  /** The rules for a run that begins. */
  take(): Rules {
    this.isNew = false;
    return this.rules;
  }
}
