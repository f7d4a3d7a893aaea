// Where a look at payload and the dissector differ in the corpus, each with the reason.
export interface Judged {
  readonly file: string;
  readonly dissector: string;
  readonly look: string | null;
}

const inFuzz2594 = (dissector: string, look: string | null): Judged => ({
  file: 'pcap/fuzz-2006-06-26-2594.pcap',
  dissector,
  look,
});

export const disagreements: readonly Judged[] = [
  // Bytes changed at random: labels without an end, false classes, methods with a letter wrong.
  inFuzz2594('dns', null),
  inFuzz2594('ftp', null),
  inFuzz2594('nbns', null),
  inFuzz2594('sip', null),
  // A label longer or a type other than a NetBIOS name has; what is left is DNS.
  inFuzz2594('nbns', 'dns'),
  { file: 'pcap/fuzz-2006-09-29-28586.pcap', dissector: 'http', look: null },
  // Messages wrapped by SASL, of a connection that began before the capture.
  { file: 'CVE-2022-30216/successful.pcap', dissector: 'ldap', look: null },
  // The capture lacks the first segments of these.
  { file: 'pcap/kerberos.pcap', dissector: 'kerberos', look: null },
  // RPC without SMB, made to look so, on SMB's port, by which the dissector goes.
  { file: 'pcap/dcerpc_synthetic.pcap', dissector: 'nbss', look: 'dcerpc' },
  // HTTP from a client's port 5060, by which the dissector goes.
  { file: 'pcap/http_on_sip_port.pcap', dissector: 'sip', look: 'http' },
  // The client begins with TLS, and the server greets in the clear: the server's word counts.
  { file: 'pcap/smtps.pcapng', dissector: 'tls', look: 'smtp' },
  { file: 'smtp-tls-protodetect/input.pcap', dissector: 'tls', look: 'smtp' },
  // What a SOCKS proxy passes on follows its two-byte answer, which is too short to tell.
  { file: 'pcap/socks5-smtp-503.pcap', dissector: 'socks', look: 'smtp' },
  // The dissector's first protocol above the outer UDP is the tunnel; what is inside is looked at.
  { file: 'pcap/arkime_synthetic.pcap', dissector: 'geneve', look: 'dns' },
  { file: 'vxlan-decoder-03/vxlan.pcap', dissector: 'vxlan', look: 'dns' },
  { file: 'vxlan-decoder-03/vxlan.pcap', dissector: 'vxlan', look: 'ntp' },
];
