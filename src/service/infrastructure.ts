// Words about what is the network itself, and about IP protocols that a mail server's firewall meets. They explain;
// which traffic counts as infrastructure is decided where flows are judged. Numbers are IANA's.

export interface InfrastructurePort {
  readonly port: number;
  readonly lastPort: number;
  readonly name: string;
  /** Only what goes to a multicast or broadcast address counts. */
  readonly groupsOnly: boolean;
}

/** UDP ports that are counted apart and make no finding. */
export const INFRASTRUCTURE_PORTS: readonly InfrastructurePort[] = [
  { port: 67, lastPort: 68, name: 'DHCP', groupsOnly: false },
  { port: 546, lastPort: 547, name: 'DHCPv6', groupsOnly: false },
  { port: 137, lastPort: 138, name: 'NetBIOS broadcasts', groupsOnly: true },
  { port: 1900, lastPort: 1900, name: 'SSDP', groupsOnly: true },
  { port: 3702, lastPort: 3702, name: 'WS-Discovery', groupsOnly: true },
  { port: 5353, lastPort: 5353, name: 'multicast DNS', groupsOnly: true },
  { port: 5355, lastPort: 5355, name: 'LLMNR', groupsOnly: true },
];

export interface KnownProtocol {
  readonly protocol: number;
  readonly name: string;
  readonly remark: string;
  readonly infrastructure: boolean;
}

export const KNOWN_PROTOCOLS: readonly KnownProtocol[] = [
  {
    protocol: 1,
    name: 'ICMP',
    remark: 'Errors and echo; a firewall that drops its errors breaks connections.',
    infrastructure: true,
  },
  {
    protocol: 2,
    name: 'IGMP',
    remark: 'Membership of multicast groups; it does not cross a router.',
    infrastructure: true,
  },
  {
    protocol: 4,
    name: 'IPv4 in IP',
    remark: 'A tunnel. What is inside is judged, unless it ends on a judged host.',
    infrastructure: false,
  },
  {
    protocol: 41,
    name: 'IPv6 in IPv4',
    remark: 'A tunnel. What is inside is judged, unless it ends on a judged host.',
    infrastructure: false,
  },
  {
    protocol: 47,
    name: 'GRE',
    remark:
      'A tunnel, of routers or of PPTP. What is inside is judged, unless it ends on a judged host; Exchange needs none.',
    infrastructure: false,
  },
  {
    protocol: 58,
    name: 'ICMPv6',
    remark: 'Errors, echo and neighbours; IPv6 does not work without it.',
    infrastructure: true,
  },
  {
    protocol: 88,
    name: 'EIGRP',
    remark: 'Routers speak it among themselves. Kerberos is port 88 of TCP and UDP.',
    infrastructure: true,
  },
  { protocol: 89, name: 'OSPF', remark: 'Routers speak it among themselves.', infrastructure: true },
  { protocol: 103, name: 'PIM', remark: 'Routers speak it among themselves.', infrastructure: true },
  {
    protocol: 112,
    name: 'VRRP',
    remark: 'Routers speak it among themselves, and pairs of load balancers.',
    infrastructure: true,
  },
  {
    protocol: 132,
    name: 'SCTP',
    remark: 'A transport of telephone networks; Exchange needs none.',
    infrastructure: false,
  },
];
