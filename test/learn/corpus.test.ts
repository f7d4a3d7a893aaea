// What payload teaches, in captures by other hands, against what an independent dissector says of them.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import {
  type ProtocolName,
  protocolName,
  TLS_VERSIONS,
  tlsChosen,
  tlsOffered,
} from '../../src/learn/facts.ts';
import { askedForTls, flowProtocol, sentCleartextLogin } from '../../src/learn/payload.ts';
import { listCaptures, parseTsv, readCorpusText, whyNoCorpus } from '../corpus/corpus.ts';
import { disagreements, type Judged } from './disagreements.ts';
import { type LookedAt, lookAtAll } from './looks.ts';
import { segmentsOf } from './packets.ts';
import { type Learned, learnRpc } from './rpc.ts';

interface Capture {
  readonly learned: readonly Learned[];
  readonly flows: readonly LookedAt[];
  /** The dissector's protocols by frame. */
  readonly protocols: ReadonlyMap<number, string>;
}

const nothing: Capture = { learned: [], flows: [], protocols: new Map() };
/** Transfer syntaxes, which the dissector lists among the interfaces. */
const SYNTAXES = ['8a885d04-1ceb-11c9-9fe8-08002b104860', '71710533-beba-4937-8319-b5dbef9ccc36'];

function protocolsOf(file: string): Map<number, string> {
  try {
    const rows = parseTsv(readCorpusText(`oracle/${file}.frames.tsv`));
    return new Map(rows.map((row) => [Number(row['frame.number']), row['frame.protocols']]));
  } catch {
    return new Map();
  }
}

const unique = (values: readonly string[]) => [...new Set(values)].sort();

/** `80/tcp ssh` of each flow, with the responder's port. */
const portOf = (flow: LookedAt) => flow.ports[flow.reversed ? 0 : 1];
const nameOf = (flow: LookedAt) => protocolName(flowProtocol(flow.state));
const told = (flow: LookedAt) => `${portOf(flow)}/${flow.tcp ? 'tcp' : 'udp'} ${nameOf(flow)}`;

describe('the corpus', { skip: whyNoCorpus() }, () => {
  const captures = new Map<string, Capture>();
  const of = (end: string): Capture => {
    const found = [...captures].filter(([file]) => file.endsWith(end));
    assert.equal(found.length, 1, end);
    return found[0]?.[1] ?? nothing;
  };

  before(async () => {
    for (const { file, path } of listCaptures()) {
      const segments = await segmentsOf(path);
      captures.set(file, {
        learned: learnRpc(segments),
        flows: lookAtAll(segments).filter(({ frames }) => frames.length > 0),
        protocols: protocolsOf(file),
      });
    }
  });

  test('every endpoint that a mapper named is learned in its frame, with its server, and no other', () => {
    const expected = parseTsv(readCorpusText('EPM.tsv')).flatMap((row) => {
      const interfaces = row.epm_uuids.split(',').filter((uuid) => !SYNTAXES.includes(uuid));
      return row.epm_tcp_ports
        .split(',')
        .map((port, i) =>
          [row.file.replace('captures/', ''), row.frame, row.server_ip, 'tcp', port, interfaces[i]].join(' '),
        );
    });
    const got = [...captures].flatMap(([file, { learned }]) =>
      learned
        .filter(({ basis }) => basis !== 'bind')
        .map((one) => [file, one.frame, one.server, one.transport, one.port, one.interfaceUuid].join(' ')),
    );
    assert.ok(expected.length > 30, `${expected.length} endpoints`);
    assert.deepEqual(unique(got), unique(expected));
  });

  test("Outlook's bind to 5003 is found accepted, for the Exchange store", () => {
    assert.deepEqual(of('avl/exchange.pcap').learned, [
      {
        frame: 6,
        server: '22.0.0.9',
        transport: 'tcp',
        port: 5003,
        interfaceUuid: 'a4f1db00-ca47-1067-b31f-00dd010662da',
        basis: 'bind',
      },
    ]);
  });

  test('binds that are accepted on dynamic ports are found, and those that are refused are not', () => {
    const binds = (end: string) =>
      unique(
        of(end)
          .learned.filter(({ basis, port }) => basis === 'bind' && port >= 1024)
          .map(({ frame, port, interfaceUuid }) => `${frame} ${port} ${interfaceUuid.slice(0, 8)}`),
      );
    assert.deepEqual(binds('bug-5162/input.pcap'), ['12 49674 12345678', '2903 49667 e3514235']);
    assert.deepEqual(binds('dcerpc_privacy_krb.pcapng'), ['13 49667 e3514235']);
    assert.deepEqual(binds('Kerberos_-_v5_UDP.pcap'), ['1061 1024 12345678', '1127 1024 12345678']);
    // Binds to 49156 and 49162 are answered by a refusal.
    assert.deepEqual(binds('dcerpc_synthetic.pcap'), [
      '102 49168 00000131',
      '123 49171 deadbeef',
      '39 49159 1ff70682',
      '81 49165 3919286a',
    ]);
    // The capture lost the beginning of the bind: that it was accepted is known, and not for what.
    assert.deepEqual(binds('default/pcap/kerberos.pcap'), ['22 49155 ', '53 49155 ']);
  });

  test('the traps come out as what they are', () => {
    const all = (end: string) => unique(of(end).flows.map(told));
    assert.deepEqual(all('http_on_sip_port.pcap'), ['8888/tcp http']);
    assert.deepEqual(all('ssh-on-port-80.pcap'), ['80/tcp ssh']);
    assert.deepEqual(all('smb-port80.pcap'), ['80/tcp smb1']);
    assert.deepEqual(all('dns_udp_8053.pcap'), ['8053/udp dns']);
    assert.deepEqual(all('s7comm.pcap'), ['102/tcp s7']);
    assert.deepEqual(all('s7comm-plus.pcap'), ['102/tcp s7']);
    assert.deepEqual(all('get-to-ssh-server.pcap'), ['22/tcp ssh']);
    assert.deepEqual(all('socks5-smtp-503.pcap'), ['1080/tcp smtp']);
    assert.deepEqual(all('sip_non_default_port.pcap'), ['52380/udp sip']);
    assert.ok(all('smtp-decrypted.pcap').includes('2525/tcp smtp'));
    assert.deepEqual(all('espudp1.pcap'), ['4500/udp esp-in-udp']);
    assert.deepEqual(all('isakmp4500.pcap'), ['4500/udp ike', '500/udp ike']);
  });

  test('passwords in the clear are noticed in these captures and in no others', () => {
    const with_ = [...captures]
      .filter(([, { flows }]) => flows.some(({ state }) => sentCleartextLogin(state)))
      .map(([file]) => file.split('/').slice(-2).join('/'));
    assert.deepEqual(
      unique(with_),
      [
        'Pcap_Examples/SMTP_-_Auth_Login.pcap',
        'Pcap_Examples/SMTP_-_Auth_Plain.pcap',
        'PacketExamples/ldap.pcapng',
        'avl/email_pop2.pcap',
        'imap-detection/input.pcap',
        'ldap/simpleauth.pcap',
        'pcap/arkime_synthetic.pcap',
        'pcap/imap.pcap',
        'pcap/pop3.pcap',
        'pcap/smtp-data-250.pcap',
        'pcap/smtp-data-521.pcap',
        'pop3/input.pcap',
        'smtp-bug-6053/input.pcap',
      ].sort(),
    );
  });

  test('TLS after STARTTLS is seen with its versions', () => {
    const versions = (end: string) =>
      unique(
        of(end)
          .flows.filter(({ state }) => askedForTls(state) && tlsOffered(state) > 0)
          .map(({ state }) => `${TLS_VERSIONS[tlsOffered(state)]}, ${TLS_VERSIONS[tlsChosen(state)]}`),
      );
    assert.deepEqual(versions('pcap/smtp-starttls.pcap'), ['TLS 1.0, TLS 1.0', 'TLS 1.2, TLS 1.2']);
    assert.deepEqual(versions('imap-starttls.pcap'), ['TLS 1.2, TLS 1.2']);
    assert.deepEqual(versions('ldap-ssl.pcap'), ['TLS 1.2, TLS 1.2']);
    assert.deepEqual(versions('ldap-starttls.pcap'), ['TLS 1.3, TLS 1.3']);
  });

  test('what is looked at is what the dissector takes it for, but for what is listed', () => {
    const got: Judged[] = [];
    for (const [file, { flows, protocols }] of captures) {
      for (const flow of flows) {
        const oracle = oracleOf(flow, protocols);
        if (oracle === null) continue;
        const expected = SAME[oracle] ?? null;
        const name = nameOf(flow);
        if (!(expected === null ? name === null : expected.includes(name as ProtocolName))) {
          got.push({ file: file.split('/').slice(-2).join('/'), dissector: oracle, look: name });
        }
      }
    }
    const lines = (list: readonly Judged[]) =>
      unique(list.map(({ file, dissector, look }) => `${file}: ${dissector}, not ${look}`));
    assert.deepEqual(lines(got), lines(disagreements));
  });
});

/** The dissector's names and ours. */
const SAME: Readonly<Record<string, readonly ProtocolName[]>> = {
  tls: ['tls'],
  smtp: ['smtp'],
  pop: ['pop3'],
  imap: ['imap'],
  http: ['http'],
  ldap: ['ldap'],
  cldap: ['ldap'],
  kerberos: ['kerberos'],
  dns: ['dns'],
  mdns: ['mdns'],
  llmnr: ['llmnr'],
  dcerpc: ['dcerpc'],
  nbss: ['smb1', 'smb2', 'netbios-session'],
  nbns: ['netbios-name'],
  tpkt: ['tpkt', 'rdp', 's7', 'mms'],
  cotp: ['rdp'],
  nntp: ['nntp'],
  sip: ['sip'],
  isakmp: ['ike'],
  udpencap: ['ike', 'esp-in-udp'],
  dtls: ['dtls'],
  ssh: ['ssh'],
  socks: ['socks4', 'socks5'],
  ftp: ['ftp'],
  ntp: ['ntp'],
  snmp: ['snmp'],
  quic: ['quic'],
  ssdp: ['ssdp'],
};

/** The first protocol that the dissector names above the innermost transport in a frame that was looked at. */
function oracleOf(flow: LookedAt, protocols: ReadonlyMap<number, string>): string | null {
  for (const frame of flow.frames) {
    const stack = (protocols.get(frame) ?? '').split(':');
    const transport = flow.tcp ? 'tcp' : 'udp';
    const above = stack[stack.indexOf(transport) + 1];
    if (stack.includes(transport) && above !== undefined && above !== 'data') return above;
  }
  return null;
}
