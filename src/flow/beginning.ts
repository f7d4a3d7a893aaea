// Who began a flow, as far as its first packet tells, and what it is counted as while its packets pass.

import { PROTOCOL } from '../base/transport.ts';
import { HINT, type PacketView } from '../decode/packet.ts';
import { BIT, KIND } from './record.ts';
import { BASIS } from './terms.ts';

/** Ports of the allow-list, and services; all by port or protocol number, 0 where there is none. */
export interface PortTables {
  /** Which single ports are listed for the transport. */
  readonly tcpListed: Uint8Array;
  readonly udpListed: Uint8Array;
  /** Services by the responder's port, and by IP protocol. */
  readonly tcpServices: Uint8Array;
  readonly udpServices: Uint8Array;
  readonly protocolServices: Uint8Array;
}

const WELL_KNOWN = 1024;

/** The bits for basis and initiator that a flow has after its first packet, whose sender is side A. */
export function firstGuess(packet: PacketView, tables: PortTables): number {
  let senderBegan = true;
  let basis: number = BASIS.firstPacket;
  if (packet.inner === PROTOCOL.tcp && packet.portsUnread === 0) {
    senderBegan = tcpSenderBegan(packet, tables.tcpListed);
    basis = BASIS.portGuess;
  } else if (packet.inner === PROTOCOL.udp && packet.portsUnread === 0) {
    senderBegan = udpSenderBegan(packet, tables.udpListed);
    if (!senderBegan) basis = BASIS.portGuess;
  } else if (packet.hint !== HINT.none) {
    senderBegan = packet.hint === HINT.init;
    if (packet.hint !== HINT.reply) basis = BASIS.handshake;
  }
  return (basis << BIT.basisShift) | (senderBegan ? 0 : BIT.initiatorIsB);
}

/**
 * TCP in mid-stream: unless the sender's own port is the only one listed, or the lower. What the run learns of the
 * endpoints may overrule that in the end (direction.ts).
 */
function tcpSenderBegan(packet: PacketView, listed: Uint8Array): boolean {
  const own = listed[packet.srcPort] !== 0;
  const other = listed[packet.dstPort] !== 0;
  return own === other ? packet.dstPort <= packet.srcPort : other;
}

/** UDP: unless only the sender's own port is listed, or neither is and only its own is below 1024. */
function udpSenderBegan(packet: PacketView, listed: Uint8Array): boolean {
  const own = listed[packet.srcPort] !== 0;
  const other = listed[packet.dstPort] !== 0;
  if (own !== other) return other;
  return own || packet.srcPort >= WELL_KNOWN || packet.dstPort < WELL_KNOWN;
}

/** What the packets of a flow with these words are counted as. */
export function serviceOf(bits: number, kind: number, ports: number, tables: PortTables): number {
  const protocol = kind & 255;
  if ((kind & KIND.portsUnread) === 0) {
    const port = (bits & BIT.initiatorIsB) === 0 ? ports & 0xffff : ports >>> 16;
    if (protocol === PROTOCOL.tcp) return tables.tcpServices[port];
    if (protocol === PROTOCOL.udp) return tables.udpServices[port];
  }
  return tables.protocolServices[protocol];
}
