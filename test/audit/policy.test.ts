// What a policy makes of flows: services of its own, denials, exceptions, tunnels and severities.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readPolicy } from '../../src/policy/document.ts';
import { PolicyRules } from '../../src/policy/rules.ts';
import { type FlowOf, findingsOf, judged, TCP, UDP } from './support.ts';

const day = (text: string) => Date.parse(`${text}T12:00:00Z`) * 1000;

function under(yaml: string) {
  const rules = new PolicyRules(readPolicy('test.yaml', yaml));
  return { servers: rules.servers, rpcRange: null, rules };
}

/** Service, basis and verdict of a flow under a policy. */
function verdictOf(yaml: string, flow: FlowOf): string {
  const options = under(yaml);
  const { service, labelBasis, verdict } = judged(flow, options, options.rules.names);
  return `${service} ${labelBasis} ${verdict}`;
}

describe('a service of the policy', () => {
  const yaml = `services:
  - { name: backup, transport: tcp, ports: 10000-10009, from: 10.0.9.0/24, to: 10.0.0.2 }
  - { name: smtp, transport: tcp, ports: 2525 }`;
  const from = { initiator: '10.0.9.7', responder: '10.0.0.2' };

  test('is expected where transport, port and both ends fit', () => {
    assert.equal(verdictOf(yaml, { ...from, port: 10_009 }), 'backup policy expected');
  });

  test('is nothing where one of them does not', () => {
    for (const other of [
      { ...from, port: 10_010 },
      { ...from, port: 10_000, protocol: UDP },
      { ...from, port: 10_000, initiator: '10.0.8.7' },
      { ...from, port: 10_000, responder: '10.0.0.3' },
    ]) {
      assert.equal(verdictOf(yaml, other), 'unlisted port unexpected', JSON.stringify(other));
    }
  });

  test('may bear the name of one that the list has', () => {
    assert.equal(verdictOf(yaml, { port: 2525 }), 'smtp policy expected');
  });

  test('leaves a port of the list what it is', () => {
    assert.equal(
      verdictOf('services: [{ name: web, transport: tcp, ports: 443 }]', { port: 443 }),
      'https-owa port expected',
    );
  });
});

describe('a denial', () => {
  test('by name makes what is on the list unexpected, and says so with its reason', () => {
    const yaml = 'denied: [{ service: pop3, reason: nobody needs clear text. }]';
    assert.equal(verdictOf(yaml, { port: 110 }), 'pop3 port unexpected');
    assert.equal(verdictOf(yaml, { port: 995 }), 'pop3s port expected');
    const [finding] = findingsOf([{ port: 110 }], under(yaml));
    assert.equal(finding.kind, 'unexpected-port');
    assert.equal(finding.severity, 'high');
    assert.match(finding.text.title, /denied by the policy/);
    assert.match(finding.text.explanation, /POP3.*: nobody needs clear text\. It was answered/);
  });

  test('by port holds for the transport that it names, and for both where it names none', () => {
    assert.equal(verdictOf('denied: [{ transport: udp, ports: 53 }]', { port: 53 }), 'dns port expected');
    for (const protocol of [TCP, UDP]) {
      assert.equal(verdictOf('denied: [{ ports: 53 }]', { port: 53, protocol }), 'dns port unexpected');
    }
    const [finding] = findingsOf(
      [{ port: 53, protocol: UDP }],
      under('denied: [{ transport: udp, ports: 53 }]'),
    );
    assert.equal(finding.kind, 'unexpected-port', 'the other transport is no matter of it');
  });

  test('of a protocol without ports is a finding of that protocol', () => {
    const yaml = 'denied: [{ service: ipsec-esp }]';
    assert.equal(verdictOf(yaml, { protocol: 50 }), 'ipsec-esp protocol unexpected');
    assert.equal(findingsOf([{ protocol: 50 }], under(yaml))[0].kind, 'unexpected-protocol');
  });

  test('of RPC takes back what a range allows', () => {
    const yaml = 'rpc-ranges: [50000-50100]\n';
    assert.equal(verdictOf(yaml, { port: 50_050 }), 'rpc-dynamic policy expected');
    assert.equal(verdictOf(yaml, { port: 50_101 }), 'unlisted port unexpected');
    assert.equal(
      verdictOf(`${yaml}denied: [{ service: rpc-dynamic }]`, { port: 50_050 }),
      'unlisted port unexpected',
    );
    assert.equal(
      verdictOf(`${yaml}denied: [{ transport: tcp, ports: 50050 }]`, { port: 50_050 }),
      'unlisted port unexpected',
    );
  });
});

describe('an exception', () => {
  const yaml = `denied: [{ service: pop3 }]
exceptions:
  - { initiator: 10.0.9.0/24, responder: 10.0.0.2, transport: tcp, ports: 3389, reason: administrators }
  - { service: pop3, initiator: 10.0.9.9, reason: the old scanner }
  - { ports: 4444, reason: a test, expires: 2024-03-05 }
  - { transport: ip-47, reason: a tunnel of the network's }`;

  test('lets through what fits all of it, by whatever name the port has', () => {
    const flow = { initiator: '10.0.9.7', responder: '10.0.0.2', port: 3389 };
    assert.equal(verdictOf(yaml, flow), 'unlisted policy expected');
    assert.deepEqual(findingsOf([flow], under(yaml)), []);
    assert.equal(verdictOf(yaml, { ...flow, initiator: '10.0.8.7' }), 'unlisted port unexpected');
    assert.equal(verdictOf(yaml, { ...flow, protocol: UDP }), 'unlisted port unexpected');
  });

  test('lets through what the policy itself denies', () => {
    assert.equal(verdictOf(yaml, { port: 110, initiator: '10.0.9.9' }), 'pop3 policy expected');
    assert.equal(verdictOf(yaml, { port: 110, initiator: '10.0.9.8' }), 'pop3 port unexpected');
  });

  test('holds for flows that begin on its last day, and for none after it', () => {
    assert.equal(verdictOf(yaml, { port: 4444, firstSeenUs: day('2024-03-05') }), 'unlisted policy expected');
    assert.equal(verdictOf(yaml, { port: 4444, firstSeenUs: day('2024-03-06') }), 'unlisted port unexpected');
  });

  test('may be for a protocol without ports', () => {
    assert.equal(verdictOf(yaml, { protocol: 47 }), 'unlisted policy expected');
  });

  test('leaves alone what is expected without it, and what is out of scope', () => {
    assert.equal(verdictOf(yaml, { port: 25 }), 'smtp port expected');
    const servers = 'servers: [10.0.0.99]\nexceptions: [{ ports: 3389, reason: anybody }]';
    assert.equal(verdictOf(servers, { port: 3389 }), 'unlisted policy out-of-scope');
  });
});

describe('the servers of the policy', () => {
  test('are judged, and hosts whose role makes them no Exchange server are not', () => {
    const yaml = `servers:
  - 10.0.0.2
  - { address: 10.0.0.8, role: edge }
  - { address: 10.0.0.9, role: domain-controller }`;
    for (const [responder, verdict] of [
      ['10.0.0.2', 'unexpected'],
      ['10.0.0.8', 'unexpected'],
      ['10.0.0.9', 'out-of-scope'],
    ]) {
      assert.equal(verdictOf(yaml, { responder, port: 873 }), `unlisted port ${verdict}`, responder);
    }
  });
});

describe('the profile microsoft', () => {
  test('allows what the vendor documents, and labels it', () => {
    assert.equal(verdictOf('profile: microsoft', { port: 445 }), 'smb port expected');
    assert.equal(verdictOf('profile: microsoft', { port: 138, protocol: UDP }), 'netbios port expected');
    assert.equal(verdictOf('profile: microsoft', { port: 1080 }), 'unlisted port unexpected');
  });

  test('has no port 26, which the finding says', () => {
    assert.equal(verdictOf('profile: microsoft', { port: 26 }), 'smtp-ssl-26 port unexpected');
    const [finding] = findingsOf([{ port: 26 }], under('profile: microsoft'));
    assert.match(finding.text.title, /not in the profile microsoft/);
  });
});

describe('a tunnel with a server at one end', () => {
  const tunnel = [{ source: '10.0.0.2', destination: '192.0.2.7', protocol: 47 }];
  const flow = { port: 25, tunnel };

  test('is unexpected unless the policy means it to be there', () => {
    assert.equal(verdictOf('servers: [10.0.0.2]', flow), 'smtp port unexpected');
    const meant = 'servers: [10.0.0.2]\ntunnels: [{ between: [192.0.2.0/28, 10.0.0.2], reason: a site }]';
    assert.equal(verdictOf(meant, flow), 'smtp port expected');
    assert.equal(
      verdictOf(meant, { ...flow, port: 873 }),
      'unlisted port unexpected',
      'what is inside is judged',
    );
    const other = 'servers: [10.0.0.2]\ntunnels: [{ between: [192.0.2.8, 10.0.0.2], reason: a site }]';
    assert.equal(verdictOf(other, flow), 'smtp port unexpected');
  });

  test('is a copy where one of its ends is a mirror', () => {
    assert.equal(verdictOf('servers: [10.0.0.2]\nmirrors: [192.0.2.7]', flow), 'smtp port expected');
  });
});

describe('a severity of the policy', () => {
  const severityUnder = (yaml: string, flow: FlowOf) => findingsOf([flow], under(yaml))[0].severity;

  test('takes the place of ours, the first that fits', () => {
    const yaml = `severities:
  - { kind: unexpected-port, transport: tcp, ports: 3389, severity: low }
  - { kind: unexpected-port, severity: info }`;
    assert.equal(severityUnder(yaml, { port: 3389 }), 'low');
    assert.equal(severityUnder(yaml, { port: 4444 }), 'info');
    assert.equal(severityUnder(yaml, { protocol: 47 }), 'high');
  });
});
