// EtherTypes that are followed (IEEE 802 Numbers, IANA).

export const ETHER_TYPE = {
  ipv4: 0x0800,
  arp: 0x0806,
  teb: 0x6558,
  vlan: 0x8100,
  ppp: 0x880b,
  ipv6: 0x86dd,
  mpls: 0x8847,
  mplsMulticast: 0x8848,
  pppoeSession: 0x8864,
  vlanService: 0x88a8,
  erspan: 0x88be,
  erspan3: 0x22eb,
  lldp: 0x88cc,
  vlanOld: 0x9100,
  vlanOlder: 0x9200,
} as const;

/** Up to here the field is the length of an 802.3 frame (clause 3.2.6). */
export const LARGEST_LENGTH = 1500;

export function isVlan(type: number): boolean {
  return (
    type === ETHER_TYPE.vlan ||
    type === ETHER_TYPE.vlanService ||
    type === ETHER_TYPE.vlanOld ||
    type === ETHER_TYPE.vlanOlder
  );
}
