// Profiles: what is allowed to begin with. `allow-list` is the list the product is built on. `microsoft` is what the
// vendor's own pages document: the list without what no page of theirs names, and beside it the documented ports.

import { ALLOW_LIST, type ServiceRow } from '../service/allow-list.ts';
import { DOCUMENTED_PORTS } from '../service/documented.ts';
import type { ProfileName } from './terms.ts';

/** A service that is allowed, on one port or a range of them. */
export interface ProfileService {
  readonly id: string;
  readonly label: string;
  readonly transport: ServiceRow['transport'];
  readonly port: number;
  readonly lastPort: number;
}

/** Names of what the vendor documents beside the list, by first port. */
const VENDOR_IDS: Readonly<Record<number, string>> = {
  81: 'http-backend',
  123: 'ntp',
  137: 'netbios',
  139: 'netbios-session',
  444: 'https-backend',
  445: 'smb',
  464: 'kerberos-password',
  465: 'smtp-client-proxy',
  475: 'smtp-delivery',
  593: 'rpc-http-epmap',
  636: 'ldaps',
  717: 'smtp-outbound-proxy',
  1993: 'imap4-backend',
  1995: 'pop3-backend',
  2525: 'smtp-transport',
  3269: 'global-catalog-tls',
  3389: 'rdp',
  4500: 'ipsec-nat-t',
  5063: 'um-sips',
  5065: 'um-worker',
  5985: 'winrm-http',
  5986: 'winrm-https',
  6001: 'rpc-http-store',
  6002: 'rpc-http-referral',
  6004: 'rpc-http-address-book',
  9389: 'ad-web-services',
};
/** Documented for use on the host itself: on the wire it is what the vendor says must not be. */
const LOCAL_ONLY: readonly number[] = [50_389];
/** On the list, and on no page of the vendor since 2013. */
const NOT_DOCUMENTED: readonly string[] = ['smtp-ssl-26'];

const LISTED: readonly ProfileService[] = ALLOW_LIST.filter(({ lastPort }) => lastPort === undefined).map(
  ({ id, label, transport, port }) => ({ id, label, transport, port, lastPort: port }),
);

const MICROSOFT: readonly ProfileService[] = [
  ...LISTED.filter(({ id }) => !NOT_DOCUMENTED.includes(id)),
  ...DOCUMENTED_PORTS.filter(({ vendor, port }) => vendor && !LOCAL_ONLY.includes(port)).flatMap((row) =>
    row.transports.map((transport) => ({
      id: VENDOR_IDS[row.port] ?? `port-${row.port}`,
      label: row.name,
      transport,
      port: row.port,
      lastPort: row.lastPort ?? row.port,
    })),
  ),
];

/** What the profile allows by port or protocol. RPC's dynamic ports are no row: they are learned or named. */
export function profileServices(name: ProfileName): readonly ProfileService[] {
  return name === 'microsoft' ? MICROSOFT : LISTED;
}
