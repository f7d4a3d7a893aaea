// Two lists of rows side by side: what is new, what is gone, and what is there in both and differs.

export interface Changed<T> {
  readonly before: T;
  readonly after: T;
}

export interface Changes<T> {
  readonly new: readonly T[];
  readonly gone: readonly T[];
  readonly changed: readonly Changed<T>[];
}

export interface Comparison<T> {
  /** The same row in both lists. */
  readonly keyOf: (row: T) => string;
  /** Whether the two differ enough to be told. */
  readonly differs: (before: T, after: T) => boolean;
  /** Rows without a partner that have this in common, one in each list, are one that changed. */
  readonly kinOf?: (row: T) => string;
}

export function compare<T>(before: readonly T[], after: readonly T[], how: Comparison<T>): Changes<T> {
  const { keyOf, differs } = how;
  const old = new Map(before.map((row) => [keyOf(row), row]));
  const keys = new Set(after.map(keyOf));
  const changed: Changed<T>[] = [];
  for (const row of after) {
    const partner = old.get(keyOf(row));
    if (partner !== undefined && differs(partner, row)) changed.push({ before: partner, after: row });
  }
  const added = after.filter((row) => !old.has(keyOf(row)));
  const gone = before.filter((row) => !keys.has(keyOf(row)));
  if (how.kinOf === undefined) return { new: added, gone, changed };
  const matched = kin(gone, added, how.kinOf);
  const taken = new Set(matched.flatMap((pair) => [pair.before, pair.after]));
  return {
    new: added.filter((row) => !taken.has(row)),
    gone: gone.filter((row) => !taken.has(row)),
    changed: [...changed, ...matched],
  };
}

/** Pairs of rows whose kin is theirs alone in either list. */
function kin<T>(gone: readonly T[], added: readonly T[], kinOf: (row: T) => string): Changed<T>[] {
  const old = only(gone, kinOf);
  const fresh = only(added, kinOf);
  const pairs: Changed<T>[] = [];
  for (const [name, after] of fresh) {
    const before = old.get(name) ?? null;
    if (before !== null && after !== null) pairs.push({ before, after });
  }
  return pairs;
}

/** Rows by their kin, with null for a kin of several. */
function only<T>(rows: readonly T[], kinOf: (row: T) => string): Map<string, T | null> {
  const found = new Map<string, T | null>();
  for (const row of rows) found.set(kinOf(row), found.has(kinOf(row)) ? null : row);
  return found;
}
