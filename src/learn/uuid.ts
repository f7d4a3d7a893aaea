// UUIDs as DCE/RPC puts them on the wire (C706, appendix A): the first three fields in the sender's byte order.

export const UUID_BYTES = 16;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

/** The UUID at `at` in lower case; 16 bytes must be there. `little` is the byte order of its first three fields. */
export function uuidText(view: DataView, at: number, little: boolean): string {
  const node = [10, 11, 12, 13, 14, 15].map((i) => hex(view.getUint8(at + i), 2)).join('');
  return [
    hex(view.getUint32(at, little), 8),
    hex(view.getUint16(at + 4, little), 4),
    hex(view.getUint16(at + 6, little), 4),
    hex(view.getUint16(at + 8), 4),
    node,
  ].join('-');
}
