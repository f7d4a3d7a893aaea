// One record decoded on its own, and what was read of it in words.
import { ipv4Text, ipv6Text } from '../../src/base/address.ts';
import { encapsulationText } from '../../src/decode/encap/names.ts';
import { tunnels } from '../../src/decode/encap/tunnels.ts';
import { decodeRecord } from '../../src/decode/link/index.ts';
import { PacketView } from '../../src/decode/packet.ts';
import { skipName } from '../../src/decode/skip.ts';
import { vlanText } from '../../src/decode/vlan.ts';

/** What the flow table and the counters take from a packet. */
export interface Decoded {
  readonly skip: string | null;
  readonly version: number;
  readonly source: string;
  readonly destination: string;
  readonly protocol: number;
  readonly inner: number;
  readonly ports: readonly [number, number] | 'unread';
  readonly payload: number;
  readonly flags: number;
  readonly seq: number;
  readonly ack: number;
  readonly hint: number;
  readonly payloadProtocol: number;
  readonly fragment: number;
  readonly ipId: number;
  readonly quoteAt: number;
  readonly vlans: string | null;
  readonly encapsulation: string | null;
  /** The outer packets, outermost first: `source > destination protocol port`. */
  readonly tunnels: readonly string[];
  readonly linkGroup: number;
  readonly wireBytes: number;
}

export interface Cut {
  /** Bytes that were captured; all unless said otherwise. */
  readonly captured?: number;
  /** Bytes that were on the wire; those given unless said otherwise. */
  readonly wire?: number;
}

/** The buffer ends with the record, so that a read behind its last byte throws. */
export function decode(
  bytes: Uint8Array,
  linkType: number,
  { captured = bytes.length, wire = bytes.length }: Cut = {},
  packet = new PacketView(),
): Decoded {
  const record = bytes.slice(0, captured);
  decodeRecord(packet, new DataView(record.buffer), 0, record.length, wire, linkType);
  return described(packet);
}

function described(p: PacketView): Decoded {
  const skipped = p.skip !== 0;
  const v4 = p.ipVersion === 4;
  const address = (w0: number, w1: number, w2: number, w3: number) =>
    v4 ? ipv4Text(w0) : ipv6Text(w0, w1, w2, w3);
  const common = { ...tunnelOf(p), vlans: vlanText(p.vlans), linkGroup: p.linkGroup, wireBytes: p.wireBytes };
  if (skipped) return { ...NOTHING, ...common, skip: skipName(p.skip, p.skipDetail) };
  return {
    ...common,
    skip: null,
    version: p.ipVersion,
    source: address(p.src0, p.src1, p.src2, p.src3),
    destination: address(p.dst0, p.dst1, p.dst2, p.dst3),
    protocol: p.protocol,
    inner: p.inner,
    ports: p.portsUnread === 1 ? 'unread' : [p.srcPort, p.dstPort],
    payload: p.payloadBytes,
    flags: p.tcpFlags,
    seq: p.tcpSeq >>> 0,
    ack: p.tcpAck >>> 0,
    hint: p.hint,
    payloadProtocol: p.payloadProtocol,
    fragment: p.fragment,
    ipId: p.ipId >>> 0,
    quoteAt: p.quoteAt,
  };
}

/** What the packet came in; its number is that of the process and says nothing. */
function tunnelOf(p: PacketView) {
  const outer: string[] = [];
  for (let number = p.tunnel; number > 0; ) {
    const { parent, ipVersion, source, destination, protocol, port } = tunnels.layer(number);
    const text = ([w0, w1, w2, w3]: readonly number[]) =>
      ipVersion === 6 ? ipv6Text(w0, w1, w2, w3) : ipv4Text(w0);
    if (ipVersion !== 0) outer.unshift(`${text(source)} > ${text(destination)} ${protocol} ${port}`);
    number = parent;
  }
  return { encapsulation: encapsulationText(tunnels.stackOf(p.tunnel)), tunnels: outer };
}

const NOTHING = {
  version: 0,
  source: '',
  destination: '',
  protocol: 0,
  inner: 0,
  ports: [0, 0],
  payload: 0,
  flags: 0,
  seq: 0,
  ack: 0,
  hint: 0,
  payloadProtocol: 0,
  fragment: 0,
  ipId: 0,
  quoteAt: 0,
} as const;
