// What a look at payload says, as one small integer: the protocol in the low six bits, facts above.

/** Protocols by code; 0 where payload says nothing. */
export const PROTOCOLS = [
  '',
  'tls',
  'smtp',
  'pop3',
  'imap',
  'http',
  'ldap',
  'kerberos',
  'dns',
  'dcerpc',
  'smb1',
  'smb2',
  'netbios-session',
  'netbios-name',
  'tpkt',
  'rdp',
  's7',
  'mms',
  'x400',
  'nntp',
  'sip',
  'ike',
  'esp-in-udp',
  'dtls',
  'ssh',
  'socks4',
  'socks5',
  'ftp',
  'ntp',
  'snmp',
  'quic',
  'ssdp',
  'mdns',
  'llmnr',
] as const;
export type ProtocolName = Exclude<(typeof PROTOCOLS)[number], ''>;

/** Code by name; a code fits in six bits. */
export const P = Object.fromEntries(PROTOCOLS.map((name, code) => [name, code])) as Readonly<
  Record<ProtocolName, number>
>;

export const PROTOCOL_MASK = 63;
/** Which end says such a thing, where the protocol tells. */
export const BY_SERVER = 1 << 6;
export const BY_CLIENT = 1 << 7;
/** A password, or what serves as one, was sent in the clear. What it was is nowhere kept. */
export const CLEARTEXT_LOGIN = 1 << 18;
/** The client asked for TLS on a connection that began without. */
export const STARTTLS = 1 << 19;
const OFFERED_SHIFT = 12;
const CHOSEN_SHIFT = 15;
/** All that is kept of a look beside the protocol and who spoke. */
export const FACTS_MASK = (0xff << OFFERED_SHIFT) & 0xfffff;

/** TLS and DTLS versions in order; 0 for none. DTLS 1.0 and 1.2 count as the TLS versions they were made from. */
export const TLS_VERSIONS = ['', 'SSL 2', 'SSL 3', 'TLS 1.0', 'TLS 1.1', 'TLS 1.2', 'TLS 1.3'] as const;
export const TLS = { none: 0, ssl2: 1, ssl3: 2, v10: 3, v11: 4, v12: 5, v13: 6 } as const;

/** The protocol's name, or null for none. */
export function protocolName(code: number): ProtocolName | null {
  return PROTOCOLS[code & PROTOCOL_MASK] || null;
}

/** The highest TLS version that the client offered: an index of TLS_VERSIONS. Works on looks and on states. */
export function tlsOffered(facts: number): number {
  return (facts >>> OFFERED_SHIFT) & 7;
}

/** The one that the server chose. */
export function tlsChosen(facts: number): number {
  return (facts >>> CHOSEN_SHIFT) & 7;
}

export function offers(version: number): number {
  return version << OFFERED_SHIFT;
}

export function chooses(version: number): number {
  return version << CHOSEN_SHIFT;
}

/** True where a TLS handshake was seen, at the beginning or after STARTTLS. */
export function sawTlsHello(facts: number): boolean {
  return tlsOffered(facts) !== 0 || tlsChosen(facts) !== 0;
}

/** True where what was chosen, or all that was offered, is below TLS 1.2 (RFC 8996). */
export function isObsoleteTls(facts: number): boolean {
  const version = tlsChosen(facts) || tlsOffered(facts);
  return version !== TLS.none && version < TLS.v12;
}
