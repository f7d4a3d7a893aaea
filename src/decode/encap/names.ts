// What is looked through on the way to the innermost packet, and the number that a stack of it is kept in.
// A stack is a number to the base 14 whose lowest digit is the innermost layer, so it needs no table.

export const ENCAPSULATION = {
  mpls: 1,
  pppoe: 2,
  gre: 3,
  nvgre: 4,
  erspan: 5,
  vxlan: 6,
  geneve: 7,
  gtpu: 8,
  ipip: 9,
  sixInFour: 10,
} as const;

const NAMES = ['', 'mpls', 'pppoe', 'gre', 'nvgre', 'erspan', 'vxlan', 'geneve', 'gtpu', 'ipip', '6in4'];
const BASE = 14;

/** Layers that one packet may have; a ninth makes it a skipped one. */
export const MAX_LAYERS = 8;
/** The lowest stack of that many layers; the highest fits in 31 bits. */
const FULL = BASE ** (MAX_LAYERS - 1);

/** The stack with one more layer inside, or -1 where it is full. */
export function pushLayer(stack: number, code: number): number {
  return stack >= FULL ? -1 : stack * BASE + code;
}

/** The layers from the outermost to the innermost. */
function layersOf(stack: number): number[] {
  const layers: number[] = [];
  for (let rest = stack; rest > 0; rest = Math.floor(rest / BASE)) layers.unshift(rest % BASE);
  return layers;
}

/** The stack as it is part of a flow's key: without the layers that belong to the link (MPLS and PPPoE). */
export function keyedLayers(stack: number): number {
  return layersOf(stack)
    .filter((code) => code !== ENCAPSULATION.mpls && code !== ENCAPSULATION.pppoe)
    .reduce((kept, code) => kept * BASE + code, 0);
}

/** `gre/vxlan`, the outermost first; null where nothing was looked through. */
export function encapsulationText(stack: number): string | null {
  return stack === 0
    ? null
    : layersOf(stack)
        .map((code) => NAMES[code])
        .join('/');
}
