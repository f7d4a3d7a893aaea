// Heads of BER elements (ITU-T X.690, section 8.1), as LDAP, Kerberos, SNMP and X.400 begin with them.

/** Where a head was read to, and what it claims. One object, filled again. */
export interface Head {
  tag: number;
  /** Where the contents begin, and where they are said to end; that may be past the bytes at hand. */
  at: number;
  end: number;
}

/** Reads a head with a tag of one byte and a definite length; false where there is none. */
export function readHead(view: DataView, at: number, end: number, head: Head): boolean {
  if (end - at < 2) return false;
  head.tag = view.getUint8(at);
  if ((head.tag & 0x1f) === 0x1f) return false;
  const first = view.getUint8(at + 1);
  if (first < 0x80) {
    head.at = at + 2;
    head.end = head.at + first;
    return true;
  }
  const bytes = first & 0x7f;
  if (bytes === 0 || bytes > 4 || end - at < 2 + bytes) return false;
  let length = 0;
  for (let i = 0; i < bytes; i++) length = length * 256 + view.getUint8(at + 2 + i);
  head.at = at + 2 + bytes;
  head.end = head.at + length;
  return true;
}
