// What findings about payload say.

import { serviceRow } from '../service/catalog.ts';
import type { FindingText, Subject } from './words.ts';

/** Protocols as people write them, where that is not in capitals. */
const NAMES: Readonly<Record<string, string>> = {
  kerberos: 'Kerberos',
  dcerpc: 'DCE/RPC',
  smb1: 'SMB 1',
  smb2: 'SMB',
  'netbios-session': 'NetBIOS',
  'netbios-name': 'NetBIOS name service',
  tpkt: 'ISO transport (TPKT)',
  x400: 'X.400',
  s7: 'S7 (Siemens)',
  socks4: 'SOCKS 4',
  socks5: 'SOCKS 5',
  'esp-in-udp': 'ESP in UDP',
};

/** The words of a finding of one of the kinds that payload calls for. */
export function payloadText(subject: Pick<Subject, 'kind' | 'payload' | 'usual' | 'home'>): FindingText {
  const spoken = nameOf(subject.payload);
  switch (subject.kind) {
    case 'contradicted-port':
      return {
        title: `{port}/{transport} to {responder} speaks ${spoken}, not ${subject.usual ?? 'what its port says'}`,
        explanation: `The port is on the list for ${subject.usual ?? 'another service'}, and the first payload of the flows shows ${spoken}. A rule by port lets it through.`,
        suggestion:
          'Find out what listens there. A proxy or firewall that checks the protocol would stop it.',
      };
    case 'known-service-elsewhere': {
      const label = subject.home === null ? spoken : (serviceRow(subject.home)?.label ?? spoken);
      return {
        title: `{port}/{transport} to {responder} speaks ${spoken}`,
        explanation: `${label} is on the allow-list, but not on this port.`,
        suggestion: "Move the service to the list's port, or allow this one in a policy, with a reason.",
      };
    }
    case 'cleartext-login':
      return {
        title: `a password crossed the wire in the clear: ${spoken} on {port}/{transport} of {responder}`,
        explanation: `Somebody logged in by ${spoken} before or without TLS. Whoever can read the wire has the password. What it was is not kept.`,
        suggestion: 'Require TLS for logins on this service, and have the passwords that were used changed.',
      };
    default:
      return {
        title: '{port}/{transport} to {responder} uses a TLS version that is no longer safe',
        explanation: 'A handshake chose, or offered nothing better than, a version below TLS 1.2 (RFC 8996).',
        suggestion: 'Switch off TLS 1.0 and 1.1 on the server once no client needs them any more.',
      };
  }
}

function nameOf(protocol: string | null): string {
  return protocol === null ? 'another protocol' : (NAMES[protocol] ?? protocol.toUpperCase());
}
