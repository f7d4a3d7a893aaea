// The newest state of a run of a database that may be written meanwhile. The database is open only while it is read, so
// that its writer can close it and another can take its place.

import { createHash } from 'node:crypto';
import { runState } from '../../store/sqlite/page-reader.ts';
import type { StoreReader } from '../../store/sqlite/reader.ts';
import { type PageRequest, pageModel } from '../html/gather.ts';
import type { Snapshot } from './app.ts';

export interface Following {
  readonly open: () => StoreReader;
  /** The run that is shown now: the newest one changes. */
  readonly runId: (store: StoreReader) => number;
  readonly request: (store: StoreReader, runId: number) => PageRequest;
  readonly now: () => number;
}

/** A page is made no more often than this, and rests ten times as long as it took. */
const SHORTEST_REST_MS = 1000;
const REST = 10;

/** Answers from what is known while that is fresh or nothing has changed. Throws what reading does. */
export function follow({ open, runId, request, now }: Following): () => Snapshot {
  let known: (Snapshot & { readonly state: string }) | null = null;
  let restUntil = 0;
  return () => {
    const from = now();
    if (known !== null && from < restUntil) return known;
    const store = open();
    try {
      const id = runId(store);
      const state = runState(store, id);
      if (known?.state !== state) {
        const model = pageModel(store, id, request(store, id));
        known = { model, state, tag: createHash('sha256').update(state).digest('base64url').slice(0, 22) };
      }
    } finally {
      store.close();
    }
    const until = now();
    restUntil = until + Math.max(SHORTEST_REST_MS, (until - from) * REST);
    return known;
  };
}
