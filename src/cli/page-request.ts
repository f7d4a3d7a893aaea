// What a page of a run is made with: the version, the allow-list, and the servers that the run was told of.

import type { PageRequest } from '../report/html/gather.ts';
import { ALLOW_LIST } from '../service/allow-list.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import { serversOf } from './rules.ts';
import { packageVersion } from './version.ts';

export function pageRequest(store: StoreReader, runId: number, anonymized: boolean): PageRequest {
  const servers = serversOf(store, runId);
  return {
    isServer: servers?.has ?? null,
    named: servers?.text ?? null,
    list: ALLOW_LIST,
    version: packageVersion(),
    anonymized,
    madeAtUs: Date.now() * 1000,
  };
}
