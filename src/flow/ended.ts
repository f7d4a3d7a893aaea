// Rows of flows that leave the table, as flat buffers: what labelling fills in and the store writes down.
// One row is ROW_WORDS 32-bit words; the same memory seen as doubles holds the 64-bit quantities.

export const ROW_WORDS = 56;
export const ROW_DOUBLES = ROW_WORDS / 2;

/** Offsets of a row's 32-bit words. */
export const W = {
  ipVersion: 0,
  /** The IP protocol: 51 for AH, whatever is inside. */
  protocol: 1,
  /** What AH carries; the same as `protocol` for all else. */
  innerProtocol: 2,
  /** Ports are -1 where the flow has none or none could be read. */
  initiatorPort: 3,
  responderPort: 4,
  /** Four words an address; an IPv4 address is in the first. */
  initiator: 5,
  responder: 9,
  state: 13,
  endReason: 14,
  basis: 15,
  /** See decode/vlan.ts. */
  vlans: 16,
  /** What was looked through, as decode/encap/names.ts keeps it. */
  encapsulation: 17,
  initiatorIsn: 18,
  responderIsn: 19,
  /** Bits of ROW. */
  bits: 20,
  payloadProtocol: 21,
  /** From here on: written by labelling. Indexes into the catalog, 0 for unlisted. */
  service: 22,
  innerService: 23,
  labelBasis: 24,
  verdict: 25,
  /** Numbers in the run's address book, which the rows' own path keeps. */
  initiatorId: 26,
  responderId: 27,
  /** The first packet's tunnel: see decode/encap/tunnels.ts. */
  tunnel: 48,
  /** Written by labelling: the ends of the tunnel that makes the flow unexpected, by their numbers; 0 for none. */
  outerInitiatorId: 49,
  outerResponderId: 50,
  /** Its protocol, and above that its port + 1. */
  outerService: 51,
  /** What payload said: see learn/payload.ts. */
  look: 52,
  /** The RPC interface that a bind got, by its number in the rows' own path; 0 for none. */
  rpcInterface: 53,
  /** Written by labelling: the policy's exception that lets the flow through, from 1; 0 for none. */
  exception: 54,
} as const;

/** Offsets of a row's doubles (in 64-bit steps from the row's start). */
export const D = {
  flowId: 14,
  /** 0 where the flow continues no other. */
  continuesFlowId: 15,
  packetsOut: 16,
  packetsBack: 17,
  bytesOut: 18,
  bytesBack: 19,
  payloadOut: 20,
  payloadBack: 21,
  firstSeenUs: 22,
  lastSeenUs: 23,
} as const;

/** Bits of the word `W.bits`. */
export const ROW = {
  initiatorIsnKnown: 1,
  responderIsnKnown: 2,
  /** A packet went to a group address of the link (multicast or broadcast). */
  linkGroup: 4,
  /** The transport has ports and none could be read. */
  portsUnread: 8,
  /** The flow goes on, and is as it was when it was written last. */
  unchanged: 16,
  /** Takes back a row that was written before: another of the same flow will follow. */
  retracted: 32,
  /** The responder sent a SYN+ACK. */
  responderSynAck: 64,
  /** Initiator and responder changed places after all packets were seen. */
  turned: 128,
  /** Written by labelling: an earlier run's knowledge of RPC alone makes the flow expected. */
  remembered: 256,
} as const;

/** A batch of rows, filled from the front and handed on when full. */
export class EndedFlows {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  count = 0;
  readonly capacity: number;

  constructor(capacity: number, words: Int32Array = new Int32Array(capacity * ROW_WORDS)) {
    this.capacity = capacity;
    this.words = words;
    this.doubles = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
  }

  /** The batch that these words are, all of them rows. */
  static over(words: Int32Array): EndedFlows {
    const rows = new EndedFlows(words.length / ROW_WORDS, words);
    rows.count = rows.capacity;
    return rows;
  }
}
