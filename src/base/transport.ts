// IP protocol numbers (IANA "Assigned Internet Protocol Numbers") and the names they go by in every table.

export const PROTOCOL = {
  icmp: 1,
  igmp: 2,
  ipip: 4,
  tcp: 6,
  udp: 17,
  ipv6: 41,
  gre: 47,
  esp: 50,
  ah: 51,
  icmp6: 58,
  sctp: 132,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map([
  [1, 'icmp'],
  [2, 'igmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmp6'],
  [132, 'sctp'],
]);

/** `tcp`, `udp`, `icmp`, `icmp6`, `igmp`, `sctp`, `esp`, `ah`, and `ip-N` for all others. */
export function transportName(protocol: number): string {
  return NAMES.get(protocol) ?? `ip-${protocol}`;
}

/** Whether ports are part of a flow's key: for AH they are those of what it carries. */
export function hasPorts(protocol: number): boolean {
  return (
    protocol === PROTOCOL.tcp ||
    protocol === PROTOCOL.udp ||
    protocol === PROTOCOL.sctp ||
    protocol === PROTOCOL.ah
  );
}

/** The protocol number behind a transport's name, or -1. */
export function protocolOf(name: string): number {
  for (const [number, known] of NAMES) if (known === name) return number;
  const other = /^ip-(\d{1,3})$/.exec(name);
  return other ? Number(other[1]) : -1;
}
