// Where xports and the independent dissector rightly disagree: one entry each, with the reason.

export type Exception =
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
    file: 'the-tcpdump-group+tcpdump/tests/dsa.pcap',
    about: 'packets',
    expected: 8,
    reason:
      'The oracle refuses link type 284; the file holds eight whole records, all of which are skipped packets.',
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
    file: 'zeek+zeek/testing/btest/Traces/linux_dlt_sll2.pcap',
    about: 'frames',
    frames: [6],
    expected: 'non-ip:0x8035',
    reason: 'It is a reverse ARP request, whose EtherType is its own; the oracle calls both ARP.',
  },
];
