// Where xports and the independent dissector rightly disagree: one entry each, with the reason.

export type Exception =
  | {
      readonly file: string;
      /** The oracle has no table: what is in each record, in order, as another dissector told once its tag was cut out. */
      readonly about: 'table';
      /** Microseconds, length, and a place as below. */
      readonly expected: readonly (readonly [timeUs: number, bytes: number, place: string])[];
      readonly reason: string;
    }
  | {
      readonly file: string;
      /** A number the oracle does not have or has otherwise. */
      readonly about: 'packets' | 'exit' | 'first' | 'last';
      readonly expected: number | null;
      readonly reason: string;
    }
  | {
      readonly file: string;
      /** Frames that the dissector puts into a conversation, or gives up on, and xports does not. */
      readonly about: 'frames';
      readonly frames: readonly number[];
      /** A skip reason, or the conversation `protocol from fromPort to toPort` with `-` for no port. */
      readonly expected: string;
      readonly reason: string;
    };

export const exceptions: readonly Exception[] = [
  {
    file: 'arkime+arkime/tests/pcap/arkime_synthetic.pcap',
    about: 'frames',
    frames: [528],
    expected: '47 10.5.10.100 - 10.5.10.1 -',
    reason:
      'What the mirror carries lacks its Ethernet header: the length field there goes past its end, so it is no frame, and the outer packet is the flow.',
  },
  {
    file: 'the-tcpdump-group+tcpdump/tests/dsa.pcap',
    about: 'packets',
    expected: 8,
    reason: 'The oracle refuses link type 284; the file holds eight whole records.',
  },
  {
    file: 'the-tcpdump-group+tcpdump/tests/dsa.pcap',
    about: 'table',
    expected: [
      [80499544060, 102, '1 192.168.30.1 - 192.168.30.2 -'],
      [80499544382, 102, '1 192.168.30.2 - 192.168.30.1 -'],
      [80500563126, 102, '1 192.168.30.1 - 192.168.30.2 -'],
      [80500563252, 102, '1 192.168.30.2 - 192.168.30.1 -'],
      [80501576445, 102, '1 192.168.30.1 - 192.168.30.2 -'],
      [80501576541, 102, '1 192.168.30.2 - 192.168.30.1 -'],
      [80504560086, 46, 'arp'],
      [80504560415, 64, 'arp'],
    ],
    reason: 'The oracle refuses link type 284.',
  },
  {
    file: 'the-tcpdump-group+tcpdump/tests/mpls-label-heapoverflow.pcap',
    about: 'frames',
    frames: [1],
    expected: 'truncated-before-ip',
    reason: 'The packet ends before its label stack does; the oracle stops at the EtherType.',
  },
  {
    file: 'the-tcpdump-group+tcpdump/tests/ipv6-next-header-oobr-2.pcap',
    about: 'frames',
    frames: [1],
    expected: '51 3030:3030:3030:3030:3030:3030:3030:3030 - 3030:3030:3030:3030:3030:3030:3030:3030 -',
    reason:
      "The captured bytes of the hop-by-hop header name AH as the next; the oracle gives the base header's next header.",
  },
  {
    file: 'zeek+zeek/testing/btest/Traces/trunc/mpls-6in6-broken.pcap',
    about: 'frames',
    frames: [217, 342, 417, 427, 535, 685, 948, 1088, 1220, 1501, 1660, 1722],
    expected: 'malformed-ipv4-header',
    reason:
      'The IPv4 header says that the packet is shorter than the header, or is longer itself than what was on the wire; the oracle shows addresses all the same, or gives up at frame 1088.',
  },
  {
    file: 'zeek+zeek/testing/btest/Traces/linux_dlt_sll2.pcap',
    about: 'frames',
    frames: [6],
    expected: 'non-ip:0x8035',
    reason: 'It is a reverse ARP request, whose EtherType is its own; the oracle calls both ARP.',
  },
];
