// Label and verdict of single flows.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ROW } from '../../src/flow/ended.ts';
import { ServerSet } from '../../src/policy/servers.ts';
import { type FlowOf, judged, TCP, UDP } from './support.ts';

const AH = 51;

type Case = readonly [flow: FlowOf, verdict: string, service: string, basis: string];

function holds(cases: readonly Case[]): void {
  for (const [flow, verdict, service, basis] of cases) {
    const { innerService, ...rest } = judged(flow);
    assert.deepEqual(rest, { verdict, service, labelBasis: basis }, JSON.stringify(flow));
    assert.equal(innerService, 'unlisted');
  }
}

describe('the verdict', () => {
  test('is expected for a responder port on the list, with its transport', () => {
    holds([
      [{ port: 25 }, 'expected', 'smtp', 'port'],
      [{ port: 26 }, 'expected', 'smtp-ssl-26', 'port'],
      [{ port: 64_327 }, 'expected', 'dag-replication', 'port'],
      [{ protocol: UDP, port: 53 }, 'expected', 'dns', 'port'],
      [{ protocol: 50 }, 'expected', 'ipsec-esp', 'protocol'],
    ]);
  });

  test('is unexpected for every other port and protocol', () => {
    holds([
      [{ port: 2525 }, 'unexpected', 'unlisted', 'port'],
      [{ port: 0 }, 'unexpected', 'unlisted', 'port'],
      [{ protocol: UDP, port: 443 }, 'unexpected', 'unlisted', 'port'],
      [{ protocol: UDP, port: 25 }, 'unexpected', 'unlisted', 'port'],
      [{ protocol: UDP, port: 4500 }, 'unexpected', 'unlisted', 'port'],
      [{ protocol: 132, port: 25 }, 'unexpected', 'unlisted', 'port'],
      [{ protocol: 47 }, 'unexpected', 'unlisted', 'protocol'],
    ]);
  });

  test('never looks at the initiator port', () => {
    holds([
      [{ initiatorPort: 993, port: 2049 }, 'unexpected', 'unlisted', 'port'],
      [{ initiatorPort: 64_327, port: 8080 }, 'unexpected', 'unlisted', 'port'],
      [{ protocol: UDP, initiatorPort: 68, port: 8080 }, 'unexpected', 'unlisted', 'port'],
    ]);
  });

  test('is infrastructure for what networks need to run', () => {
    for (const protocol of [1, 2, 58, 88, 89, 103, 112]) {
      assert.equal(judged({ protocol }).verdict, 'infrastructure', `protocol ${protocol}`);
    }
    for (const port of [67, 68, 546, 547]) {
      assert.equal(judged({ protocol: UDP, port }).verdict, 'infrastructure', `port ${port}`);
      assert.equal(judged({ protocol: TCP, port }).verdict, 'unexpected', `port ${port}`);
    }
  });

  test('is infrastructure for discovery that goes to a group, and unexpected where it goes to one host', () => {
    for (const port of [137, 138, 1900, 3702, 5353, 5355]) {
      for (const responder of ['224.0.0.251', '239.255.255.250', '255.255.255.255']) {
        assert.equal(
          judged({ protocol: UDP, port, responder }).verdict,
          'infrastructure',
          `${port} to ${responder}`,
        );
      }
      const v6 = { protocol: UDP, port, initiator: 'fe80::1' };
      assert.equal(judged({ ...v6, responder: 'ff02::fb' }).verdict, 'infrastructure');
      assert.equal(judged({ ...v6, responder: 'fe80::2' }).verdict, 'unexpected');
      // The broadcast address of a subnet shows in the Ethernet address alone.
      assert.equal(
        judged({ protocol: UDP, port, responder: '10.0.0.255', bits: ROW.linkGroup }).verdict,
        'infrastructure',
      );
      for (const responder of ['10.0.0.255', '223.255.255.255', '240.0.0.1']) {
        assert.equal(
          judged({ protocol: UDP, port, responder }).verdict,
          'unexpected',
          `${port} to ${responder}`,
        );
      }
    }
    assert.equal(judged({ protocol: UDP, port: 139, responder: '224.0.0.251' }).verdict, 'unexpected');
  });

  test('is undetermined where no ports could be read', () => {
    for (const protocol of [TCP, UDP, 132]) {
      assert.equal(judged({ protocol, bits: ROW.portsUnread }).verdict, 'undetermined');
    }
  });

  test('is out-of-scope before all else where servers are named and none takes part', () => {
    const options = { servers: ServerSet.parse('10.9.0.0/24'), rpcRange: null };
    const verdict = (flow: FlowOf) => judged(flow, options).verdict;
    for (const flow of [{ port: 25 }, { port: 2525 }, { protocol: 1 }, { bits: ROW.portsUnread }]) {
      assert.equal(verdict(flow), 'out-of-scope');
    }
    assert.equal(verdict({ port: 2525, initiator: '10.9.0.1' }), 'unexpected');
    assert.equal(verdict({ port: 2525, responder: '10.9.0.255' }), 'unexpected');
    assert.equal(verdict({ port: 25, responder: '10.9.0.1' }), 'expected');
  });

  test('of an RPC range that the policy names is expected, both ends included, for TCP alone', () => {
    const options = { servers: null, rpcRange: [6005, 6010] } as const;
    for (const port of [6005, 6008, 6010]) {
      const { service, labelBasis, verdict } = judged({ port }, options);
      assert.deepEqual([service, labelBasis, verdict], ['rpc-dynamic', 'policy', 'expected']);
    }
    for (const flow of [{ port: 6004 }, { port: 6011 }, { protocol: UDP, port: 6005 }]) {
      assert.equal(judged(flow, options).verdict, 'unexpected');
    }
    const wide = { servers: null, rpcRange: [1024, 65_535] } as const;
    assert.equal(judged({ port: 64_327 }, wide).service, 'dag-replication');
  });

  test('of AH is the worse of its own and that of what is inside', () => {
    const inside = (flow: FlowOf) => judged({ protocol: AH, ...flow });
    const label = { service: 'ipsec-ah', labelBasis: 'protocol' };
    const none = { ...label, innerService: 'unlisted' };
    assert.deepEqual(inside({ inner: TCP, port: 25 }), {
      ...label,
      innerService: 'smtp',
      verdict: 'expected',
    });
    assert.deepEqual(inside({ inner: TCP, port: 2525 }), { ...none, verdict: 'unexpected' });
    assert.deepEqual(inside({ inner: UDP, port: 25 }), { ...none, verdict: 'unexpected' });
    assert.deepEqual(inside({ inner: 50 }), { ...label, innerService: 'ipsec-esp', verdict: 'expected' });
    assert.equal(inside({ inner: TCP, bits: ROW.portsUnread }).verdict, 'undetermined');
    assert.equal(inside({ inner: TCP, bits: ROW.portsUnread }).service, 'ipsec-ah');
  });
});
