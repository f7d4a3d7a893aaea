// Who should talk to each service of the allow-list, in words: what a firewall between them has to let pass.
// Facts are from the vendor's pages on network ports for clients and mail flow, on Edge Transport, on database
// availability groups, on Unified Messaging, and on service ports of Windows (KB 832017).

const TALKERS: ReadonlyMap<string, string> = new Map([
  [
    'smtp',
    'Mail servers: those of the Internet to the Edge or front end, and Exchange servers among themselves.',
  ],
  ['smtp-ssl-26', 'Nobody that is known today.'],
  ['smtp-submission', 'Mail programs and devices that sign in to send, to the front end of mailbox servers.'],
  ['pop3', 'Mail programs, to the front end of mailbox servers; they should use 995 or STARTTLS.'],
  ['pop3s', 'Mail programs, to the front end of mailbox servers.'],
  ['imap4', 'Mail programs, to the front end of mailbox servers; they should use 993 or STARTTLS.'],
  ['imap4s', 'Mail programs, to the front end of mailbox servers.'],
  ['http-owa', 'Browsers, to be sent on to HTTPS; and whoever fetches lists of revoked certificates.'],
  [
    'https-owa',
    'Outlook, phones, browsers and administrators, to the front end; and Exchange servers among themselves.',
  ],
  ['ldap', 'Exchange servers and members of the domain, to domain controllers.'],
  ['global-catalog', 'Exchange servers, to global catalog servers.'],
  ['nntp', 'News readers and news servers, to Exchange 2000 and 2003.'],
  ['nntps', 'News readers, to Exchange 2000 and 2003.'],
  [
    'rpc-epmap',
    'Exchange servers to domain controllers and to each other, and Outlook that does not use HTTPS.',
  ],
  ['rpc-dynamic', 'Whoever asked the endpoint mapper (135) of the same server before.'],
  ['dns', 'Exchange servers and all others, to their DNS servers; Edge servers to DNS of the Internet.'],
  ['x400-mta', 'X.400 mail systems, to Exchange 5.5 to 2003.'],
  ['kerberos', 'Every member of the domain, to domain controllers.'],
  ['ipsec-ah', 'Pairs of hosts whose IPsec policy asks for it.'],
  ['ipsec-esp', 'Pairs of hosts whose IPsec policy asks for it.'],
  ['ike', 'The same pairs of hosts that use ESP or AH.'],
  ['cluster-net', 'Members of one database availability group (DAG) among themselves.'],
  ['sip', 'Telephone gateways and Skype for Business servers, to Unified Messaging.'],
  ['sips', 'Telephone gateways and Skype for Business servers, to Unified Messaging.'],
  ['um-sip', 'The call router and telephone gateways, to the Unified Messaging service.'],
  ['sfb-call-park', 'Skype for Business servers and clients, to the Call Park service.'],
  ['sfb-audio-test', 'Skype for Business servers and clients, to the Audio Test service.'],
  ['edgesync', 'Mailbox servers inside, to the Edge servers of their site.'],
  ['dag-replication', 'Members of one database availability group (DAG) among themselves.'],
]);

/** A sentence about who should talk to service `id`, or null where none is known. */
export function talkersOf(id: string): string | null {
  return TALKERS.get(id) ?? null;
}
