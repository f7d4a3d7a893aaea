// What may have been meant by a mistyped word.

/**
 * How many letters have to be changed, added, taken out or swapped with their neighbour to make one word the other
 * (optimal string alignment).
 */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(next[j - 1] + 1, row[j] + 1, changed));
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) next[j] = Math.min(next[j], before[j - 2] + 1);
    }
    before = row;
    row = next;
  }
  return row[b.length];
}

const MOST = 3;

/** The names that are nearest to `word`, at most three; none where nothing is near enough to be meant. */
export function nearest(word: string, names: Iterable<string>): string[] {
  const near = [...new Set(names)]
    .map((name) => ({
      name,
      distance: name.includes(word) && word.length > 1 ? 1 : editDistance(word, name),
    }))
    .filter(
      ({ name, distance }) => distance <= (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))),
    );
  const least = Math.min(...near.map(({ distance }) => distance));
  return near
    .filter(({ distance }) => distance === least)
    .slice(0, MOST)
    .map(({ name }) => name);
}

/** A question that names what may have been meant; '' where nothing is near. */
export function didYouMean(word: string, names: Iterable<string>): string {
  const meant = nearest(word, names);
  return meant.length === 0 ? '' : `Did you mean ${meant.join(' or ')}?`;
}
