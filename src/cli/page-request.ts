// What a page of a run is made with: the version, what the run's rules allow, and the servers that it was told of.

import { PolicyRules } from '../policy/rules.ts';
import type { PageRequest } from '../report/html/gather.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { serversOf } from './rules.ts';
import { rulesOfRun } from './run-policy.ts';
import { packageVersion } from './version.ts';

export function pageRequest(store: StoreReader, runId: number, anonymized: boolean): PageRequest {
  const rules = rulesOfRun(store, runId);
  const servers = serversOf(store, runId, rules);
  return {
    isServer: servers?.has ?? null,
    named: servers?.text ?? null,
    list: (rules ?? new PolicyRules()).allowed,
    version: packageVersion(),
    anonymized,
    madeAtUs: Date.now() * 1000,
  };
}
