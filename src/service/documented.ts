// Ports that are not on the list and that somebody documents for Exchange, Windows or Active Directory. They explain
// findings; they permit nothing. `vendor` is true where the vendor's own pages say so, which makes a finding milder.
// Facts are from the vendor's documentation (network ports for clients and mail flow, receive connectors, cmdlet
// references, Unified Messaging ports, KB 832017); dynamic ranges are left out, since they would explain anything.

export interface DocumentedPort {
  readonly port: number;
  readonly lastPort?: number;
  readonly transports: readonly ('tcp' | 'udp')[];
  /** What it usually is. */
  readonly name: string;
  /** Who talks to it, and what to make of it. */
  readonly remark: string;
  readonly vendor: boolean;
}

const TCP = ['tcp'] as const;
const UDP = ['udp'] as const;
const BOTH = ['tcp', 'udp'] as const;

export const DOCUMENTED_PORTS: readonly DocumentedPort[] = [
  {
    port: 23,
    transports: TCP,
    name: 'Telnet',
    remark:
      'An Edge server may probe this port of Internet hosts when it looks for open proxies; nobody should use it on a mail server.',
    vendor: false,
  },
  {
    port: 81,
    transports: TCP,
    name: 'the Exchange Back End web site (HTTP)',
    remark: 'Exchange front ends use it inside the organisation; clients never should.',
    vendor: true,
  },
  {
    port: 123,
    transports: UDP,
    name: 'Windows Time (NTP)',
    remark: 'Members of a domain keep their clocks with its controllers, and Kerberos depends on it.',
    vendor: true,
  },
  {
    port: 137,
    lastPort: 138,
    transports: UDP,
    name: 'NetBIOS names and datagrams',
    remark: 'Old Windows name service; cluster administration still uses 137.',
    vendor: true,
  },
  {
    port: 139,
    transports: TCP,
    name: 'NetBIOS session service',
    remark: 'File sharing in its oldest form.',
    vendor: true,
  },
  {
    port: 379,
    transports: TCP,
    name: 'the Site Replication Service of Exchange 2000 and 2003',
    remark: 'Nothing current uses it.',
    vendor: false,
  },
  {
    port: 390,
    transports: TCP,
    name: 'LDAP of Exchange 5.5 beside a domain controller',
    remark: 'Nothing current uses it.',
    vendor: false,
  },
  {
    port: 444,
    transports: TCP,
    name: 'the Exchange Back End web site (HTTPS)',
    remark: 'Front ends use it inside the organisation; a client that does goes around them.',
    vendor: true,
  },
  {
    port: 445,
    transports: TCP,
    name: 'SMB file sharing',
    remark: 'Exchange reaches the witness server of a DAG by it, and administrators their shares.',
    vendor: true,
  },
  {
    port: 464,
    transports: BOTH,
    name: 'Kerberos password change',
    remark: 'Machines and people change their passwords at a domain controller by it.',
    vendor: true,
  },
  {
    port: 465,
    transports: TCP,
    name: 'the SMTP client proxy connector',
    remark:
      'A back-end hop from the front end to the Transport service since Exchange 2013, not SMTP for clients.',
    vendor: true,
  },
  {
    port: 475,
    transports: TCP,
    name: 'the mailbox delivery connector',
    remark: 'The Transport service delivers to mailboxes by it, between Exchange servers only.',
    vendor: true,
  },
  {
    port: 593,
    transports: TCP,
    name: 'the RPC over HTTP endpoint mapper',
    remark: 'Used by RPC proxies of old Outlook versions.',
    vendor: true,
  },
  {
    port: 636,
    transports: BOTH,
    name: 'LDAP over TLS',
    remark: 'Directory access at a domain controller, encrypted from the start.',
    vendor: true,
  },
  {
    port: 691,
    transports: TCP,
    name: 'link state routing of Exchange 2000 and 2003',
    remark: 'Nothing current uses it.',
    vendor: false,
  },
  {
    port: 717,
    transports: TCP,
    name: 'the outbound proxy connector of the front end',
    remark: 'Used between Exchange servers where a Send connector goes through the front end.',
    vendor: true,
  },
  {
    port: 808,
    transports: TCP,
    name: 'mailbox replication over net.tcp',
    remark: 'Seen open on Exchange servers; no page of the vendor names it.',
    vendor: false,
  },
  {
    port: 1080,
    lastPort: 1081,
    transports: TCP,
    name: 'a SOCKS proxy',
    remark: 'An Edge server may probe these ports of Internet hosts when it looks for open proxies.',
    vendor: false,
  },
  {
    port: 1993,
    transports: TCP,
    name: 'the IMAP4 back end',
    remark: 'The IMAP4 front end passes sessions on to it; clients never should use it.',
    vendor: true,
  },
  {
    port: 1995,
    transports: TCP,
    name: 'the POP3 back end',
    remark: 'The POP3 front end passes sessions on to it; clients never should use it.',
    vendor: true,
  },
  {
    port: 2525,
    transports: TCP,
    name: "the Transport service's own receive connector",
    remark: 'Other Exchange servers deliver to it; from outside the organisation it should not be reachable.',
    vendor: true,
  },
  {
    port: 3128,
    transports: TCP,
    name: 'a web proxy',
    remark: 'An Edge server may probe this port of Internet hosts when it looks for open proxies.',
    vendor: false,
  },
  {
    port: 3269,
    transports: TCP,
    name: 'the global catalog over TLS',
    remark: 'Directory access at a global catalog server, encrypted from the start.',
    vendor: true,
  },
  {
    port: 3389,
    transports: TCP,
    name: 'Remote Desktop (RDP)',
    remark: 'Administration; worth restricting to the few hosts that administer.',
    vendor: true,
  },
  {
    port: 4500,
    transports: UDP,
    name: 'IPsec NAT traversal',
    remark: 'It carries IKE and ESP inside UDP, so what is in it cannot be classified.',
    vendor: true,
  },
  {
    port: 5063,
    transports: TCP,
    name: 'SIP over TLS of the Unified Messaging service',
    remark: 'The call router passes calls to mailbox servers by it.',
    vendor: true,
  },
  {
    port: 5065,
    lastPort: 5068,
    transports: TCP,
    name: 'SIP of the Unified Messaging worker process',
    remark: 'The Unified Messaging service passes calls to its workers by it.',
    vendor: true,
  },
  {
    port: 5985,
    transports: TCP,
    name: 'Windows Remote Management (HTTP)',
    remark: 'Remote PowerShell; the Hybrid Agent uses it too.',
    vendor: true,
  },
  {
    port: 5986,
    transports: TCP,
    name: 'Windows Remote Management (HTTPS)',
    remark: 'Remote PowerShell over TLS; the Hybrid Agent uses it too.',
    vendor: true,
  },
  {
    port: 6001,
    transports: TCP,
    name: 'the Information Store for RPC over HTTP',
    remark: 'The RPC proxy of old Outlook versions connects to it.',
    vendor: true,
  },
  {
    port: 6002,
    transports: TCP,
    name: 'directory referral for RPC over HTTP',
    remark: 'The RPC proxy of old Outlook versions connects to it.',
    vendor: true,
  },
  {
    port: 6004,
    transports: TCP,
    name: 'the address book (NSPI) for RPC over HTTP',
    remark: 'The RPC proxy of old Outlook versions connects to it.',
    vendor: true,
  },
  {
    port: 6588,
    transports: TCP,
    name: 'a web proxy',
    remark: 'An Edge server may probe this port of Internet hosts when it looks for open proxies.',
    vendor: false,
  },
  {
    port: 9389,
    transports: TCP,
    name: 'Active Directory Web Services',
    remark: 'Directory administration by PowerShell at a domain controller.',
    vendor: true,
  },
  {
    port: 50389,
    transports: TCP,
    name: 'LDAP of the directory on an Edge server',
    remark: 'Used on the Edge server itself; it must not cross a firewall.',
    vendor: true,
  },
  {
    port: 64337,
    transports: TCP,
    name: 'a listener beside DAG replication',
    remark: 'Seen open on DAG members; no page of the vendor names it.',
    vendor: false,
  },
];

/** What is documented of a port, or undefined. */
export function documentedPort(transport: string, port: number): DocumentedPort | undefined {
  return DOCUMENTED_PORTS.find(
    (row) =>
      (row.transports as readonly string[]).includes(transport) &&
      port >= row.port &&
      port <= (row.lastPort ?? row.port),
  );
}
