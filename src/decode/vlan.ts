// A stack of VLAN tags in one 32-bit word: the depth in the top bits, up to two identifiers below.
// Deeper stacks are rare and are numbered in a side table.

const DEEP: number[][] = [];

/** The word for a stack that one more tag is put on. `stack` 0 means no tag; `id` is the 12-bit identifier. */
export function pushVlan(stack: number, id: number): number {
  if (stack === 0) return (1 << 24) | id;
  if (stack >>> 24 === 1) return (2 << 24) | ((stack & 0xfff) << 12) | id;
  const ids = [...vlanIds(stack), id];
  let index = DEEP.findIndex((known) => known.length === ids.length && known.every((v, i) => v === ids[i]));
  if (index < 0 && DEEP.length < 4096) index = DEEP.push(ids) - 1;
  return index < 0 ? stack : (3 << 24) | index;
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
