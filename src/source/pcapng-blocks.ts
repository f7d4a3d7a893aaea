// Options of pcapng blocks, and what an interface description says (draft-ietf-opsawg-pcapng, sections 3.5 and 4.2).

import { TickScale } from './ticks.ts';

const END_OF_OPTIONS = 0;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const MICROSECONDS = 6;
const TWO32 = 4_294_967_296;

/** Where an option's value is. */
export interface OptionValue {
  readonly view: DataView;
  readonly at: number;
  readonly length: number;
  readonly little: boolean;
}

/** The last value of each option by its code. */
export type Options = ReadonlyMap<number, OptionValue>;

/** Reads the options between two positions; one that runs over the end is left out with all behind it. */
export function readOptions(view: DataView, from: number, to: number, little: boolean): Options {
  const options = new Map<number, OptionValue>();
  let at = from;
  while (to - at >= 4) {
    const code = view.getUint16(at, little);
    const length = view.getUint16(at + 2, little);
    if (code === END_OF_OPTIONS || length > to - at - 4) break;
    options.set(code, { view, at: at + 4, length, little });
    at += 4 + ((length + 3) & ~3);
  }
  return options;
}

/** An unsigned 64-bit count; null where there is none, or one that no machine can have counted to. */
export function u64Of(option: OptionValue | undefined): number | null {
  if (option === undefined || option.length !== 8) return null;
  const { view, at, little } = option;
  const count =
    view.getUint32(little ? at + 4 : at, little) * TWO32 + view.getUint32(little ? at : at + 4, little);
  return count <= Number.MAX_SAFE_INTEGER ? count : null;
}

/** One interface of a section. */
export class Interface {
  readonly linkType: number;
  readonly snaplen: number;
  readonly scale: TickScale;
  /** Losses as its last statistics block counted them. */
  interfaceDropped = 0;
  kernelDropped = 0;

  constructor(linkType: number, snaplen: number, scale: TickScale) {
    this.linkType = linkType;
    this.snaplen = snaplen;
    this.scale = scale;
  }
}

export function interfaceOf(linkType: number, snaplen: number, options: Options): Interface {
  const resolution = options.get(IF_TSRESOL);
  const offset = options.get(IF_TSOFFSET);
  const byte = resolution?.length === 1 ? resolution.view.getUint8(resolution.at) : MICROSECONDS;
  return new Interface(linkType, snaplen, new TickScale(byte, secondsOf(offset)));
}

/** A signed 64-bit count of seconds; 0 where there is none. */
function secondsOf(option: OptionValue | undefined): number {
  if (option === undefined || option.length !== 8) return 0;
  const { view, at, little } = option;
  return view.getInt32(little ? at + 4 : at, little) * TWO32 + view.getUint32(little ? at : at + 4, little);
}
