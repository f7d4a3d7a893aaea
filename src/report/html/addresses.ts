// The list of addresses that a page names by their places.

export class AddressList {
  readonly texts: string[] = [];
  private readonly places = new Map<string, number>();

  /** The place of an address; -1 for none. */
  place(text: string | null | undefined): number {
    if (text === null || text === undefined) return -1;
    const found = this.places.get(text);
    if (found !== undefined) return found;
    this.places.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}

/** The value at `key`, made where there is none. */
export function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}
