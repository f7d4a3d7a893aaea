// UUIDs as DCE/RPC puts them on the wire (C706, appendix A): the first three fields in the sender's byte order.

export const UUID_BYTES = 16;

/** Texts that were made lately, by their four words: a site has few interfaces, and binds to them all day. */
const PLACES = 64;
const words = new Int32Array(PLACES * 5);
const texts: string[] = new Array(PLACES).fill('');

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** The UUID at `at` in lower case; 16 bytes must be there. `little` is the byte order of its first three fields. */
export function uuidText(view: DataView, at: number, little: boolean): string {
  const w0 = view.getInt32(at);
  const w1 = view.getInt32(at + 4);
  const w2 = view.getInt32(at + 8);
  const w3 = view.getInt32(at + 12);
  const order = little ? 1 : 2;
  const n = Math.imul(w0 ^ w1 ^ w2 ^ w3 ^ order, 0x9e3779b1) >>> 26;
  const place = n * 5;
  if (
    words[place] === w0 &&
    words[place + 1] === w1 &&
    words[place + 2] === w2 &&
    words[place + 3] === w3 &&
    words[place + 4] === order
  )
    return texts[n];
  words.set([w0, w1, w2, w3, order], place);
  texts[n] = written(view, at, little);
  return texts[n];
}

function written(view: DataView, at: number, little: boolean): string {
  const node = [10, 11, 12, 13, 14, 15].map((i) => hex(view.getUint8(at + i), 2)).join('');
  return [
    hex(view.getUint32(at, little), 8),
    hex(view.getUint16(at + 4, little), 4),
    hex(view.getUint16(at + 6, little), 4),
    hex(view.getUint16(at + 8), 4),
    node,
  ].join('-');
}
