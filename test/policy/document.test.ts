// Reading a policy file: what it says, and where it is wrong.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { XportsError } from '../../src/base/errors.ts';
import { parsePolicy, readPolicy } from '../../src/policy/document.ts';
import { endOf } from '../../src/policy/policy.ts';
import { POLICY_SCHEMA } from '../../src/policy/schema.ts';

const SCHEMA_FILE = join(import.meta.dirname, '../../docs/policy.schema.json');

const FULL = `
version: 1
profile: microsoft
servers:
  - 10.0.0.5
  - { address: [10.0.1.9, "2001:db8::9"], role: edge }
  - { address: 10.0.0.2, role: domain-controller }
rpc-ranges:
  - 59531-60554
services:
  - name: backup
    transport: tcp
    ports: [10000, 10010-10019]
    from: 10.0.9.0/24
    reason: nightly backup
denied:
  - service: pop3
    reason: clear text
  - { transport: udp, ports: 53 }
exceptions:
  - initiator: 10.0.9.0/24
    responder: [10.0.0.5, 10.0.0.6]
    transport: tcp
    ports: 3389
    reason: administrators
    expires: 2030-12-31
mirrors: [10.0.9.7]
tunnels:
  - between: [10.0.0.5, [192.0.2.7, 192.0.2.8]]
    reason: site to site
severities:
  - { kind: port-scan, severity: info }
`;

/** The problems as `line:column text`. */
function problemsOf(text: string): string[] {
  return parsePolicy(text).problems.map(({ line, column, text: what }) => `${line}:${column} ${what}`);
}

test('everything that a policy can say is read', () => {
  const { policy, problems } = parsePolicy(FULL, 'exchange.yaml');
  assert.deepEqual(problems, []);
  assert.deepEqual(policy, {
    path: 'exchange.yaml',
    text: FULL,
    profile: 'microsoft',
    servers: [
      { networks: ['10.0.0.5'], role: null },
      { networks: ['10.0.1.9', '2001:db8::9'], role: 'edge' },
      { networks: ['10.0.0.2'], role: 'domain-controller' },
    ],
    rpcRanges: [[59_531, 60_554]],
    services: [
      {
        name: 'backup',
        transport: 'tcp',
        ports: [
          [10_000, 10_000],
          [10_010, 10_019],
        ],
        from: ['10.0.9.0/24'],
        to: null,
        reason: 'nightly backup',
      },
    ],
    denied: [
      { service: 'pop3', transport: null, ports: null, reason: 'clear text' },
      { service: null, transport: 'udp', ports: [[53, 53]], reason: null },
    ],
    exceptions: [
      {
        line: 21,
        initiator: ['10.0.9.0/24'],
        responder: ['10.0.0.5', '10.0.0.6'],
        transport: 'tcp',
        ports: [[3389, 3389]],
        service: null,
        reason: 'administrators',
        expires: '2030-12-31',
      },
    ],
    mirrors: ['10.0.9.7'],
    tunnels: [{ between: [['10.0.0.5'], ['192.0.2.7', '192.0.2.8']], reason: 'site to site' }],
    severities: [{ kind: 'port-scan', transport: null, ports: null, severity: 'info' }],
  });
});

test('a file that says nothing, or has keys without a value, is a policy', () => {
  for (const text of ['', '# nothing yet\n', 'servers:\nexceptions:\n  # - none\n']) {
    assert.deepEqual(problemsOf(text), [], JSON.stringify(text));
  }
});

describe('a mistake is told with its line and column', () => {
  const mistakes: readonly (readonly [what: string, text: string, at: string, words: string])[] = [
    [
      'a key that is not known',
      'profile: allow-list\nserver: [10.0.0.5]\n',
      '2:1',
      'there is no "server" here',
    ],
    ['a profile that is not known', 'profile: relaxed\n', '1:10', 'one of allow-list, microsoft'],
    ['an address that is none', 'servers:\n  - 10.0.0.256\n', '2:5', '"10.0.0.256" is neither'],
    [
      'a name where an address belongs',
      'servers:\n  - mail.example.com\n',
      '2:5',
      'cannot be "mail.example.com"',
    ],
    [
      'a network that is too long',
      'servers:\n  - { address: 10.0.0.0/40, role: edge }\n',
      '2:16',
      '10.0.0.0/40',
    ],
    ['a role that is not known', 'servers:\n  - { address: 10.0.0.5, role: hub }\n', '2:32', 'not "hub"'],
    ['a text for a list', 'servers: 10.0.0.5\n', '1:10', 'must be a list'],
    ['ports beyond the last', 'denied:\n  - { transport: tcp, ports: 65536 }\n', '2:30', 'from 0 to 65535'],
    ['a range that runs backwards', 'rpc-ranges:\n  - 60000-50000\n', '2:5', 'no range of ports'],
    ['an RPC range below 1024', 'rpc-ranges: [135-2000]\n', '1:14', 'from 1024 on'],
    ['an exception without a reason', 'exceptions:\n  - ports: 3389\n', '2:5', 'needs "reason"'],
    ['an exception for everything', 'exceptions:\n  - reason: all of it\n', '2:5', 'says too little'],
    [
      'one for ever and everything',
      'exceptions:\n  - { reason: all of it, expires: 2030-01-01 }\n',
      '2:5',
      'allow everything',
    ],
    ['an empty reason', "exceptions:\n  - ports: 3389\n    reason: ''\n", '3:13', 'from 3 to 500 characters'],
    [
      'a day that is none',
      'exceptions:\n  - { ports: 1, reason: why, expires: 2026-02-30 }\n',
      '2:39',
      'no day 2026-02-30',
    ],
    ['a service that nobody knows', 'denied:\n  - service: pop4\n', '2:14', 'no service "pop4"'],
    [
      'a name of our own',
      'services: [{ name: unlisted, transport: tcp, ports: 1 }]\n',
      '1:20',
      "xports' own",
    ],
    ['a denial of nothing', 'denied:\n  - reason: because\n', '2:5', 'needs a service or ports'],
    ['a tunnel with one end', 'tunnels: [{ between: [10.0.0.5], reason: why }]\n', '1:22', 'at least 2'],
    ['a severity that is not known', 'severities: [{ ports: 1, severity: fatal }]\n', '1:36', 'not "fatal"'],
    ['a wrong version', 'version: 2\n', '1:10', 'must be 1'],
    ['a key twice', 'profile: allow-list\nprofile: microsoft\n', '2:1', 'unique'],
    ['YAML that is none', 'servers: [10.0.0.5\n', '2:1', ''],
    ['a list for the whole', '- 10.0.0.5\n', '1:1', 'the policy must be an entry with version'],
  ];
  for (const [what, text, at, words] of mistakes) {
    test(what, () => {
      const problems = problemsOf(text);
      assert.ok(
        problems.some((problem) => problem.startsWith(`${at} `) && problem.includes(words)),
        `${at} ${words}: ${problems.join(' | ')}`,
      );
      assert.equal(parsePolicy(text).policy, null);
    });
  }
});

test('all mistakes are told at once, in the order of the file, as a usage error', () => {
  assert.throws(
    () => readPolicy('exchange.yaml', 'profile: none\nservers: [10.0.0.300, 1.2.3.4]\nfoo: 1\n'),
    (error) => {
      assert.ok(error instanceof XportsError);
      assert.equal(error.exitCode, 2);
      const places = error.message.split('\n').map((line) => /^exchange\.yaml:\d+:\d+:/.exec(line)?.[0]);
      // An address is looked at once the shape of the file is right.
      assert.deepEqual(places, [undefined, 'exchange.yaml:1:10:', 'exchange.yaml:3:1:']);
      return true;
    },
  );
});

test('an alias stands for its anchor, and one that stands for thousands is refused or harmless', () => {
  const { policy } = parsePolicy('servers: &all [10.0.0.5]\nmirrors: *all\n');
  assert.deepEqual(policy?.mirrors, ['10.0.0.5']);
  const rows = Array.from(
    { length: 12 },
    (_, n) => `x${n}: &x${n} [${`*x${n - 1},`.repeat(9).slice(0, -1)}]`,
  );
  const bomb = ['x: &x0 [a]', ...rows.slice(1)].join('\n');
  assert.equal(parsePolicy(bomb).policy, null);
});

test('an exception holds through its last day, in UTC', () => {
  assert.equal(endOf('2024-02-29'), Date.UTC(2024, 2, 1) * 1000);
  assert.equal(endOf(null), Number.POSITIVE_INFINITY);
});

test('the published schema is the one that files are checked by', () => {
  assert.deepEqual(JSON.parse(readFileSync(SCHEMA_FILE, 'utf8')), JSON.parse(JSON.stringify(POLICY_SCHEMA)));
});

const python = ['python3', '/usr/bin/python3'].find(
  (path) => spawnSync(path, ['-c', 'import jsonschema']).status === 0,
);

test("another program's validator agrees with ours on what the schema tells", {
  skip: python === undefined,
}, () => {
  const samples = [
    FULL,
    'servers:\nexceptions:\n',
    'profile: relaxed\n',
    'servers: 10.0.0.5\n',
    'servers: [mail.example.com]\n',
    'servers: [{ role: edge }]\n',
    'exceptions: [{ ports: 3389 }]\n',
    'exceptions: [{ ports: 3389, reason: why not }]\n',
    'exceptions: [{ ports: 70000, reason: why not }]\n',
    'exceptions: [{ ports: a-b, reason: why not }]\n',
    'tunnels: [{ between: [10.0.0.5], reason: why }]\n',
    'severities: [{ severity: low }]\n',
    'denied: [{}]\n',
    'foo: 1\n',
    'version: 2\n',
  ];
  const script = `import json,sys,jsonschema
schema, samples = json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(schema)
print(json.dumps([jsonschema.Draft202012Validator(schema).is_valid(s) for s in samples]))`;
  const input = JSON.stringify([POLICY_SCHEMA, samples.map((text) => parse(text) as unknown)]);
  const { stdout, stderr } = spawnSync(python as string, ['-c', script], { input, encoding: 'utf8' });
  assert.deepEqual(
    JSON.parse(stdout || 'null'),
    samples.map((text) => problemsOf(text).length === 0),
    stderr,
  );
});

test('the example of the documents is a policy', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/policy.md'), 'utf8');
  const [, example] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { policy, problems } = parsePolicy(example ?? 'none');
  assert.deepEqual(problems, []);
  assert.equal(policy?.exceptions.length, 1);
});
