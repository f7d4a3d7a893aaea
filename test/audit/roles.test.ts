// Who is who, by what hosts answer and begin.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readPolicy } from '../../src/policy/document.ts';
import { PolicyRules } from '../../src/policy/rules.ts';
import { type FlowOf, findingsOf, rolesOf, UDP } from './support.ts';

const mailbox = '10.0.0.5';
const mailbox2 = '10.0.0.6';
const controller = '10.0.0.2';
const edge = '10.0.1.9';
const client = '10.0.2.20';
const outside = '198.51.100.25';

const to = (initiator: string, responder: string, port: number, more: Partial<FlowOf> = {}): FlowOf => ({
  initiator,
  responder,
  port,
  ...more,
});

/** A domain controller that a mailbox server asks, and mail and web that the server answers. */
const organisation: readonly FlowOf[] = [
  to(mailbox, controller, 88),
  to(mailbox, controller, 389),
  to(mailbox, controller, 3268),
  to(mailbox, controller, 53, { protocol: UDP }),
  to(client, mailbox, 443),
  to(outside, mailbox, 25),
  to(mailbox2, controller, 389),
  to(client, mailbox2, 443),
  to(mailbox, mailbox2, 25),
];

describe('roles', () => {
  test('of a small organisation are those that its hosts play', () => {
    assert.deepEqual(
      rolesOf(organisation).sort(),
      [
        `${controller} dns high`,
        `${controller} domain-controller high`,
        `${controller} global-catalog high`,
        `${mailbox} mailbox high`,
        `${mailbox2} mailbox high`,
        `${client} client medium`,
        `${outside} mail-peer medium`,
      ].sort(),
    );
  });

  test('come of answers: what was refused or never answered shows nothing', () => {
    const refused = organisation.map(
      (flow) => ({ ...flow, state: flow.protocol === UDP ? 'oneWay' : 'refused' }) as const,
    );
    assert.deepEqual(rolesOf(refused), []);
  });

  test('of a web server, a mail relay and a lone LDAP server are not those of Exchange and a controller', () => {
    assert.deepEqual(rolesOf([to(client, '10.0.0.7', 443)]), []);
    assert.deepEqual(rolesOf([to(client, '10.0.0.7', 25)]), []);
    assert.deepEqual(rolesOf([to(client, '10.0.0.7', 389)]), []);
  });

  test('of another mail server are at most likely', () => {
    const flows = [25, 443, 993].map((port) => to(client, '10.0.0.7', port));
    assert.deepEqual(rolesOf(flows)[0], '10.0.0.7 mailbox medium');
  });

  test('of one with a port that others use as well, such as 2525, are unsure', () => {
    assert.deepEqual(rolesOf([25, 2525].map((port) => to(client, '10.0.0.7', port))), [
      '10.0.0.7 mailbox low',
    ]);
    assert.deepEqual(
      rolesOf([25, 475].map((port) => to(client, '10.0.0.7', port)))[0],
      '10.0.0.7 mailbox high',
    );
  });

  test('of an Edge server and of DAG members come of the ports that are theirs alone', () => {
    const flows = [
      ...organisation,
      to(mailbox, edge, 50_636),
      to(outside, edge, 25),
      to(mailbox, mailbox2, 64_327),
      to(mailbox, mailbox2, 3343, { protocol: UDP }),
    ];
    const roles = rolesOf(flows);
    for (const role of [`${edge} edge high`, `${mailbox2} dag-member high`, `${mailbox} dag-member medium`]) {
      assert.ok(roles.includes(role), `${role}: ${roles.join(', ')}`);
    }
    assert.ok(!roles.some((role) => role.startsWith(`${edge} mailbox`)));
  });

  test('are not to be had by connecting to a port of Exchange', () => {
    const flows = [2525, 444, 64_327, 50_636].map((port) => to(client, mailbox, port));
    const roles = rolesOf([...organisation, ...flows]).filter((role) => role.startsWith(client));
    assert.deepEqual(
      roles.filter((role) => !role.endsWith(' low')),
      [],
    );
  });

  test('that the policy names are certain', () => {
    const rules = new PolicyRules(
      readPolicy(
        'test.yaml',
        `servers: [{ address: ${edge}, role: edge }, { address: ${controller}, role: domain-controller }]`,
      ),
    );
    assert.deepEqual(rolesOf([to(client, edge, 873), to(client, controller, 873)], rules), [
      `${edge} edge high`,
      `${controller} domain-controller high`,
    ]);
  });

  test('of a peer outside need an address that can be outside', () => {
    const roles = (peer: string) =>
      rolesOf([...organisation, to(peer, mailbox, 25)]).filter((role) => role.startsWith(`${peer} `));
    assert.deepEqual(roles('203.0.113.7'), ['203.0.113.7 mail-peer medium']);
    for (const inside of ['192.168.7.7', '172.31.0.1', '100.64.0.1'])
      assert.deepEqual(roles(inside), [], inside);
    assert.deepEqual(roles('172.32.0.1'), ['172.32.0.1 mail-peer medium']);
  });
});

describe('between servers that no firewall may stand between', () => {
  const severityOf = (...flows: readonly FlowOf[]) => {
    const found = findingsOf([...organisation, ...flows], undefined, true);
    return found.map(({ kind, severity, text }) => ({
      kind,
      severity,
      why: text.explanation.includes('does not support'),
    }));
  };

  test('a finding on a documented port, SMB or RPC is a remark that says why', () => {
    for (const flow of [
      to(mailbox, mailbox2, 445),
      to(mailbox, mailbox2, 2525),
      to(mailbox2, controller, 445),
      to(mailbox, controller, 636),
      to(controller, mailbox, 135, { protocol: UDP }),
    ]) {
      const kind = flow.protocol === UDP ? 'unexpected-transport' : 'unexpected-port';
      assert.deepEqual(severityOf(flow), [{ kind, severity: 'info', why: true }], JSON.stringify(flow));
    }
  });

  test('any other port keeps its severity', () => {
    assert.deepEqual(severityOf(to(mailbox, mailbox2, 4444)), [
      { kind: 'unexpected-port', severity: 'high', why: false },
    ]);
    // Documented by nobody but other people.
    assert.equal(severityOf(to(mailbox, mailbox2, 808))[0].severity, 'high');
  });

  test('so does a port that anybody else uses as well', () => {
    assert.equal(severityOf(to(mailbox, mailbox2, 445), to(client, mailbox2, 445))[0].severity, 'medium');
    assert.equal(severityOf(to(client, mailbox2, 445))[0].severity, 'medium');
  });

  test('an Edge server is not among them: a firewall is meant to stand in front of it', () => {
    const flows = [to(mailbox, edge, 50_636), to(mailbox, edge, 445)];
    assert.equal(severityOf(...flows)[0].severity, 'medium');
  });
});

describe("an Edge server's probes for open proxies", () => {
  const isEdge = to(mailbox, edge, 50_636);

  test('are explained', () => {
    const flows = [isEdge, to(edge, outside, 1080), to(edge, outside, 23, { state: 'refused' })];
    const found = findingsOf(flows, undefined, true);
    assert.deepEqual(found.map(({ severity, port }) => `${severity} ${port}`).sort(), [
      'info 1080',
      'info 23',
    ]);
    for (const { text } of found) assert.match(text.explanation, /sender reputation agent/);
  });

  test('are explained where they look like a scan of one port over many hosts', () => {
    const probes = Array.from({ length: 30 }, (_, n) =>
      to(edge, `198.51.100.${n + 1}`, 3128, { state: 'unanswered' }),
    );
    const [found, ...more] = findingsOf([isEdge, ...probes], undefined, true);
    assert.deepEqual([found.kind, found.severity, more.length], ['port-scan', 'info', 0]);
  });

  test('are what they look like when they go to the inside, or come from another host', () => {
    assert.equal(findingsOf([isEdge, to(edge, '10.0.0.77', 23)], undefined, true)[0].severity, 'high');
    assert.equal(findingsOf([isEdge, to(mailbox, outside, 23)], undefined, true)[0].severity, 'high');
    assert.equal(findingsOf([isEdge, to(edge, outside, 8080)], undefined, true)[0].severity, 'high');
  });
});
