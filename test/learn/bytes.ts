// Bytes for tests, written the way a specification draws them.

/** A string stands for its own bytes; a number for one byte. */
export type Part = string | number | Uint8Array | readonly Part[];

export function bytes(...parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const flat = (part: Part): number[] => {
    if (typeof part === 'number') return [part & 255];
    if (typeof part === 'string') return [...part].map((letter) => letter.charCodeAt(0) & 255);
    return part instanceof Uint8Array ? [...part] : part.flatMap(flat);
  };
  return Uint8Array.from(flat(parts));
}

export const u16 = (value: number, little = false): Part =>
  little ? [value, value >>> 8] : [value >>> 8, value];
export const u32 = (value: number, little = false): Part =>
  little ? [u16(value & 0xffff, true), u16(value >>> 16, true)] : [u16(value >>> 16), u16(value & 0xffff)];

export const viewOf = (data: Uint8Array): DataView => new DataView(data.buffer, data.byteOffset, data.length);

/** Bytes from hexadecimal digits, spaces ignored. */
export const hex = (digits: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(digits.replace(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
