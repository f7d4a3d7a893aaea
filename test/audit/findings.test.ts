// What becomes a finding, and how grave it is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { P } from '../../src/learn/facts.ts';
import { type Explained, type FlowOf, findingsOf, TCP, UDP } from './support.ts';

function short(findings: readonly Explained[]): unknown[] {
  return findings.map(({ kind, severity, responder, port }) => [kind, severity, responder, port]);
}

/** Tries of `count` unlisted ports of one responder, from port 20001 up. */
function tries(count: number, rest: FlowOf = {}): FlowOf[] {
  return Array.from(
    { length: count },
    (_, n): FlowOf => ({ port: 20_001 + n, state: 'unanswered', packetsBack: 0, ...rest }),
  );
}

/** Tries of one port on `count` responders. */
function sweep(count: number, rest: FlowOf = {}): FlowOf[] {
  return Array.from(
    { length: count },
    (_, n): FlowOf => ({
      port: 20_500,
      responder: `10.1.0.${n + 1}`,
      state: 'refused',
      ...rest,
    }),
  );
}

const kinds = (findings: readonly Explained[]) => findings.map((finding) => finding.kind);

describe('a port scan', () => {
  test('is twenty unlisted ports of one responder that one initiator tried in vain, and no fewer', () => {
    const nineteen = findingsOf(tries(19));
    assert.equal(nineteen.length, 19);
    assert.ok(nineteen.every(({ kind, severity }) => kind === 'unexpected-port' && severity === 'low'));
    const [scan, ...rest] = findingsOf(tries(20));
    assert.equal(rest.length, 0);
    assert.deepEqual(short([scan]), [['port-scan', 'low', '10.0.0.2', null]]);
    assert.deepEqual([scan.flows, scan.packets, scan.initiators, scan.outcome], [20, 20, 1, 'unanswered']);
  });

  test('counts a port once however often it is tried', () => {
    assert.equal(findingsOf([...tries(19), ...tries(19)]).length, 19);
  });

  test('counts refused ports with unanswered ones, and takes the best outcome', () => {
    const [scan, ...rest] = findingsOf([
      ...tries(15),
      ...tries(5, { state: 'refused', responder: '10.0.0.2' }).map((flow) => ({
        ...flow,
        port: (flow.port ?? 0) + 100,
      })),
    ]);
    assert.equal(rest.length, 0);
    assert.deepEqual([scan.kind, scan.outcome], ['port-scan', 'refused']);
  });

  test('is of one initiator: two that share twenty ports are no scan', () => {
    const findings = findingsOf([...tries(10), ...tries(20, { initiator: '10.0.0.9' }).slice(10)]);
    assert.equal(findings.length, 20);
    assert.ok(!kinds(findings).includes('port-scan'));
  });

  test('leaves ports that answered their own findings, and does not count them', () => {
    const answered = { port: 30_000 };
    assert.equal(findingsOf([...tries(19), answered]).length, 20);
    const findings = findingsOf([...tries(20), answered]);
    assert.deepEqual(short(findings), [
      ['unexpected-port', 'high', '10.0.0.2', 30_000],
      ['port-scan', 'low', '10.0.0.2', null],
    ]);
  });

  test('counts no ports of the list, even where they do not answer', () => {
    const listed = [25, 80, 110, 143, 443].map(
      (port): FlowOf => ({ port, state: 'unanswered', packetsBack: 0 }),
    );
    assert.ok(!kinds(findingsOf([...tries(19), ...listed])).includes('port-scan'));
  });

  test('is one port on more than twenty responders, and not on twenty', () => {
    const twenty = findingsOf(sweep(20));
    assert.equal(twenty.length, 20);
    assert.ok(twenty.every(({ kind }) => kind === 'unexpected-port'));
    const findings = findingsOf(sweep(21));
    assert.deepEqual(short(findings), [['port-scan', 'low', null, 20_500]]);
    assert.deepEqual(
      [findings[0].flows, findings[0].initiator, findings[0].outcome],
      [21, '10.0.0.1', 'refused'],
    );
  });

  test('of a port over many responders leaves out those that answered', () => {
    const answered = { port: 20_500, responder: '10.2.0.1' };
    assert.deepEqual(short(findingsOf([...sweep(21), answered])), [
      ['unexpected-port', 'high', '10.2.0.1', 20_500],
      ['port-scan', 'low', null, 20_500],
    ]);
    assert.equal(findingsOf([...sweep(20), answered]).length, 21);
  });

  test('keeps transports apart', () => {
    const half = tries(20, { protocol: UDP, state: 'oneWay' }).slice(10);
    assert.equal(findingsOf([...tries(10), ...half]).length, 20);
  });
});

describe('severity', () => {
  const severity = (flow: FlowOf) => findingsOf([flow])[0].severity;

  test('is high where the port was answered and nothing explains it', () => {
    assert.equal(severity({ port: 20_000 }), 'high');
    assert.equal(severity({ port: 20_000, state: 'halfOpen' }), 'high');
    assert.equal(severity({ port: 20_000, state: 'reset' }), 'high');
  });

  test('is medium where it was answered and the vendor documents the port', () => {
    assert.equal(severity({ port: 2525 }), 'medium');
    assert.equal(severity({ protocol: UDP, port: 123 }), 'medium');
  });

  test('stays high where only others document the port', () => {
    assert.equal(severity({ port: 64_337 }), 'high');
  });

  test('is low where it was refused or not answered', () => {
    for (const port of [20_000, 2525]) {
      assert.equal(severity({ port, state: 'refused' }), 'low');
      assert.equal(severity({ port, state: 'unanswered', packetsBack: 0 }), 'low');
      assert.equal(severity({ protocol: UDP, port: 20_000, state: 'oneWay', packetsBack: 0 }), 'low');
    }
  });

  test('is at most low where who began is a guess', () => {
    assert.equal(severity({ port: 20_000, state: 'midStream', basis: 'portGuess' }), 'low');
    assert.equal(severity({ port: 2525, state: 'midStream', basis: 'portGuess' }), 'low');
    assert.equal(severity({ protocol: UDP, port: 20_000, basis: 'portGuess' }), 'low');
  });

  test('is that of the firmest flow, where some are a guess', () => {
    const guess: FlowOf = { port: 20_000, state: 'midStream', basis: 'portGuess' };
    const [finding] = findingsOf([guess, { port: 20_000 }]);
    assert.deepEqual([finding.severity, finding.outcome, finding.flows], ['high', 'answered', 2]);
    // A firm try that nobody answered makes a guess no firmer.
    assert.equal(
      findingsOf([guess, { port: 20_000, state: 'unanswered', packetsBack: 0 }])[0].severity,
      'low',
    );
  });

  test('orders findings from the worst to the mildest', () => {
    const flows: FlowOf[] = [
      { port: 26 },
      { port: 20_001, state: 'refused' },
      { port: 2525 },
      { port: 20_000 },
    ];
    assert.deepEqual(
      findingsOf(flows).map((finding) => finding.severity),
      ['high', 'medium', 'low', 'info'],
    );
  });
});

describe('a finding', () => {
  test('is one row for each kind, responder, transport and port', () => {
    const flows: FlowOf[] = [
      { port: 20_000 },
      { port: 20_000, initiator: '10.0.0.7' },
      { port: 20_000, initiatorPort: 50_001 },
      { port: 20_000, protocol: UDP },
      { port: 20_000, responder: '10.0.0.3' },
      { port: 20_001 },
    ];
    const findings = findingsOf(flows);
    assert.deepEqual(
      findings
        .map((f) => [f.protocol, f.responder, f.port, f.flows, f.initiators, f.packets, f.bytes])
        .sort(),
      [
        [TCP, '10.0.0.2', 20_000, 3, 2, 6, 600],
        [TCP, '10.0.0.2', 20_001, 1, 1, 2, 200],
        [TCP, '10.0.0.3', 20_000, 1, 1, 2, 200],
        [UDP, '10.0.0.2', 20_000, 1, 1, 2, 200],
      ].sort(),
    );
  });

  test('spans the times of its flows', () => {
    const times = [
      [5, 9],
      [2, 4],
      [3, 20],
    ].map(
      ([firstSeenUs, lastSeenUs], n): FlowOf => ({
        port: 20_000,
        initiator: `10.0.0.${n + 5}`,
        firstSeenUs,
        lastSeenUs,
      }),
    );
    const [finding] = findingsOf(times);
    assert.deepEqual([finding.firstSeenUs, finding.lastSeenUs], [2, 20]);
  });

  test('names the initiator with most flows', () => {
    const flow = (initiator: string): FlowOf => ({ port: 20_000, initiator });
    const [finding] = findingsOf([flow('10.0.0.3'), flow('10.0.0.9'), flow('10.0.0.9'), flow('10.0.0.4')]);
    assert.deepEqual([finding.initiator, finding.initiators], ['10.0.0.9', 3]);
  });

  test('names the lowest address of initiators with as many flows', () => {
    const order = (...initiators: string[]) =>
      findingsOf(initiators.map((initiator) => ({ port: 20_000, initiator })))[0].initiator;
    assert.equal(order('10.0.0.10', '10.0.0.9', '192.0.2.1'), '10.0.0.9');
    assert.equal(order('192.0.2.1', '10.0.0.9'), '10.0.0.9');
    assert.equal(order('9.0.0.1', '200.0.0.1'), '9.0.0.1');
  });

  test('says when the transport alone is what the list does not have', () => {
    const flows: FlowOf[] = [
      { port: 443, protocol: UDP },
      { port: 500, protocol: TCP },
      { port: 4500, protocol: UDP },
    ];
    assert.deepEqual(
      findingsOf(flows)
        .map(({ kind, port }) => `${kind} ${port}`)
        .sort(),
      ['unexpected-port 4500', 'unexpected-transport 443', 'unexpected-transport 500'],
    );
  });

  test('of a protocol without ports is an unexpected protocol', () => {
    assert.deepEqual(short(findingsOf([{ protocol: 47 }])), [
      ['unexpected-protocol', 'high', '10.0.0.2', null],
    ]);
    assert.deepEqual(short(findingsOf([{ protocol: 132, port: 25 }])), [
      ['unexpected-protocol', 'high', '10.0.0.2', 25],
    ]);
  });

  test('about AH has the transport and port inside', () => {
    const [finding] = findingsOf([{ protocol: 51, inner: TCP, port: 20_000 }]);
    assert.deepEqual([finding.protocol, finding.port, finding.kind], [TCP, 20_000, 'unexpected-port']);
  });

  test('about UDP 4500 tells IKE from ESP in UDP', () => {
    const title = (payloadProtocol: number) =>
      findingsOf([{ protocol: UDP, port: 4500, payloadProtocol }])[0].text.title;
    assert.match(title(P.ike), /IKE/);
    assert.doesNotMatch(title(P.ike), /ESP in UDP/);
    assert.match(title(P['esp-in-udp']), /ESP in UDP/);
  });

  test('is not made of what is expected, infrastructure or undetermined', () => {
    assert.deepEqual(
      findingsOf([{ port: 25 }, { protocol: 1 }, { protocol: UDP, port: 67 }, { bits: 8 }]),
      [],
    );
  });
});

describe('a remark', () => {
  test('is made of port 26 in use', () => {
    assert.deepEqual(short(findingsOf([{ port: 26 }])), [['remark', 'info', '10.0.0.2', 26]]);
  });

  test('draws together the high ports of a server that answers on 135', () => {
    const flows: FlowOf[] = [
      { port: 135 },
      { port: 49_152 },
      { port: 1024, initiator: '10.0.0.8' },
      { port: 1023 },
    ];
    const findings = findingsOf(flows);
    assert.deepEqual(short(findings), [
      ['unexpected-port', 'high', '10.0.0.2', 1023],
      ['remark', 'info', '10.0.0.2', null],
    ]);
    assert.deepEqual([findings[1].flows, findings[1].initiators], [2, 2]);
    assert.match(findings[1].text.explanation, /1024, 49152/);
  });

  test('about RPC takes an answer on 135 of that server, not a try or another server', () => {
    const high: FlowOf = { port: 49_152 };
    for (const other of [
      { port: 135, state: 'unanswered', packetsBack: 0 },
      { port: 135, state: 'refused' },
      { port: 135, responder: '10.0.0.3' },
    ] as const) {
      assert.deepEqual(short(findingsOf([other, high])), [['unexpected-port', 'high', '10.0.0.2', 49_152]]);
    }
  });

  test('about RPC leaves a documented port, and one whose payload is another protocol, a finding of its own', () => {
    const flows: FlowOf[] = [
      { port: 135 },
      { port: 49_152 },
      { port: 3389 },
      { port: 2525, payloadProtocol: P.smtp },
      { port: 50_000, payloadProtocol: P.ssh },
      { port: 50_001, payloadProtocol: P.dcerpc },
    ];
    const findings = findingsOf(flows);
    const ports = findings.filter(({ kind }) => kind === 'unexpected-port').map(({ port }) => port);
    assert.deepEqual(ports.sort(), [2525, 3389, 50_000]);
    const [remark] = findings.filter(({ kind }) => kind === 'remark');
    assert.equal(remark.flows, 5, 'the remark is about all of them');
    assert.match(remark.text.explanation, /2525, 3389, 49152, 50000, 50001/);
  });

  test('about RPC is for TCP alone', () => {
    const findings = findingsOf([{ port: 135 }, { protocol: UDP, port: 49_152 }]);
    assert.deepEqual(short(findings), [['unexpected-port', 'high', '10.0.0.2', 49_152]]);
  });

  test('about RPC does not hide a scan', () => {
    assert.ok(kinds(findingsOf([{ port: 135 }, ...tries(20)])).includes('port-scan'));
  });
});
