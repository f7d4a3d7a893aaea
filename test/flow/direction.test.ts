// Who began a flow, where no handshake says so: each rule alone, and before the ones that follow it.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ACK, type Endpoint, type Flow, flowsOf, type Sent, SYN, SYN_ACK } from './support.ts';

const UDP = 17;
const START_US = 1_700_000_000_000_000;

function at(host: number, port: number): Endpoint {
  return { host, port };
}

function middle(from: Endpoint, to: Endpoint, more: Partial<Sent> = {}): Sent {
  return { from, to, timeUs: START_US, flags: ACK, seq: 5, ack: 9, ...more };
}

/** How the flow between the two was read, in whichever direction. */
function between(a: Endpoint, b: Endpoint, packets: readonly Sent[]): string {
  const name = (end: Endpoint) => `10.0.0.${end.host}:${end.port}`;
  const both = [name(a), name(b)];
  const isIt = (flow: Flow) => both.includes(flow.initiator) && both.includes(flow.responder);
  const found = flowsOf(packets, { group: 7 }).filter(isIt);
  assert.equal(found.length, 1);
  return `${found[0].initiator} to ${found[0].responder} by ${found[0].basis}`;
}

describe('who began a TCP flow', () => {
  const client = at(1, 443);
  const server = at(2, 50_000);

  test('is the sender of a SYN, whatever the ports', () => {
    const read = between(client, server, [middle(client, server, { flags: SYN })]);
    assert.equal(read, '10.0.0.1:443 to 10.0.0.2:50000 by handshake');
  });

  test('is the receiver of a SYN+ACK, where that comes first', () => {
    const read = between(client, server, [middle(server, client, { flags: SYN_ACK })]);
    assert.equal(read, '10.0.0.1:443 to 10.0.0.2:50000 by handshake');
  });

  test('is shown by a handshake that comes after data', () => {
    const packets = [
      middle(server, client, { seq: 5 }),
      middle(client, server, { flags: SYN_ACK, seq: 8, ack: 5 }),
    ];
    assert.equal(between(client, server, packets), '10.0.0.2:50000 to 10.0.0.1:443 by handshake');
  });

  test('is not the endpoint that sent a SYN+ACK to somebody else, though the other port is listed', () => {
    const answers = middle(server, at(3, 40_000), { flags: SYN_ACK });
    const unknown = middle(server, client);
    for (const packets of [
      [answers, unknown],
      [unknown, answers],
    ]) {
      assert.equal(between(client, server, packets), '10.0.0.1:443 to 10.0.0.2:50000 by port-guess');
    }
  });

  test('may be the endpoint that answered a SYN with a SYN alone, in a split handshake', () => {
    const peer = at(3, 40_000);
    const split = [
      middle(peer, server, { flags: SYN, seq: 1 }),
      middle(server, peer, { flags: SYN, seq: 2 }),
      middle(peer, server, { flags: SYN_ACK, seq: 1, ack: 3 }),
      middle(server, peer, { seq: 3, ack: 2 }),
    ];
    const unknown = middle(server, client);
    for (const packets of [
      [...split, unknown],
      [unknown, ...split],
    ]) {
      assert.equal(between(client, server, packets), '10.0.0.2:50000 to 10.0.0.1:443 by port-guess');
    }
  });

  test('is not the endpoint that talks to three peer ports, though the other port is listed', () => {
    const unknown = middle(server, client);
    const peers = [middle(at(3, 40_000), server), middle(at(3, 40_001), server)];
    assert.equal(
      between(client, server, [unknown, ...peers]),
      '10.0.0.1:443 to 10.0.0.2:50000 by port-guess',
    );
  });

  test('is not decided by two peers, nor by one that comes back on the same ports', () => {
    const unknown = middle(server, client);
    const peer = middle(at(3, 40_000), server);
    const again = { ...peer, timeUs: START_US + 400e6 };
    const packets = [unknown, peer, again];
    assert.equal(between(client, server, packets), '10.0.0.2:50000 to 10.0.0.1:443 by port-guess');
  });

  test('is not an endpoint that answered, before the one with many peers', () => {
    const busy = at(4, 50_001);
    const packets = [
      ...[1, 2, 3].map((n) => middle(at(10 + n, 40_000 + n), busy)),
      middle(server, at(3, 40_000), { flags: SYN_ACK }),
      middle(server, busy),
    ];
    assert.equal(between(server, busy, packets), '10.0.0.4:50001 to 10.0.0.2:50000 by port-guess');
  });

  test('is the side whose port is not on the list, where only one is, though it is the lower', () => {
    const listed = at(2, 64_327);
    const low = at(1, 2525);
    for (const packet of [middle(low, listed), middle(listed, low)]) {
      assert.equal(between(low, listed, [packet]), '10.0.0.1:2525 to 10.0.0.2:64327 by port-guess');
    }
  });

  test('is the side with the higher port, where neither or both are listed', () => {
    for (const [low, high] of [
      [at(2, 2525), at(1, 50_000)],
      [at(2, 443), at(1, 993)],
    ]) {
      for (const packet of [middle(low, high), middle(high, low)]) {
        const read = `10.0.0.1:${high.port} to 10.0.0.2:${low.port} by port-guess`;
        assert.equal(between(low, high, [packet]), read);
      }
    }
  });

  test('is learned from each TCP alone: a UDP flow of the same endpoint teaches nothing', () => {
    const peers = [1, 2, 3].map((n) => middle(at(10 + n, 40_000), server, { protocol: UDP }));
    const packets = [...peers, middle(server, client)];
    assert.equal(between(client, server, packets), '10.0.0.2:50000 to 10.0.0.1:443 by port-guess');
  });

  test('keeps the sums with their senders when a guess is turned round', () => {
    const packets = [
      middle(client, server, { wire: 100, payload: 40 }),
      middle(server, client, { wire: 1000, payload: 900 }),
      middle(server, at(3, 40_000), { flags: SYN_ACK }),
    ];
    const flow = flowsOf(packets).find((one) => one.basis === 'port-guess');
    assert.deepEqual(flow?.out, { packets: 1, bytes: 100, payload: 40 });
    assert.deepEqual(flow?.back, { packets: 1, bytes: 1000, payload: 900 });
  });
});

describe('who began a UDP flow', () => {
  const read = (from: number, to: number) => {
    const [a, b] = [at(1, from), at(2, to)];
    return between(a, b, [middle(a, b, { protocol: UDP })]);
  };

  test('is the sender of the first packet', () => {
    assert.equal(read(50_000, 53), '10.0.0.1:50000 to 10.0.0.2:53 by first-packet');
    assert.equal(read(50_000, 2525), '10.0.0.1:50000 to 10.0.0.2:2525 by first-packet');
    assert.equal(read(2525, 50_000), '10.0.0.1:2525 to 10.0.0.2:50000 by first-packet');
  });

  test('is the other side, where only the sender has a port that is listed for UDP', () => {
    assert.equal(read(53, 50_000), '10.0.0.2:50000 to 10.0.0.1:53 by port-guess');
    assert.equal(read(5060, 1000), '10.0.0.2:1000 to 10.0.0.1:5060 by port-guess');
  });

  test('is the other side, where neither port is listed and only the sender has one below 1024', () => {
    assert.equal(read(161, 50_000), '10.0.0.2:50000 to 10.0.0.1:161 by port-guess');
    assert.equal(read(1023, 1024), '10.0.0.2:1024 to 10.0.0.1:1023 by port-guess');
  });

  test('is the sender, where both ports are listed or both are below 1024', () => {
    assert.equal(read(53, 88), '10.0.0.1:53 to 10.0.0.2:88 by first-packet');
    assert.equal(read(161, 162), '10.0.0.1:161 to 10.0.0.2:162 by first-packet');
    assert.equal(read(161, 53), '10.0.0.1:161 to 10.0.0.2:53 by first-packet');
  });

  test('stays as the first packet said, whoever sends the next', () => {
    const [a, b] = [at(1, 161), at(2, 50_000)];
    const packets = [middle(a, b, { protocol: UDP }), middle(b, a, { protocol: UDP })];
    assert.equal(between(a, b, packets), '10.0.0.2:50000 to 10.0.0.1:161 by port-guess');
  });
});
