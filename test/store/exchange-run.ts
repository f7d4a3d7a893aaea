// A database with one run that has something of everything a report shows.

import { VERDICT } from '../../src/audit/terms.ts';
import { SqliteSink } from '../../src/store/sqlite/sink.ts';
import { batchOf, book, checkpointOf, httpsFlow, pairsOf, runStart } from './sample.ts';

const { expected, unexpected, infrastructure, undetermined } = VERDICT;

export const ADDRESSES = book('192.0.2.10', '10.0.0.5', '2001:db8::7', '198.51.100.99', '10.0.0.9');

export function storeExchangeRun(path: string): number {
  const sink = new SqliteSink(path, runStart({ source: 'monday.pcapng' }));
  sink.flows(
    batchOf(
      httpsFlow(1),
      httpsFlow(2, { initiatorId: 3, ipVersion: 6 }),
      httpsFlow(3, { initiatorId: 4, responderPort: 3389, service: 0, innerService: 0, verdict: unexpected }),
    ),
    ADDRESSES,
  );
  sink.checkpoint(
    checkpointOf({
      totals: {
        packets: 1_234_567,
        bytes: 987_654_321,
        packetsOutOfOrder: 12,
        kernelDropped: 40,
        interfaceDropped: null,
        firstPacketUs: 1_700_000_000_000_000,
        lastPacketUs: 1_700_003_725_000_000,
      },
      sources: [
        {
          path: 'monday.pcapng',
          format: 'pcapng',
          linkTypes: 'ethernet',
          snaplen: 262_144,
          packets: 1_234_567,
          bytes: 987_654_321,
          firstPacketUs: 1_700_000_000_000_000,
          lastPacketUs: 1_700_003_725_000_000,
          damageOffset: 88_123_456,
          damage: 'the file ends inside a packet of 1514 bytes, of which 200 are there',
        },
      ],
      skipped: [
        { reason: 'arp', packets: 321, bytes: 13_482 },
        { reason: 'non-ip:0x88cc', packets: 12, bytes: 1800 },
      ],
      pairs: pairsOf(
        {
          initiatorId: 1,
          responderId: 2,
          service: 'https-owa',
          protocol: 6,
          port: 443,
          verdict: expected,
          flows: 12_345,
          packets: 1_000_000,
          bytes: 900_000_000,
        },
        {
          initiatorId: 3,
          responderId: 2,
          service: 'https-owa',
          protocol: 6,
          port: 443,
          verdict: expected,
          flows: 5,
          packets: 100,
          bytes: 90_000,
        },
        {
          initiatorId: 1,
          responderId: 2,
          service: 'smtp',
          protocol: 6,
          port: 25,
          verdict: expected,
          flows: 310,
          packets: 20_000,
          bytes: 9_000_000,
        },
        {
          initiatorId: 2,
          responderId: 5,
          service: 'dns',
          protocol: 17,
          port: 53,
          verdict: expected,
          flows: 4000,
          packets: 8000,
          bytes: 900_000,
        },
        {
          initiatorId: 2,
          responderId: 5,
          service: 'ipsec-esp',
          protocol: 50,
          port: -1,
          verdict: expected,
          flows: 1,
          packets: 77,
          bytes: 99_000,
        },
        {
          initiatorId: 4,
          responderId: 2,
          service: 'unlisted',
          protocol: 6,
          port: 3389,
          verdict: unexpected,
          flows: 3,
          packets: 4000,
          bytes: 3_000_000,
        },
        {
          initiatorId: 4,
          responderId: 2,
          service: 'unlisted',
          protocol: 6,
          port: 445,
          verdict: unexpected,
          flows: 2,
          packets: 4,
          bytes: 240,
        },
        {
          initiatorId: 1,
          responderId: 2,
          service: 'unlisted',
          protocol: 1,
          port: -1,
          verdict: infrastructure,
          flows: 2,
          packets: 20,
          bytes: 1960,
        },
        {
          initiatorId: 1,
          responderId: 2,
          service: 'unlisted',
          protocol: 6,
          port: -1,
          verdict: undetermined,
          flows: 1,
          packets: 9,
          bytes: 8000,
        },
      ),
      findings: [
        {
          kind: 'unexpected-port',
          severity: 'high',
          status: 'open',
          protocol: 6,
          port: 3389,
          responderId: 2,
          initiatorId: 4,
          initiators: 1,
          flows: 3,
          packets: 4000,
          bytes: 3_000_000,
          outcome: 'answered',
          firstSeenUs: 1_700_000_000_000_000,
          lastSeenUs: 1_700_000_100_000_000,
          text: 0,
        },
        {
          kind: 'unexpected-port',
          severity: 'low',
          status: 'open',
          protocol: 6,
          port: 445,
          responderId: 2,
          initiatorId: 4,
          initiators: 3,
          flows: 2,
          packets: 4,
          bytes: 240,
          outcome: 'refused',
          firstSeenUs: 1_700_000_000_000_000,
          lastSeenUs: 1_700_000_100_000_000,
          text: 1,
        },
      ],
      texts: [
        {
          title: '{transport} {port} of {responder} answers and is not on the allow-list',
          explanation:
            'Port 3389 is Remote Desktop. It lets whoever reaches it sign in to the server, and nothing in Exchange needs it from clients.',
          suggestion:
            'Close it to all but the management network, or name it in the policy if it is meant to be open.',
        },
        {
          title: '{initiators} hosts tried {transport} {port} on {responder} and were refused',
          explanation: 'Port 445 is SMB.',
          suggestion: '',
        },
      ],
      facts: {
        flows: 16_669,
        tcp_flows: 12_666,
        tcp_mid_stream_flows: 120,
        tcp_one_way_flows: 2000,
        undetermined_packets: 9,
        esp_packets: 77,
        esp_bytes: 99_000,
        sampled_packets: 80_000,
        duplicate_packets: 2400,
        servers_named: 0,
      },
    }),
    ADDRESSES,
  );
  sink.finish('damaged', null);
  sink.close();
  return sink.runId;
}
