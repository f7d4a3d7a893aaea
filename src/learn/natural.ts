// What payload belongs on which service of the catalog, and which services a payload betrays elsewhere. A protocol of
// a service's own that is not known here (log shipping of a DAG, cluster heartbeats) is silence.

import { type ProtocolName, protocolName, sawTlsHello } from './facts.ts';

/**
 * Protocols that confirm a service. TLS as the first payload is among them where a service speaks it from the start;
 * after STARTTLS it is no protocol of its own.
 */
const NATURAL: Readonly<Record<string, readonly ProtocolName[]>> = {
  smtp: ['smtp'],
  'smtp-ssl-26': ['smtp', 'tls'],
  'smtp-submission': ['smtp'],
  pop3: ['pop3'],
  pop3s: ['tls'],
  imap4: ['imap'],
  imap4s: ['tls'],
  'http-owa': ['http'],
  'https-owa': ['tls'],
  ldap: ['ldap'],
  'global-catalog': ['ldap'],
  nntp: ['nntp'],
  nntps: ['tls'],
  'rpc-epmap': ['dcerpc'],
  'rpc-dynamic': ['dcerpc'],
  dns: ['dns'],
  'x400-mta': ['tpkt', 'x400'],
  kerberos: ['kerberos'],
  ike: ['ike'],
  'cluster-net': ['dtls', 'tls', 'dcerpc'],
  sip: ['sip'],
  sips: ['tls'],
  'um-sip': ['sip', 'tls'],
  'sfb-call-park': ['sip', 'tls'],
  'sfb-audio-test': ['sip', 'tls'],
  edgesync: ['tls'],
  'dag-replication': ['tls'],
};

/**
 * Services on which TLS from the first byte is no contradiction although it does not confirm them: the same port takes
 * STARTTLS, and a capture may begin behind it.
 */
const STARTTLS_SERVICES: readonly string[] = [
  'smtp',
  'smtp-submission',
  'pop3',
  'imap4',
  'ldap',
  'global-catalog',
  'nntp',
  'sip',
];

/** Services that are known by their payload wherever they are: protocol → the service of the catalog it is. */
const HOMES: Readonly<Partial<Record<ProtocolName, string>>> = {
  smtp: 'smtp',
  pop3: 'pop3',
  imap: 'imap4',
  http: 'http-owa',
  ldap: 'ldap',
  kerberos: 'kerberos',
  dns: 'dns',
  nntp: 'nntp',
  sip: 'sip',
  ike: 'ike',
  x400: 'x400-mta',
};

export const PAYLOAD_SAYS = { nothing: 0, confirms: 1, contradicts: 2 } as const;
export type PayloadSays = (typeof PAYLOAD_SAYS)[keyof typeof PAYLOAD_SAYS];

/**
 * What a flow's payload says of the service that its port stands for. `protocol` is the flow's (a code of facts.ts),
 * `facts` its look or state. Silence, and TLS whose handshake was not seen, say nothing.
 */
export function payloadSays(service: string, protocol: number, facts: number): PayloadSays {
  const name = protocolName(protocol);
  const natural = NATURAL[service];
  if (name === null || natural === undefined) return PAYLOAD_SAYS.nothing;
  if (natural.includes(name)) return PAYLOAD_SAYS.confirms;
  const encrypted = name === 'tls' || name === 'dtls';
  if (encrypted && (!sawTlsHello(facts) || STARTTLS_SERVICES.includes(service))) return PAYLOAD_SAYS.nothing;
  return PAYLOAD_SAYS.contradicts;
}

/** The catalog's service that a payload is, wherever it was seen; null where the protocol is nobody's or TLS. */
export function homeOf(protocol: number): string | null {
  const name = protocolName(protocol);
  return name === null ? null : (HOMES[name] ?? null);
}

/** The services that the table knows; the rest are IP protocols without payload that could be read. */
export const SERVICES_WITH_PAYLOAD: readonly string[] = Object.keys(NATURAL);
