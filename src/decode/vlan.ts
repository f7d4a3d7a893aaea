// A stack of VLAN tags in one 32-bit word: the depth in the top bits, up to two identifiers below.
// Deeper stacks are rare and are numbered in a side table.

const DEEP: (readonly number[])[] = [];
const NONE: readonly (readonly number[])[] = [];
const DEEP_NUMBERS = new Map<string, number>();
/** Tags that are kept of a stack, and stacks deeper than two that are told apart. */
const MAX_DEPTH = 8;
const MAX_STACKS = 4096;

/** The word for a stack that one more tag is put on. `stack` 0 means no tag; `id` is the 12-bit identifier. */
export function pushVlan(stack: number, id: number): number {
  if (stack === 0) return (1 << 24) | id;
  if (stack >>> 24 === 1) return (2 << 24) | ((stack & 0xfff) << 12) | id;
  const below = vlanIds(stack);
  if (below.length === MAX_DEPTH) return stack;
  const ids = [...below, id];
  const key = ids.join();
  let index = DEEP_NUMBERS.get(key);
  if (index === undefined) {
    if (DEEP.length === MAX_STACKS) return stack;
    index = DEEP.push(ids) - 1;
    DEEP_NUMBERS.set(key, index);
  }
  return (3 << 24) | index;
}

function vlanIds(stack: number): readonly number[] {
  switch (stack >>> 24) {
    case 0:
      return [];
    case 1:
      return [stack & 0xfff];
    case 2:
      return [(stack >>> 12) & 0xfff, stack & 0xfff];
    default:
      return DEEP[stack & 0xffffff];
  }
}

/** `100`, or `100,200` with the outermost first; null where there was no tag. */
export function vlanText(stack: number): string | null {
  return stack === 0 ? null : vlanIds(stack).join(',');
}

/** The deep stacks that were numbered from \`from\` on, for a thread that is to know them too. */
export function vlanStacks(from: number): readonly (readonly number[])[] {
  return from === DEEP.length ? NONE : DEEP.slice(from);
}

/** Takes over what \`vlanStacks\` gave in another thread, in the same order. */
export function adoptVlanStacks(stacks: readonly (readonly number[])[]): void {
  DEEP.push(...stacks);
}
