// Payload is looked at by whoever knows what it says (learn/), while a flow still wants that.

import type { PacketView } from '../decode/packet.ts';
import type { Records } from './record.ts';

/** Bits of the word `HOT.look`: nothing that the initiator sends is wanted any more; the responder's is above. */
export const LOOK_DONE = 1 << 28;
export const LOOK_ALL_DONE = LOOK_DONE * 3;
/** Of the same word: the record has something rare (see record.ts), which may be a watch. */
export const HAS_RARE = 1 << 31;

/** Looks at payload. */
export interface FlowLooker {
  /** The word that a flow begins with. */
  readonly begin: number;
  /** Takes a packet with payload of flow `n` that is not done with; side 0 is the initiator. */
  look(records: Records, n: number, packet: PacketView, side: 0 | 1): void;
}

/** What goes on looking at one flow, packet by packet, and holds memory for that. */
export interface PayloadWatch {
  /** Gives the memory back. */
  end(): void;
}

/** Wants no payload at all. */
export const NO_LOOKS: FlowLooker = { begin: LOOK_ALL_DONE, look: () => {} };
