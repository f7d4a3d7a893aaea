// TCP, UDP and SCTP: both ports in the first four bytes, and for TCP what the flow's state is made of.
// RFC 9293 section 3.1, RFC 768, RFC 9260 section 3.

import { decodeUdpTunnel, isTunnelPort } from '../encap/udp.ts';
import { HINT, PAYLOAD, type PacketView } from '../packet.ts';

const TCP_SEQ = 4;
const TCP_ACK = 8;
const TCP_OFFSET = 12;
const TCP_FLAGS = 13;
const TCP_MIN_HEADER = 20;
const UDP_HEADER = 8;
const SCTP_HEADER = 12;
const SCTP_INIT = 1;
const SCTP_INIT_ACK = 2;
const NAT_TRAVERSAL_PORT = 4500;

/** Reads a TCP header at `at`; `end` is where captured IP bytes stop and `length` the IP payload's own length. */
export function decodeTcp(packet: PacketView, at: number, end: number, length: number): void {
  const view = packet.view;
  const captured = end - at;
  if (captured >= TCP_FLAGS + 1) {
    const ports = view.getUint32(at);
    packet.srcPort = ports >>> 16;
    packet.dstPort = ports & 0xffff;
    packet.tcpSeq = view.getInt32(at + TCP_SEQ);
    packet.tcpAck = view.getInt32(at + TCP_ACK);
    packet.tcpFlags = view.getUint8(at + TCP_FLAGS);
    const header = (view.getUint8(at + TCP_OFFSET) >>> 4) * 4;
    const headerBytes = Math.max(header, TCP_MIN_HEADER);
    const payload = length - headerBytes;
    packet.payloadAt = at + headerBytes;
    packet.payloadBytes = Math.max(payload, 0);
    return;
  }
  readPortsOf(packet, at, captured);
  packet.payloadBytes = length > TCP_MIN_HEADER ? length - TCP_MIN_HEADER : 0;
}

/** The same for UDP; on port 4500, tells IKE from ESP. Tunnels are gone into. */
export function decodeUdp(packet: PacketView, at: number, end: number, length: number): void {
  const captured = end - at;
  readPortsOf(packet, at, captured);
  packet.payloadAt = at + UDP_HEADER;
  packet.payloadBytes = length > UDP_HEADER ? length - UDP_HEADER : 0;
  if (isTunnelPort(packet.dstPort) && decodeUdpTunnel(packet, at, end, length)) return;
  if (packet.dstPort === NAT_TRAVERSAL_PORT || packet.srcPort === NAT_TRAVERSAL_PORT) {
    // RFC 3948 section 2.2: four zero bytes stand before IKE, where ESP has its SPI.
    if (captured >= UDP_HEADER + 4) {
      packet.payloadProtocol = packet.view.getUint32(at + UDP_HEADER) === 0 ? PAYLOAD.ike : PAYLOAD.espInUdp;
    }
  }
}

/** The same for SCTP; its INIT and INIT ACK show who began. */
export function decodeSctp(packet: PacketView, at: number, end: number, length: number): void {
  const captured = end - at;
  readPortsOf(packet, at, captured);
  packet.payloadBytes = length > SCTP_HEADER ? length - SCTP_HEADER : 0;
  if (captured > SCTP_HEADER) {
    const chunk = packet.view.getUint8(at + SCTP_HEADER);
    if (chunk === SCTP_INIT) packet.hint = HINT.init;
    else if (chunk === SCTP_INIT_ACK) packet.hint = HINT.initAck;
  }
}

function readPortsOf(packet: PacketView, at: number, captured: number): void {
  if (captured < 4) {
    packet.portsUnread = 1;
    return;
  }
  const ports = packet.view.getUint32(at);
  packet.srcPort = ports >>> 16;
  packet.dstPort = ports & 0xffff;
}
