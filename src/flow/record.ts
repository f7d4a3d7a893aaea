// The layout of a flow record in the table: 32 words for IPv4, 40 for IPv6, seen as doubles where a quantity needs
// it. The first cache line is what every packet touches; the second what only some do.
//
// A flow has two sides, A and B, by the order of their endpoints. Which of them is the initiator is a bit, since it
// may be known only later. Of each pair of fields or bits, B's follows A's, so that `+ side` or `<< side` picks one.

/** Large buffers begin 16 bytes behind a page's start: records behind this many words begin on cache lines. */
export const PAD_WORDS = 12;
export const V4_WORDS = 32;
export const V6_WORDS = 40;

/** Word offsets. */
export const F = {
  /** A's port in the high half, B's in the low. */
  ports: 0,
  kind: 1,
  /** The IPv4 address, or the first word of the IPv6 address. */
  addressA: 2,
  addressB: 3,
  bits: 4,
  hash: 5,
  isnA: 28,
  isnB: 29,
  vlans: 30,
  /** The other three words of A's IPv6 address; B's follow. */
  restA: 32,
  restB: 35,
} as const;

/** Offsets in doubles. */
export const Q = {
  /** The clock at the last packet that moved the idle timer. */
  timer: 3,
  packetsA: 4,
  bytesA: 6,
  payloadA: 8,
  first: 10,
  flowId: 11,
  continues: 12,
  /** The newest of the packets that came from the past; 0 for none. */
  lastPast: 13,
} as const;

/** The word `kind`: the outer protocol, the one inside AH, whether ports are missing, the encapsulation. */
export const KIND = {
  innerShift: 8,
  portsUnreadShift: 16,
  portsUnread: 1 << 16,
  encapsulationShift: 17,
} as const;

/** Bits of the word `bits`. Those with an A in the name have B's above them. */
export const BIT = {
  synA: 1 << 0,
  synAckA: 1 << 2,
  /** An ACK that is neither SYN nor RST. */
  ackA: 1 << 4,
  finA: 1 << 6,
  /** RST before, and after, the responder answered. */
  rstEarly: 1 << 8,
  rstLate: 1 << 9,
  icmpRefused: 1 << 10,
  initiatorIsB: 1 << 11,
  /** Two bits: a value of BASIS. */
  basisShift: 12,
  basisMask: 3 << 12,
  /** The flow began with a packet from the past, so its timer holds the clock and not a packet's time. */
  timerIsClock: 1 << 14,
  isnKnownA: 1 << 15,
  /** The side's first sequence number was seen without its SYN: a SYN just below it came late. */
  isnGuessA: 1 << 17,
  linkGroup: 1 << 19,
  ike: 1 << 20,
  espInUdp: 1 << 21,
  /** Stored and ended; kept so that what follows on its key continues it. */
  expired: 1 << 22,
  /** Eight bits: what the flow's packets are counted as while they pass. */
  serviceShift: 23,
  serviceMask: 255 << 23,
} as const;

const EITHER = 3;
export const ANY_SYN = BIT.synA * EITHER;
export const ANY_SYN_ACK = BIT.synAckA * EITHER;
export const BOTH_FIN = BIT.finA * EITHER;
export const ANY_RST = BIT.rstEarly | BIT.rstLate;
export const HANDSHAKE_SEEN = ANY_SYN | ANY_SYN_ACK;
