// One or two packets of every kind, written byte by byte after the documents that define them.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hex } from '../../fixtures/builder/bytes.ts';
import { FRAGMENT, HINT, PAYLOAD } from '../../src/decode/packet.ts';
import { type Decoded, decode } from './support.ts';

const ETHERNET = 1;
const RAW = 101;

/** RFC 791 and RFC 9293: 10.0.0.1 port 50001 to 10.0.0.2 port 25, SYN, four bytes of data. */
const TCP4 = '4500002c 1234 4000 40 06 0000 0a000001 0a000002';
const SEGMENT = 'c351 0019 000003e8 00000000 5002 faf0 0000 0000 61626364';
const IPV4 = `${TCP4} ${SEGMENT}`;
/** RFC 8200: the same between two IPv6 hosts. */
const ADDRESSES6 = '20010db8000000000000000000000001 20010db8000000000000000000000002';
const IPV6 = `60000000 0018 06 40 ${ADDRESSES6} ${SEGMENT}`;
const MACS = '020000000002 020000000001';

const syn = {
  skip: null,
  protocol: 6,
  inner: 6,
  ports: [50_001, 25],
  payload: 4,
  flags: 2,
  seq: 1000,
  ack: 0,
} as const;
const syn4 = { ...syn, version: 4, source: '10.0.0.1', destination: '10.0.0.2', ipId: 0x1234 } as const;
const syn6 = { ...syn, version: 6, source: '2001:db8::1', destination: '2001:db8::2' } as const;

/** Whether all that is expected was read. */
function reads(linkType: number, digits: string, expected: Partial<Decoded>, cut = {}): void {
  const all = decode(hex(digits), linkType, cut);
  const named = Object.keys(expected) as (keyof Decoded)[];
  assert.deepEqual(Object.fromEntries(named.map((name) => [name, all[name]])), expected, digits);
}

function ipv4(protocol: number, body: string, fragmentField = '0000'): string {
  const total = (20 + hex(body).length).toString(16).padStart(4, '0');
  const number = protocol.toString(16).padStart(2, '0');
  return `4500${total} 1234 ${fragmentField} 40 ${number} 0000 0a000001 0a000002 ${body}`;
}

function ipv6(next: number, body: string): string {
  const length = hex(body).length.toString(16).padStart(4, '0');
  return `60000000 ${length} ${next.toString(16).padStart(2, '0')} 40 ${ADDRESSES6} ${body}`;
}

describe('a link type', () => {
  test('of Ethernet carries IP behind an EtherType', () => {
    reads(ETHERNET, `${MACS} 0800 ${IPV4}`, { ...syn4, linkGroup: 0, vlans: null, wireBytes: 58 });
    reads(ETHERNET, `${MACS} 86dd ${IPV6}`, { ...syn6, linkGroup: 0, wireBytes: 78 });
  });

  test('of Ethernet tells a group address by its lowest bit', () => {
    reads(ETHERNET, `ffffffffffff 020000000001 0800 ${IPV4}`, { linkGroup: 1 });
    reads(ETHERNET, `01005e000001 020000000001 0800 ${IPV4}`, { linkGroup: 1 });
    reads(ETHERNET, `020000000001 ffffffffffff 0800 ${IPV4}`, { linkGroup: 0 });
  });

  test('of Ethernet may have an 802.3 length, with IP under SNAP or under its own service access point', () => {
    reads(ETHERNET, `${MACS} 0034 aaaa03 000000 0800 ${IPV4}`, syn4);
    reads(ETHERNET, `${MACS} 0034 aaaa03 0000f8 86dd ${IPV6}`, syn6);
    reads(ETHERNET, `${MACS} 002f 060603 ${IPV4}`, syn4);
  });

  test('of Ethernet names what carries no IP', () => {
    reads(ETHERNET, `${MACS} 0806 0001080006040001`, { skip: 'arp' });
    reads(ETHERNET, `${MACS} 88cc 0207`, { skip: 'non-ip:0x88cc' });
    reads(ETHERNET, `${MACS} 0601 00000000`, { skip: 'non-ip:0x0601' });
    reads(ETHERNET, `${MACS} 0026 424203 0000`, { skip: 'non-ip:llc-0x42' });
    reads(ETHERNET, `${MACS} 0010 aaaa03 00000c 2000 02b4`, { skip: 'non-ip:snap-00000c-0x2000' });
    reads(ETHERNET, `${MACS} 8847 00064140 1000`, { skip: 'non-ip:0x8847' });
    reads(ETHERNET, `${MACS} 8864 110000010006c021 01010004`, { skip: 'non-ip:ppp-0xc021' });
    reads(ETHERNET, `${MACS} 8864 21000001002e0021 ${IPV4}`, { skip: 'non-ip:0x8864' });
  });

  test('of raw IP tells the version itself', () => {
    for (const linkType of [RAW, 12, 14, 228]) reads(linkType, IPV4, { ...syn4, linkGroup: 0 });
    for (const linkType of [RAW, 12, 14, 229]) reads(linkType, IPV6, syn6);
    reads(RAW, '5500002c', { skip: 'malformed-ip-version' });
  });

  test('of NULL has the family of whichever machine and order', () => {
    for (const family of ['00000002', '02000000']) reads(0, `${family} ${IPV4}`, syn4);
    for (const family of ['18000000', '1c000000', '1e000000', '0000001e', '0000000a', '00000017']) {
      reads(0, `${family} ${IPV6}`, syn6);
    }
    reads(0, `00000007 ${IPV4}`, { skip: 'non-ip:af-7' });
  });

  test('of LOOP has the family in network order', () => {
    reads(108, `00000002 ${IPV4}`, syn4);
    reads(108, `00000018 ${IPV6}`, syn6);
  });

  test('of Linux cooked has the EtherType last, and in version 2 first', () => {
    reads(113, `0000 0001 0006 0200000000010000 0800 ${IPV4}`, { ...syn4, linkGroup: 0 });
    reads(113, `0000 0001 0006 0200000000010000 86dd ${IPV6}`, syn6);
    reads(276, `0800 0000 00000002 0001 00 06 0200000000010000 ${IPV4}`, { ...syn4, linkGroup: 0 });
    reads(276, `86dd 0000 00000002 0001 04 06 0200000000010000 ${IPV6}`, { ...syn6, linkGroup: 0 });
  });

  test('of Linux cooked says by the packet type what went to a group', () => {
    for (const [type, group] of [
      ['00', 0],
      ['01', 1],
      ['02', 1],
      ['03', 0],
      ['04', 0],
    ] as const) {
      reads(113, `00${type} 0001 0006 0200000000010000 0800 ${IPV4}`, { linkGroup: group });
      reads(276, `0800 0000 00000002 0001 ${type} 06 0200000000010000 ${IPV4}`, { linkGroup: group });
    }
  });

  test('of Linux cooked may carry tags, LLC, or messages of the kernel', () => {
    reads(113, `0000 0001 0006 0200000000010000 8100 0064 0800 ${IPV4}`, { ...syn4, vlans: '100' });
    reads(113, `0000 0001 0006 0200000000010000 0004 424203 00`, { skip: 'non-ip:llc-0x42' });
    reads(113, '0004 0338 0000 0000000000000000 0800 00000000', { skip: 'non-ip:0x0800' });
  });

  test('that is not known is a skip reason with its number', () => {
    for (const linkType of [147, 253, 65_535]) {
      reads(linkType, `${MACS} 0800 ${IPV4}`, { skip: `unsupported-link-type:${linkType}`, wireBytes: 58 });
    }
  });
});

describe('IPv4', () => {
  test('has its transport behind the options', () => {
    reads(RAW, `4600 0030 1234 4000 40 06 0000 0a000001 0a000002 94040000 ${SEGMENT}`, syn4);
    const most = `4f00 0054 1234 4000 40 06 0000 0a000001 0a000002 ${'01'.repeat(40)} ${SEGMENT}`;
    reads(RAW, most, syn4);
  });

  test('takes the length of the wire for a length of 0, and never believes one beyond the wire', () => {
    const withLength = (length: string) => IPV4.replace('4500002c', `4500${length}`);
    reads(RAW, withLength('0000'), { ...syn4, payload: 3960 }, { wire: 4000 });
    reads(RAW, withLength('05dc'), { ...syn4, payload: 4 });
    reads(RAW, withLength('05dc'), { ...syn4, payload: 1460 }, { wire: 1500 });
  });

  test('leaves out what stands behind its own length', () => {
    reads(ETHERNET, `${MACS} 0800 ${IPV4} 0000000000`, { ...syn4, payload: 4, wireBytes: 63 });
  });

  test('of a wrong version, or shorter than its header, is malformed', () => {
    const reason = { skip: 'malformed-ipv4-header' };
    reads(ETHERNET, `${MACS} 0800 ${IPV4.replace('4500', '5500')}`, reason);
    reads(ETHERNET, `${MACS} 0800 ${IPV4.replace('4500', '4400')}`, reason);
    reads(ETHERNET, `${MACS} 0800 ${IPV4.replace('4500002c', '45000013')}`, reason);
    reads(ETHERNET, `${MACS} 0800 ${IPV4.replace('4500002c', '4600 0017')}`, reason);
  });

  test('tells first fragments, which have ports, from later ones, which have none', () => {
    const udp = 'c351 0035 0408 0000 61626364';
    reads(RAW, ipv4(17, udp, '2000'), { fragment: FRAGMENT.first, ports: [50_001, 53], payload: 4 });
    const later = { fragment: FRAGMENT.later, protocol: 17, inner: 17, payload: 12, ipId: 0x1234 } as const;
    reads(RAW, ipv4(17, udp, '2001'), { ...later, ports: [0, 0] });
    reads(RAW, ipv4(17, udp, '00b9'), { ...later, ports: [0, 0] });
    reads(RAW, ipv4(17, udp, '4000'), { fragment: FRAGMENT.none, ports: [50_001, 53] });
  });

  test('in later fragments of a tunnel is a flow of the outer packet', () => {
    for (const protocol of [47, 4, 41]) {
      const later = { fragment: FRAGMENT.later, protocol, inner: protocol, encapsulation: null } as const;
      reads(RAW, ipv4(protocol, IPV4, '2001'), later);
    }
  });
});

describe('IPv6', () => {
  const options = (next: string) => `${next} 00 010400000000`;
  const routing = (next: string) => `${next} 02 0200 00000000 ${'20010db8000000000000000000000099'}`;
  const authentication = (next: string) => `${next} 04 0000 00000001 00000001 ${'00'.repeat(12)}`;

  test('has its transport behind each extension header', () => {
    for (const type of [0, 60, 135, 139, 140]) reads(RAW, ipv6(type, `${options('06')} ${SEGMENT}`), syn6);
    reads(RAW, ipv6(43, `${routing('06')} ${SEGMENT}`), syn6);
  });

  test('has its transport behind all of them at once', () => {
    const chain = `${options('3c')} ${options('2b')} ${routing('2c')} 3c000000 00000009 ${options('06')}`;
    reads(RAW, ipv6(0, `${chain} ${SEGMENT}`), { ...syn6, fragment: FRAGMENT.none, payload: 4 });
  });

  test('is AH whatever stands around the header, and readable inside', () => {
    const inside = { ...syn6, protocol: 51 };
    reads(RAW, ipv6(51, `${authentication('06')} ${SEGMENT}`), inside);
    reads(RAW, ipv6(0, `${options('33')} ${authentication('3c')} ${options('06')} ${SEGMENT}`), inside);
  });

  test('takes the length of the wire for a length of 0, and never believes one beyond the wire', () => {
    const withLength = (length: string) => IPV6.replace('60000000 0018', `60000000 ${length}`);
    reads(RAW, withLength('0000'), { ...syn6, payload: 3940 }, { wire: 4000 });
    reads(RAW, withLength('05b4'), { ...syn6, payload: 4 });
  });

  test('tells fragments by their header, and a whole packet in one from both', () => {
    const udp = 'c351 0035 0408 0000 61626364';
    const first = { fragment: FRAGMENT.first, ipId: 0xcafe, ports: [50_001, 53], payload: 4 } as const;
    reads(RAW, ipv6(44, `11000001 0000cafe ${udp}`), first);
    const later = { fragment: FRAGMENT.later, inner: 17, protocol: 17, payload: 12, ipId: 0xcafe } as const;
    reads(RAW, ipv6(44, `11000009 0000cafe ${udp}`), { ...later, ports: [0, 0] });
    reads(RAW, ipv6(44, `11000008 0000cafe ${udp}`), { ...later, ports: [0, 0] });
    reads(RAW, ipv6(44, `11000000 0000cafe ${udp}`), { fragment: FRAGMENT.none, ports: [50_001, 53] });
  });

  test('of a wrong version is malformed', () => {
    reads(ETHERNET, `${MACS} 86dd ${IPV6.replace('6000', '7000')}`, { skip: 'malformed-ipv6-header' });
  });

  test('in later fragments of a tunnel is a flow of the outer packet', () => {
    reads(RAW, ipv6(44, `04000009 0000cafe ${IPV4}`), {
      fragment: FRAGMENT.later,
      protocol: 4,
      encapsulation: null,
    });
  });
});

describe('a transport', () => {
  const data = '61626364';

  test('of TCP has its payload behind the options', () => {
    const withOptions = `c351 0019 000003e8 00000001 7018 faf0 0000 0000 020405b401010402 ${data}`;
    reads(RAW, ipv4(6, withOptions), { ports: [50_001, 25], flags: 0x18, ack: 1, payload: 4 });
  });

  test('of TCP that claims a header longer than the packet, or shorter than can be, has no negative payload', () => {
    const claims = (offset: string) => SEGMENT.replace('5002', `${offset}002`);
    reads(RAW, ipv4(6, claims('f')), { payload: 0, ports: [50_001, 25] });
    reads(RAW, ipv4(6, claims('0')), { payload: 4, ports: [50_001, 25] });
  });

  test('of TCP is read as far as the snaplen reaches', () => {
    for (let captured = 20; captured < 44; captured++) {
      const expected = {
        ...syn4,
        ports: captured < 24 ? ('unread' as const) : syn4.ports,
        flags: captured < 34 ? 0 : 2,
        seq: captured < 34 ? 0 : 1000,
      };
      reads(RAW, IPV4, expected, { captured });
    }
  });

  test('of UDP has eight bytes of header', () => {
    const expected = { protocol: 17, ports: [50_001, 53], payload: 4, flags: 0 } as const;
    reads(RAW, ipv4(17, `c351 0035 000c 0000 ${data}`), expected);
    reads(RAW, ipv6(17, `c351 0035 000c 0000 ${data}`), expected);
    reads(RAW, ipv4(17, 'c351 0035 000c'), { ports: [50_001, 53], payload: 0 });
  });

  test('of UDP 4500 tells IKE from ESP by four zero bytes, in both directions', () => {
    for (const ports of ['c351 1194', '1194 c351', '1194 1194']) {
      reads(RAW, ipv4(17, `${ports} 0010 0000 00000000 ${data}`), { payloadProtocol: PAYLOAD.ike });
      reads(RAW, ipv4(17, `${ports} 0010 0000 00000001 ${data}`), { payloadProtocol: PAYLOAD.espInUdp });
      reads(RAW, ipv4(17, `${ports} 0009 0000 ff`), { payloadProtocol: PAYLOAD.unknown });
    }
    reads(RAW, ipv4(17, `c351 1195 0010 0000 00000000 ${data}`), { payloadProtocol: PAYLOAD.unknown });
  });

  test('of SCTP has ports, and its first chunk tells who began', () => {
    const chunk = (type: string) => ipv4(132, `c351 0b59 00000000 00000000 ${type}000014 ${data}`);
    reads(RAW, chunk('01'), { ports: [50_001, 2905], hint: HINT.init, payload: 8 });
    reads(RAW, chunk('02'), { hint: HINT.initAck });
    reads(RAW, chunk('00'), { hint: HINT.none });
  });

  test('of ICMP is the family of its type: echo, timestamp, or the type alone', () => {
    const message = (type: string) => ipv4(1, `${type}00 0000 00010001 ${data}`);
    reads(RAW, message('08'), { ports: [8, 8], hint: HINT.none, payload: 4 });
    reads(RAW, message('00'), { ports: [8, 8], hint: HINT.reply });
    reads(RAW, message('0d'), { ports: [13, 13], hint: HINT.none });
    reads(RAW, message('0e'), { ports: [13, 13], hint: HINT.reply });
    reads(RAW, message('0b'), { ports: [11, 11], hint: HINT.none });
  });

  test('of ICMPv6 is the family of its type too', () => {
    const message = (type: string) => ipv6(58, `${type}00 0000 00010001 ${data}`);
    reads(RAW, message('80'), { inner: 58, ports: [128, 128], hint: HINT.none, payload: 4 });
    reads(RAW, message('81'), { ports: [128, 128], hint: HINT.reply });
    reads(RAW, message('87'), { ports: [135, 135], hint: HINT.none });
  });

  test('of ICMP quotes a refused packet where the port is unreachable or an administrator said no', () => {
    for (let code = 0; code < 16; code++) {
      const digits = code.toString(16).padStart(2, '0');
      const refuses = [3, 9, 10, 13].includes(code);
      reads(RAW, ipv4(1, `03${digits} 0000 00000000 ${IPV4}`), { quoteAt: refuses ? 28 : 0 });
      const refuses6 = [1, 4].includes(code);
      reads(RAW, ipv6(58, `01${digits} 0000 00000000 ${IPV6}`), { quoteAt: refuses6 ? 48 : 0 });
    }
    reads(RAW, ipv4(1, `0b03 0000 00000000 ${IPV4}`), { quoteAt: 0 });
  });

  test('of AH is what it protects, and its own number is kept', () => {
    const header = (next: string) => `${next} 04 0000 00000001 00000001 ${'00'.repeat(12)}`;
    reads(RAW, ipv4(51, `${header('06')} ${SEGMENT}`), { ...syn4, protocol: 51 });
    reads(RAW, ipv4(51, `${header('33')} ${header('06')} ${SEGMENT}`), { ...syn4, protocol: 51 });
    reads(RAW, ipv4(51, `${header('32')} 00000007 00000001 ${data}`), {
      protocol: 51,
      inner: 50,
      ports: [0, 0],
      payload: 12,
    });
    reads(RAW, ipv4(51, '06 04 0000 00000001'), { protocol: 51, ports: 'unread' });
  });

  test('of AH that claims to be longer than its packet has no payload', () => {
    const longest = (next: string) => `${next} ff 0000 00000001 00000001 ${'00'.repeat(12)}`;
    for (const next of ['32', '06', '11', '01', '59']) {
      reads(RAW, ipv4(51, longest(next)), { protocol: 51, payload: 0 });
      reads(RAW, ipv6(51, longest(next)), { protocol: 51, payload: 0 });
    }
  });

  test('without ports has the whole of its IP payload', () => {
    for (const protocol of [2, 50, 88, 89, 103, 112, 255]) {
      reads(RAW, ipv4(protocol, `00000007 00000001 ${data}`), {
        protocol,
        inner: protocol,
        ports: [0, 0],
        payload: 12,
      });
    }
  });
});

describe('VLAN tags', () => {
  test('are read by number, outermost first, whatever their types and priorities', () => {
    for (const type of ['8100', '88a8', '9100', '9200']) {
      reads(ETHERNET, `${MACS} ${type} 0064 0800 ${IPV4}`, { ...syn4, vlans: '100' });
      reads(ETHERNET, `${MACS} ${type} 0064 8100 f0c8 86dd ${IPV6}`, { ...syn6, vlans: '100,200' });
    }
    reads(ETHERNET, `${MACS} 8100 0000 0800 ${IPV4}`, { ...syn4, vlans: '0' });
    const deep = [1, 2, 3, 4, 4094].map((id) => `8100 ${id.toString(16).padStart(4, '0')}`).join(' ');
    reads(ETHERNET, `${MACS} ${deep} 0800 ${IPV4}`, { ...syn4, vlans: '1,2,3,4,4094' });
  });

  test('of any depth leave the packet readable', () => {
    const stack = (ids: readonly number[]) =>
      ids.map((id) => `8100 ${id.toString(16).padStart(4, '0')}`).join(' ');
    for (let depth = 1; depth <= 5; depth++) {
      for (const first of [0, 1, 4095]) {
        const ids = Array.from({ length: depth }, (_, n) => (first + n) % 4096);
        reads(ETHERNET, `${MACS} ${stack(ids)} 0800 ${IPV4}`, { ...syn4, vlans: ids.join() });
      }
    }
    const deepest = new Array<number>(200).fill(7);
    reads(ETHERNET, `${MACS} ${stack(deepest)} 0800 ${IPV4}`, syn4);
  });

  test('hide nothing that carries no IP', () => {
    reads(ETHERNET, `${MACS} 8100 0064 0806 0001`, { skip: 'arp', vlans: '100' });
    reads(ETHERNET, `${MACS} 8100 0064 0026 424203`, { skip: 'non-ip:llc-0x42' });
    reads(ETHERNET, `${MACS} 8100 0064 8847 00064140`, { skip: 'truncated-before-ip' });
  });

  test('that are cut leave a packet without IP', () => {
    reads(ETHERNET, `${MACS} 8100 00`, { skip: 'truncated-before-ip' });
    reads(ETHERNET, `${MACS} 8100 0064 8100 0064 08`, { skip: 'truncated-before-ip' });
  });
});
