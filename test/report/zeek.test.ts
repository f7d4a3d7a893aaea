// Zeek's conn.log, against Zeek's own reference of its fields and words.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zeekLines } from '../../src/report/export/zeek.ts';
import { connHistory, connState, type FlowFacts, zeekService } from '../../src/report/export/zeek-words.ts';
import type { Cell } from '../../src/store/rows.ts';
import { publicTable } from '../../src/store/tables.ts';

const TABLE = publicTable('flow_records');

const FLOW: Readonly<Record<string, Cell>> = {
  run_id: 1,
  flow_id: 63,
  ip_version: 4,
  protocol: 6,
  transport: 'tcp',
  initiator: '192.0.2.10',
  initiator_port: 50_000,
  responder: '10.0.0.5',
  responder_port: 443,
  packets_out: 5,
  packets_back: 4,
  bytes_out: 500,
  bytes_back: 4000,
  payload_out: 200,
  payload_back: 3700,
  first_seen_us: 1_700_000_000_000_007,
  last_seen_us: 1_700_000_001_250_008,
  state: 'closed',
  end_reason: 'fin',
  direction_basis: 'handshake',
  service: 'https-owa',
  label_basis: 'port',
  verdict: 'expected',
  payload_protocol: 'tls',
  vlans: '100,200',
};

function linesOf(...flows: readonly Readonly<Record<string, Cell>>[]): string[] {
  const rows = flows.map((flow) => TABLE.columns.map(({ name }) => flow[name] ?? null));
  return [...zeekLines(TABLE, rows, new Map([[1, 'a-run']]), Date.UTC(2024, 2, 5, 9, 0, 7))];
}

/** The fields of each flow by name, as a reader of Zeek's logs takes them from the header. */
function recordsOf(lines: readonly string[]): Record<string, string>[] {
  const separator = /^#separator \\x(..)$/.exec(lines[0])?.[1];
  assert.equal(separator, '09');
  const names =
    lines
      .find((line) => line.startsWith('#fields\t'))
      ?.split('\t')
      .slice(1) ?? [];
  return lines
    .filter((line) => !line.startsWith('#'))
    .map((line) => {
      const cells = line.split('\t');
      assert.equal(cells.length, names.length);
      return Object.fromEntries(names.map((name, i) => [name, cells[i]]));
    });
}

test('the header is that of the ASCII writer, and every field has the type of Conn::Info', () => {
  const lines = linesOf();
  assert.deepEqual(lines.slice(0, 6), [
    '#separator \\x09',
    '#set_separator\t,',
    '#empty_field\t(empty)',
    '#unset_field\t-',
    '#path\tconn',
    '#open\t2024-03-05-09-00-07',
  ]);
  assert.equal(lines.at(-1), '#close\t2024-03-05-09-00-07');
  const names = lines[6].split('\t').slice(1);
  const types = lines[7].split('\t').slice(1);
  assert.deepEqual(
    names.map((name, i) => `${name}:${types[i]}`),
    [
      'ts:time uid:string id.orig_h:addr id.orig_p:port id.resp_h:addr id.resp_p:port proto:enum service:string',
      'duration:interval orig_bytes:count resp_bytes:count conn_state:string local_orig:bool local_resp:bool',
      'missed_bytes:count history:string orig_pkts:count orig_ip_bytes:count resp_pkts:count resp_ip_bytes:count',
      'tunnel_parents:set[string] ip_proto:count vlan:int inner_vlan:int xports_service:string xports_verdict:string',
    ]
      .join(' ')
      .split(' '),
  );
});

test('a flow has times to the microsecond, payload bytes, VLANs, and nothing where nothing is known', () => {
  const [record] = recordsOf(linesOf(FLOW));
  assert.match(record.uid, /^C[0-9A-Za-z]{17}$/);
  assert.deepEqual(
    { ...record, uid: '' },
    {
      ts: '1700000000.000007',
      uid: '',
      'id.orig_h': '192.0.2.10',
      'id.orig_p': '50000',
      'id.resp_h': '10.0.0.5',
      'id.resp_p': '443',
      proto: 'tcp',
      service: 'ssl',
      duration: '1.250001',
      orig_bytes: '200',
      resp_bytes: '3700',
      conn_state: 'SF',
      local_orig: '-',
      local_resp: '-',
      missed_bytes: '-',
      history: '-',
      orig_pkts: '5',
      orig_ip_bytes: '-',
      resp_pkts: '4',
      resp_ip_bytes: '-',
      tunnel_parents: '-',
      ip_proto: '6',
      vlan: '100',
      inner_vlan: '200',
      xports_service: 'https-owa',
      xports_verdict: 'expected',
    },
  );
});

test('a flow has one uid whenever it is written, and no other flow has it', () => {
  const ids = [1, 2, 62, 63, 3844, 500_000].map((flow_id) => ({ ...FLOW, flow_id }));
  const once = recordsOf(linesOf(...ids)).map(({ uid }) => uid);
  assert.deepEqual(
    once,
    recordsOf(linesOf(...ids)).map(({ uid }) => uid),
  );
  assert.equal(new Set(once).size, ids.length);
});

test('protocols that Zeek has no name for are unknown_transport with their number, ICMP of either kind is icmp', () => {
  const none = { initiator_port: null, responder_port: null, payload_protocol: null, vlans: null };
  const [esp, icmp6] = recordsOf(
    linesOf(
      { ...FLOW, ...none, transport: 'esp', protocol: 50, state: 'two-way' },
      { ...FLOW, ...none, transport: 'icmp6', protocol: 58, state: 'one-way' },
    ),
  );
  assert.deepEqual(
    [esp.proto, esp.ip_proto, esp['id.resp_p'], esp.vlan],
    ['unknown_transport', '50', '-', '-'],
  );
  assert.deepEqual([icmp6.proto, icmp6.conn_state], ['icmp', 'OTH']);
});

test('a text that would break a line, or be taken for unset or empty, is written out as Zeek does', () => {
  const texts = recordsOf(
    linesOf(
      { ...FLOW, service: 'a\tb\n#c\\' },
      { ...FLOW, service: '-' },
      { ...FLOW, service: '(empty)' },
      { ...FLOW, service: '' },
      { ...FLOW, service: '\u009b' },
    ),
  ).map((record) => record.xports_service);
  assert.deepEqual(texts, ['a\\x09b\\x0a#c\\x5c', '\\x2d', '\\x28empty)', '(empty)', '\\xc2\\x9b']);
});

function facts(more: Partial<FlowFacts>): FlowFacts {
  return {
    transport: 'tcp',
    state: 'established',
    endReason: 'idle',
    basis: 'handshake',
    packetsOut: 9,
    packetsBack: 9,
    payloadOut: 0,
    payloadBack: 0,
    isPart: false,
    ...more,
  };
}

const udp = { transport: 'udp', basis: 'first-packet', payloadOut: 9, payloadBack: 9 } as const;
const oneWay = { state: 'one-way', packetsBack: 0, payloadBack: 0 } as const;

/** Zeek's words: S0 no reply, S1 established, SF closed, REJ rejected, RST* by whose reset it was, OTH midstream. */
const CASES: readonly (readonly [
  what: string,
  flow: Partial<FlowFacts>,
  state: string | null,
  history: string | null,
])[] = [
  ['closed', { state: 'closed', endReason: 'fin' }, 'SF', null],
  ['established and left open', {}, 'S1', null],
  ['a SYN alone', { state: 'unanswered', packetsBack: 0, packetsOut: 3 }, 'S0', 'S'],
  [
    'a SYN that was reset',
    { state: 'refused', endReason: 'rst', packetsOut: 1, packetsBack: 1 },
    'REJ',
    'Sr',
  ],
  ['several that were', { state: 'refused', endReason: 'rst', packetsOut: 3, packetsBack: 3 }, 'REJ', null],
  ['a SYN that ICMP refused', { state: 'refused', packetsOut: 1, packetsBack: 0 }, 'REJ', null],
  [
    'a SYN and a RST of one side',
    { state: 'refused', endReason: 'rst', packetsOut: 2, packetsBack: 0 },
    'RSTOS0',
    'SR',
  ],
  ['a reset of who knows whom', { state: 'reset', endReason: 'rst' }, null, null],
  [
    'a reset where only the initiator was seen',
    { state: 'reset', endReason: 'rst', packetsBack: 0 },
    'RSTO',
    null,
  ],
  [
    'a reset where only the responder was seen',
    { state: 'reset', endReason: 'rst', packetsOut: 0 },
    'RSTRH',
    null,
  ],
  [
    'a reset in a part of a longer flow',
    { state: 'reset', endReason: 'rst', packetsOut: 0, isPart: true },
    null,
    null,
  ],
  ['a SYN+ACK that nobody acknowledged', { state: 'half-open' }, null, null],
  ['traffic without its beginning', { state: 'mid-stream' }, 'OTH', null],
  ['UDP both ways', { ...udp, state: 'two-way' }, 'SF', 'Dd'],
  ['UDP both ways, the answer first', { ...udp, state: 'two-way', basis: 'port-guess' }, 'SF', '^dD'],
  ['UDP without an answer', { ...udp, ...oneWay }, 'S0', 'D'],
  [
    'UDP of which the answer alone was seen',
    { ...udp, state: 'one-way', basis: 'port-guess', packetsOut: 0, payloadOut: 0 },
    'SHR',
    '^d',
  ],
  ['UDP that ICMP refused', { ...udp, ...oneWay, state: 'refused' }, 'REJ', 'D'],
  ['UDP with an empty packet', { ...udp, state: 'two-way', payloadBack: 0 }, 'SF', null],
];

for (const [what, flow, state, history] of CASES) {
  test(`${what} is ${state ?? 'unset'}, with the history ${history ?? 'unset'}`, () => {
    assert.equal(connState(facts(flow)), state);
    assert.equal(connHistory(facts(flow)), history);
  });
}

test('a protocol that payload showed has the name of the analyzer', () => {
  assert.equal(zeekService('kerberos', 'tcp'), 'krb_tcp');
  assert.equal(zeekService('ldap', 'udp'), 'ldap_udp');
  assert.equal(zeekService('dcerpc', 'tcp'), 'dce_rpc');
  assert.equal(zeekService('x400', 'tcp'), null);
  assert.equal(zeekService(null, 'tcp'), null);
});
