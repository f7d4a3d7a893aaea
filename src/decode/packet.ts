// One packet as the flow table wants it: a single object, filled again for every record, that never owns a byte.

/** Bits: the packet is a first or a later fragment; a packet around it is a first fragment. */
export const FRAGMENT = { none: 0, first: 1, later: 2, around: 4 } as const;

/** A first fragment that a packet was inside of: what its later ones are known by. */
export interface OuterFragment {
  readonly ipVersion: number;
  readonly src0: number;
  readonly src1: number;
  readonly src2: number;
  readonly src3: number;
  readonly dst0: number;
  readonly dst1: number;
  readonly dst2: number;
  readonly dst3: number;
  readonly ipId: number;
  readonly protocol: number;
  readonly encapsulation: number;
  /** The one around that; null for none. */
  readonly next: OuterFragment | null;
}

/** TCP flag bits (RFC 9293, section 3.1). */
export const TCP = { fin: 1, syn: 2, rst: 4, ack: 16 } as const;

/** What a packet is that holds none; shared, since every empty buffer costs. */
export const NO_BYTES = new DataView(new ArrayBuffer(0));

export class PacketView {
  /** Where the captured bytes are: the record's first byte, and the one after its last (inside a tunnel, its last). */
  view: DataView = NO_BYTES;
  start = 0;
  end = 0;
  /** Where the record would end had it been captured whole. */
  wireEnd = 0;

  /** Microseconds since the epoch; 0.5 makes the field a double from the start. */
  timeUs = 0.5;
  /** Position in the run, from 1. */
  ordinal = 0.5;
  /** Length on the wire. */
  wireBytes = 0;
  /** The run's clock at this packet, and 1 where the packet is older than that. */
  clockUs = 0.5;
  past = 0;

  /** A code of decode/skip.ts; 0 where the packet belongs to a flow. */
  skip = 0;
  skipDetail = 0.5;

  ipVersion = 0;
  /** The IP protocol, 51 for AH, and what is inside (the same where there is no AH). */
  protocol = 0;
  inner = 0;
  /** Addresses as signed 32-bit words in network order; IPv4 uses the first alone. */
  src0 = 0;
  src1 = 0;
  src2 = 0;
  src3 = 0;
  dst0 = 0;
  dst1 = 0;
  dst2 = 0;
  dst3 = 0;
  /** Ports; for ICMP both are the family of its type, for protocols without ports both are 0. */
  srcPort = 0;
  dstPort = 0;
  /** 1 where the transport has ports and they could not be read. */
  portsUnread = 0;
  /** Bytes above the transport header, by the IP length. */
  payloadBytes = 0;
  /** Where those of TCP and UDP begin, be they captured or not; 0 for other protocols. */
  payloadAt = 0;

  tcpFlags = 0;
  tcpSeq = 0;
  tcpAck = 0;
  /** 1 for an ICMP reply, 2 for SCTP's INIT, 3 for its INIT ACK: who began, where the packet tells. */
  hint = 0;
  /** Where an ICMP error that refuses a flow quotes the flow's packet; 0 for none. */
  quoteAt = 0;
  /** One of PAYLOAD. */
  payloadProtocol = 0;

  /** Bits of FRAGMENT, with the identification. `ipId` is set for whole IPv4 packets too. */
  fragment = 0;
  ipId = 0;
  /** Those around the packet; stands only where the bit of FRAGMENT says so. */
  outerFragments: OuterFragment | null = null;
  /** Not 0 where the packet is a fragment, quotes another, lacks its ports, or bears one of the marks below. */
  rare = 0;

  /** See vlan.ts. */
  vlans = 0;
  /** What the packet came in, as encap/tunnels.ts numbers it, and the part of that which is in its flow's key. */
  tunnel = 0;
  encapsulation = 0;
  /** 1 where the link's destination is a multicast or broadcast address. */
  linkGroup = 0;

  /** The flow's key, as flow/key.ts makes it. */
  dir = 0;
  ports = 0;
  kind = 0;
  hash = 0;
  /** The number of the record that is probably its flow's; -1 where there was none a moment ago. */
  near = 0;
}

/** What UDP 4500 carries. */
export const PAYLOAD = { unknown: 0, ike: 1, espInUdp: 2 } as const;

export const HINT = { none: 0, reply: 1, init: 2, initAck: 3 } as const;
