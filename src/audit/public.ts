// Whether an address may be anywhere on the Internet: those set apart for private use and for the link are not (RFC 6890).

import type { AddressBook } from '../flow/addresses.ts';

/** First word, and how many leading bits of it count. */
const NOT_PUBLIC_V4: readonly (readonly [number, number])[] = [
  [0x00000000, 8],
  [0x0a000000, 8],
  [0x64400000, 10],
  [0x7f000000, 8],
  [0xa9fe0000, 16],
  [0xac100000, 12],
  [0xc0a80000, 16],
  [0xe0000000, 3],
];

export function isPublic(book: AddressBook, id: number): boolean {
  const word = book.word(id, 0) >>> 0;
  if (!book.isV4(id)) {
    // Global unicast is 2000::/3; all the rest is local, mapped, or a group.
    return word >>> 29 === 1;
  }
  return !NOT_PUBLIC_V4.some(([network, bits]) => word >>> (32 - bits) === network >>> (32 - bits));
}
