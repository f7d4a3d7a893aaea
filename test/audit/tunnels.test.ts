// When a tunnel ends on a judged host, and what its finding says then.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ServerSet } from '../../src/policy/servers.ts';
import { type FlowOf, findingsOf, judged, type OuterPacket, TCP, UDP } from './support.ts';

const GRE = 47;
const named = { servers: ServerSet.parse('10.0.0.5,2001:db8::5'), rpcRange: null };
const smtp: FlowOf = { initiator: '172.16.0.1', responder: '172.16.0.2', protocol: TCP, port: 25 };
const gre = (source: string, destination: string): OuterPacket => ({ source, destination, protocol: GRE });
const vxlan = (source: string, destination: string): OuterPacket => ({
  source,
  destination,
  protocol: UDP,
  port: 4789,
});
const mirror = vxlan('192.0.2.1', '192.0.2.2');

/** What a finding is told apart by. */
const keysOf = (...[flows, options]: Parameters<typeof findingsOf>) =>
  findingsOf(flows, options).map(({ kind, initiator, responder, protocol, port }) =>
    [kind, initiator, responder, protocol, port].join(' '),
  );

describe('a tunnel', () => {
  test('between others leaves the verdict to what is inside', () => {
    assert.equal(judged({ ...smtp, tunnel: [mirror] }).verdict, 'expected');
    assert.equal(judged({ ...smtp, port: 4444, tunnel: [mirror] }).verdict, 'unexpected');
    assert.deepEqual(keysOf([{ ...smtp, port: 4444, tunnel: [mirror] }]), [
      'unexpected-port 172.16.0.1 172.16.0.2 6 4444',
    ]);
    assert.equal(judged({ ...smtp, tunnel: [mirror] }, named).verdict, 'out-of-scope');
  });

  test('with a named server at either end makes all in it unexpected', () => {
    for (const outer of [gre('192.0.2.1', '10.0.0.5'), gre('10.0.0.5', '192.0.2.1')]) {
      for (const inside of [smtp, { ...smtp, protocol: 1 }, { ...smtp, bits: 8 }])
        assert.equal(judged({ ...inside, tunnel: [outer] }, named).verdict, 'unexpected');
      assert.deepEqual(keysOf([{ ...smtp, tunnel: [outer] }], named), [
        `tunnelled-traffic ${outer.source} ${outer.destination} 47 `,
      ]);
    }
  });

  test('over IPv6 ends on a server as well', () => {
    const outer = vxlan('2001:db8:1::1', '2001:db8::5');
    assert.deepEqual(keysOf([{ ...smtp, tunnel: [outer] }], named), [
      'tunnelled-traffic 2001:db8:1::1 2001:db8::5 17 4789',
    ]);
  });

  test('whose end speaks inside it too makes all in it unexpected without any server named', () => {
    assert.deepEqual(keysOf([{ ...smtp, tunnel: [gre('192.0.2.1', '172.16.0.2')] }]), [
      'tunnelled-traffic 192.0.2.1 172.16.0.2 47 ',
    ]);
    assert.deepEqual(keysOf([{ ...smtp, tunnel: [gre('172.16.0.1', '172.16.0.2')] }]), [
      'tunnelled-traffic 172.16.0.1 172.16.0.2 47 ',
    ]);
    const others = { ...smtp, tunnel: [gre('192.0.2.1', '172.16.0.2')] };
    assert.equal(judged(others, named).verdict, 'out-of-scope');
  });

  test('inside another is found at any depth, a named server before all', () => {
    const own = gre('192.0.2.9', '172.16.0.2');
    const server = vxlan('192.0.2.8', '10.0.0.5');
    assert.deepEqual(keysOf([{ ...smtp, tunnel: [mirror, own] }]), [
      'tunnelled-traffic 192.0.2.9 172.16.0.2 47 ',
    ]);
    assert.deepEqual(keysOf([{ ...smtp, tunnel: [own, mirror, server] }], named), [
      'tunnelled-traffic 192.0.2.8 10.0.0.5 17 4789',
    ]);
  });

  test('is one finding for all that comes through it, and no scan', () => {
    const tries = Array.from({ length: 30 }, (_, n): FlowOf => {
      return { ...smtp, port: 5000 + n, state: 'unanswered', tunnel: [vxlan('192.0.2.1', '10.0.0.5')] };
    });
    const [finding, ...rest] = findingsOf(tries, named);
    assert.deepEqual(rest, []);
    assert.deepEqual([finding.kind, finding.severity, finding.flows], ['tunnelled-traffic', 'low', 30]);
    const [answered] = findingsOf([...tries, { ...smtp, tunnel: [vxlan('192.0.2.1', '10.0.0.5')] }], named);
    assert.deepEqual([answered.severity, answered.outcome, answered.flows], ['high', 'answered', 31]);
    assert.match(answered.text.title, /^\{port\}\/\{transport\} to \{responder\}/);
  });
});
