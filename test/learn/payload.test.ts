// What payload says, protocol by protocol, with openings written from the specifications.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  BY_CLIENT,
  BY_SERVER,
  CLEARTEXT_LOGIN,
  isObsoleteTls,
  protocolName,
  STARTTLS,
  TLS_VERSIONS,
  tlsChosen,
  tlsOffered,
} from '../../src/learn/facts.ts';
import {
  advance,
  askedForTls,
  flowProtocol,
  LOOK_BYTES,
  look,
  nameIn,
  sentCleartextLogin,
  speaksReversed,
  wantsLook,
} from '../../src/learn/payload.ts';
import { bytes, hex, type Part, u16, u32, viewOf } from './bytes.ts';
import { bind, NDR, NSPI } from './rpc-builder.ts';

interface Where {
  readonly tcp?: boolean;
  readonly srcPort?: number;
  readonly dstPort?: number;
}

function seen(payload: Part, { tcp = true, srcPort = 40000, dstPort = 40001 }: Where = {}): number {
  const data = bytes(payload);
  return look(viewOf(data), 0, data.length, data.length, tcp, srcPort, dstPort);
}

const nameOf = (payload: Part, where?: Where) => protocolName(seen(payload, where));
const ext = (type: number, body: Part): Part => [u16(type), u16(bytes(body).length), body];

/** A hello in a record; `before` stands between random and extensions. */
function hello(type: 1 | 2, version: number, extensions: Part, record = 0x0301): Uint8Array {
  const before = type === 1 ? [u16(2), 0x13, 0x01, 1, 0] : [0x13, 0x01, 0];
  const list = bytes(extensions);
  const body = bytes(u16(version), new Uint8Array(32).fill(9), 0, before, u16(list.length), list);
  const message = bytes(type, 0, u16(body.length), body);
  return bytes(0x16, u16(record), u16(message.length), message);
}

const serverName = (name: string): Part => ext(0, [u16(name.length + 3), 0, u16(name.length), name]);

describe('TLS', () => {
  test('tells the versions that are offered and chosen, by the extension where there is one', () => {
    const offered = (data: Part) => TLS_VERSIONS[tlsOffered(seen(data))];
    const chosen = (data: Part) => TLS_VERSIONS[tlsChosen(seen(data))];
    assert.equal(offered(hello(1, 0x0303, [])), 'TLS 1.2');
    assert.equal(offered(hello(1, 0x0301, [])), 'TLS 1.0');
    assert.equal(offered(hello(1, 0x0303, ext(43, [6, 0x1a, 0x1a, 3, 4, 3, 3]))), 'TLS 1.3');
    assert.equal(offered(hello(1, 0x0303, ext(43, [2, 0x7f, 0x1c]))), 'TLS 1.3');
    assert.equal(chosen(hello(2, 0x0303, ext(43, [3, 4]))), 'TLS 1.3');
    assert.equal(chosen(hello(2, 0x0303, ext(11, [1, 0]))), 'TLS 1.2');
    assert.equal(chosen(hello(2, 0x0300, [])), 'SSL 3');
    assert.equal(offered(bytes([0x80, 43, 1, 0, 2], u16(18), u16(0), u16(16), new Uint8Array(34))), 'SSL 2');
  });

  test('is obsolete below 1.2, by what was chosen if that is known', () => {
    assert.equal(isObsoleteTls(seen(hello(1, 0x0303, []))), false);
    assert.equal(isObsoleteTls(seen(hello(1, 0x0302, []))), true);
    assert.equal(isObsoleteTls(seen(hello(1, 0x0303, [])) | seen(hello(2, 0x0301, []))), true);
    assert.equal(isObsoleteTls(0), false);
  });

  test('gives the name of the server that is wanted, and what is printable of it', () => {
    const data = hello(1, 0x0303, [ext(10, [0, 2, 0, 23]), serverName('mail.example.org')]);
    assert.equal(nameIn(viewOf(data), 0, data.length, seen(data)), 'mail.example.org');
    const dirty = hello(1, 0x0303, serverName('mail\x1b[31m'));
    assert.equal(nameIn(viewOf(dirty), 0, dirty.length, seen(dirty)), 'mail');
    const long = hello(1, 0x0303, serverName('x'.repeat(2000)));
    assert.equal(nameIn(viewOf(long), 0, long.length, seen(long)).length, 255);
    for (let end = 0; end < data.length; end++) nameIn(viewOf(data), 0, end, seen(data));
  });

  test('finds extensions behind what is looked at otherwise', () => {
    const data = hello(1, 0x0303, [
      ext(51, new Uint8Array(1300)),
      serverName('far.example'),
      ext(43, [2, 3, 4]),
    ]);
    assert.equal(TLS_VERSIONS[tlsOffered(seen(data))], 'TLS 1.3');
    assert.equal(nameIn(viewOf(data), 0, data.length, seen(data)), 'far.example');
  });

  test('is known by an alert or by data too, without a version', () => {
    const alert = [0x15, 3, 1, 0, 2, 2, 40];
    const data = [0x17, 3, 3, u16(40), new Uint8Array(40).fill(0xee)];
    for (const one of [alert, data]) {
      assert.equal(nameOf(one), 'tls');
      assert.equal(tlsOffered(seen(one)) + tlsChosen(seen(one)), 0);
    }
  });

  test('over UDP is DTLS', () => {
    const body = bytes(0xfe, 0xfd, new Uint8Array(32), 0, 0, u16(2), 0xc0, 0x2b, 1, 0);
    const message = bytes(1, 0, u16(body.length), u16(0), 0, u16(0), 0, u16(body.length), body);
    const record = bytes(22, 0xfe, 0xff, new Uint8Array(8), u16(message.length), message);
    assert.equal(nameOf(record, { tcp: false }), 'dtls');
    assert.equal(TLS_VERSIONS[tlsOffered(seen(record, { tcp: false }))], 'TLS 1.2');
  });
});

describe('openings by themselves', () => {
  const asReq =
    '6a 30 30 2e a1 03 02 01 05 a2 03 02 01 0a a4 22 30 20 a0 07 03 05 00 50 80 00 10 a2 05 1b 03 46 4f 4f a5 11 18 0f 32 30 33 37 30 39 31 33 30 32 34 38';
  const kerberos = hex(asReq);
  const dns = bytes(
    u16(0x1234),
    u16(0x0100),
    u16(1),
    u16(0),
    u16(0),
    u16(0),
    7,
    'example',
    3,
    'org',
    0,
    u16(15),
    u16(1),
  );
  const cotp = (pdu: number, tail: Part): Part => {
    const x224 = bytes(pdu, 0, 0, 0, 1, 0, tail);
    return [3, 0, u16(5 + x224.length), x224.length, x224];
  };
  const smb = (magic: number) => bytes(0, 0, u16(64), magic, 'SMB', new Uint8Array(60));

  const tcp: readonly [string, Part][] = [
    ['smtp', '220 mail.example.org ESMTP ready\r\n'],
    ['smtp', '220-mail.example.org Microsoft ESMTP MAIL Service\r\n'],
    ['smtp', 'EHLO client.example.org\r\n'],
    ['smtp', 'XPROXY SID=08D0 IP=10.0.0.1 PORT=1 DOMAIN=x\r\n'],
    ['ftp', '220 FTP server ready.\r\n'],
    ['pop3', '+OK Microsoft Exchange POP3 service is ready.\r\n'],
    ['imap', '* OK The Microsoft Exchange IMAP4 service is ready.\r\n'],
    ['imap', 'a001 CAPABILITY\r\n'],
    ['nntp', '200 news.example.org NNTP service ready\r\n'],
    ['nntp', 'MODE READER\r\n'],
    ['http', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['http', 'RPC_IN_DATA /rpc/rpcproxy.dll?mail:6001 HTTP/1.1\r\n'],
    ['http', 'POST /mapi/emsmdb/?MailboxId=x HTTP/1.1\r\n'],
    ['http', 'CONNECT mail.example.org:25 HTTP/1.0\r\n\r\n'],
    ['http', ['GET /', 'x'.repeat(900), ' HTTP/1.1\r\n']],
    ['http', 'HTTP/1.1 302 Found\r\nLocation: /owa\r\n'],
    ['http', 'GET /\r\n'],
    ['http', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['sip', 'OPTIONS sip:um@10.0.0.5:5060 SIP/2.0\r\nVia: x\r\n'],
    ['sip', 'SIP/2.0 200 OK\r\nVia: x\r\n'],
    ['ssh', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['dcerpc', bind([{ id: 0, interfaceUuid: NSPI, syntaxes: [NDR] }], true)],
    ['dcerpc', bind([{ id: 0, interfaceUuid: NSPI, syntaxes: [NDR] }], false)],
    ['smb1', smb(0xff)],
    ['smb2', smb(0xfe)],
    ['tpkt', cotp(0xe0, [0xc0, 1, 10, 0xc1, 2, 1, 0])],
    ['rdp', cotp(0xe0, 'Cookie: mstshash=name\r\n')],
    ['rdp', cotp(0xe0, [1, 0, u16(8, true), u32(3, true)])],
    ['s7', [3, 0, u16(25), 2, 0xf0, 0x80, 0x32, new Uint8Array(17)]],
    ['mms', [3, 0, u16(27), 2, 0xf0, 0x80, 13, new Uint8Array(10), 0x28, 0xca, 0x22, 2, 3, 0, 0, 0, 0]],
    ['x400', [3, 0, u16(27), 2, 0xf0, 0x80, 13, new Uint8Array(10), 0x56, 0, 1, 6, 0, 0, 0, 0, 0]],
    ['ldap', hex('30 0c 02 01 01 60 07 02 01 03 04 00 80 00')],
    ['ldap', hex('30 84 00 00 00 10 02 01 01 63 84 00 00 00 07 04 00 0a 01 00 0a 01')],
    ['ldap', hex('30 0c 02 01 01 61 07 0a 01 00 04 00 04 00')],
    ['kerberos', [u32(kerberos.length), kerberos]],
    ['dns', [u16(dns.length), dns]],
    ['socks5', [5, 1, 0]],
    ['socks4', [4, 1, u16(25), 10, 0, 0, 1, 0]],
  ];
  for (const [name, payload] of tcp) {
    const text = [...bytes(payload).slice(0, 24)].map((code) =>
      code > 31 && code < 127 ? String.fromCharCode(code) : '.',
    );
    test(`over TCP, ${text.join('')} is ${name}`, () => {
      assert.equal(nameOf(payload), name);
    });
  }

  const ike = bytes(new Uint8Array(8).fill(1), new Uint8Array(8), 33, 0x20, 34, 8, u32(0), u32(28));
  const udp: readonly [string, Part, number][] = [
    ['dns', dns, 8053],
    ['kerberos', kerberos, 88],
    ['ldap', hex('30 84 00 00 00 10 02 01 01 63 84 00 00 00 07 04 00 0a 01 00 0a 01'), 389],
    ['sip', 'INVITE sip:x@y SIP/2.0\r\n', 5060],
    ['ssdp', 'M-SEARCH * HTTP/1.1\r\nHost: x\r\n', 1900],
    ['ike', ike, 500],
    ['ike', [u32(0), ike], 4500],
    ['esp-in-udp', [u32(0x1234), u32(1), new Uint8Array(40)], 4500],
    ['quic', [0xc3, u32(1), 8, new Uint8Array(8), 0, new Uint8Array(1200)], 443],
    [
      'snmp',
      hex('30 1b 02 01 01 04 06 70 75 62 6c 69 63 a0 0e 02 01 01 02 01 00 02 01 00 30 03 30 01 00'),
      161,
    ],
    ['ntp', [0x1b, new Uint8Array(47)], 123],
    [
      'netbios-name',
      [u16(1), u16(0x110), u16(1), u16(0), u32(0), 32, 'A'.repeat(32), 0, u16(32), u16(1)],
      137,
    ],
  ];
  for (const [name, payload, dstPort] of udp) {
    test(`over UDP to ${dstPort}, ${bytes(payload).length} bytes are ${name}`, () => {
      assert.equal(nameOf(payload, { tcp: false, dstPort }), name);
    });
  }

  test('that only look alike are nothing', () => {
    const others: readonly Part[] = [
      '+OK\r\n',
      '220 hello\r\n',
      '200 OK\r\n',
      'HELLO WORLD\r\n',
      'GETAWAY /x HTTP\r\n',
      'OK done\r\n',
      [u32(0x12345678), 'binary'],
      [3, 0, 0, 4, 0, 0, 0, 0],
      [0x16, 3, 1, 0, 4, 7, 0, 0, 0],
      [5, 0],
      hex('30 03 02 01 01'),
    ];
    for (const payload of others) assert.equal(nameOf(payload), null, String(payload));
  });

  test('where only the port tells, are what the port says', () => {
    assert.equal(nameOf('220 hello\r\n', { srcPort: 25 }), 'smtp');
    assert.equal(nameOf('220 hello\r\n', { srcPort: 21 }), 'ftp');
    assert.equal(nameOf('+OK\r\n', { srcPort: 110 }), 'pop3');
    assert.equal(nameOf('200 hello\r\n', { srcPort: 119 }), 'nntp');
  });

  test('say which end says such a thing', () => {
    assert.equal(seen('220 x ESMTP\r\n') & (BY_SERVER | BY_CLIENT), BY_SERVER);
    assert.equal(seen('EHLO x\r\n') & (BY_SERVER | BY_CLIENT), BY_CLIENT);
    assert.equal(seen('GET / HTTP/1.1\r\n') & (BY_SERVER | BY_CLIENT), BY_CLIENT);
  });

  test('give a greeting of bounded length, and nothing that a client types', () => {
    const named = (payload: Part) => {
      const data = bytes(payload);
      return nameIn(viewOf(data), 0, data.length, seen(payload));
    };
    assert.equal(named('220 mail.example.org ESMTP\r\n250 x'), '220 mail.example.org ESMTP');
    assert.equal(named(['220 ESMTP ', 'x'.repeat(400), '\r\n']).length, 120);
    assert.equal(named('a1 LOGIN name secret\r\n'), '');
    assert.equal(named('GET /?password=secret HTTP/1.1\r\n'), '');
    assert.equal(named(hex('30 12 02 01 01 60 0d 02 01 03 04 02 63 6e 80 04 70 61 73 73')), '');
  });
});

/** A conversation's state, told as lines: `>` for the initiator, `<` for the responder. */
function stateOf(said: readonly (readonly ['>' | '<', Part])[], port: number, tcp = true): number {
  let state = 0;
  for (const [who, payload] of said) {
    const data = bytes(payload);
    const side = who === '>' ? 0 : 1;
    const [src, dst] = side === 0 ? [40000, port] : [port, 40000];
    state = advance(state, side, viewOf(data), 0, data.length, data.length, tcp, src, dst);
  }
  return state;
}

describe('a password in the clear is noticed', () => {
  test('where commands are sent together', () => {
    assert.equal(sentCleartextLogin(stateOf([['>', 'EHLO x\r\nAUTH LOGIN\r\n']], 587)), true);
    assert.equal(
      sentCleartextLogin(
        stateOf(
          [
            ['<', '+OK x\r\n'],
            ['>', 'CAPA\nUSER x\nPASS y\n'],
          ],
          110,
        ),
      ),
      true,
    );
  });

  const logins: readonly [string, number, readonly (readonly ['>' | '<', Part])[]][] = [
    [
      'POP3 USER',
      110,
      [
        ['<', '+OK\r\n'],
        ['>', 'CAPA\r\n'],
        ['<', '+OK\r\nUSER\r\n.\r\n'],
        ['>', 'USER x\r\n'],
      ],
    ],
    [
      'POP3 AUTH PLAIN',
      110,
      [
        ['<', '+OK ready\r\n'],
        ['>', 'AUTH PLAIN\r\n'],
      ],
    ],
    [
      'IMAP LOGIN',
      143,
      [
        ['<', '* OK ready\r\n'],
        ['>', '. CAPABILITY\r\n'],
        ['>', '. LOGIN x y\r\n'],
      ],
    ],
    [
      'IMAP LOGIN with a literal',
      143,
      [
        ['<', '* OK ready\r\n'],
        ['>', 'a1 LOGIN {4}\r\n'],
      ],
    ],
    [
      'IMAP AUTHENTICATE PLAIN',
      143,
      [
        ['<', '* OK ready\r\n'],
        ['>', 'a1 AUTHENTICATE PLAIN\r\n'],
      ],
    ],
    [
      'SMTP AUTH LOGIN',
      25,
      [
        ['<', '220 x ESMTP\r\n'],
        ['>', 'EHLO x\r\n'],
        ['<', '250 AUTH\r\n'],
        ['>', 'AUTH LOGIN\r\n'],
      ],
    ],
    [
      'SMTP AUTH PLAIN, only the client captured',
      587,
      [
        ['>', 'EHLO x\r\n'],
        ['>', 'AUTH PLAIN AGEAYg==\r\n'],
      ],
    ],
    ['LDAP simple bind', 389, [['>', hex('30 12 02 01 01 60 0d 02 01 03 04 02 63 6e 80 04 70 61 73 73')]]],
    [
      'NNTP AUTHINFO USER',
      119,
      [
        ['<', '200 news NNTP\r\n'],
        ['>', 'AUTHINFO USER x\r\n'],
      ],
    ],
    [
      'after a STARTTLS that was refused',
      25,
      [
        ['<', '220 x ESMTP\r\n'],
        ['>', 'EHLO x\r\n'],
        ['>', 'STARTTLS\r\n'],
        ['<', '454 no\r\n'],
        ['>', 'AUTH LOGIN\r\n'],
      ],
    ],
  ];
  for (const [name, port, said] of logins) {
    test(name, () => {
      assert.equal(sentCleartextLogin(stateOf(said, port)), true);
    });
  }

  const others: typeof logins = [
    [
      'a mail of which a line begins with AUTH LOGIN',
      25,
      [
        ['<', '220 x ESMTP\r\n'],
        ['>', 'EHLO x\r\n'],
        ['>', 'MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n'],
        ['>', 'AUTH LOGIN\r\nAUTH PLAIN AGEAYg==\r\n.\r\n'],
      ],
    ],
    [
      'SMTP AUTH NTLM',
      25,
      [
        ['<', '220 x ESMTP\r\n'],
        ['>', 'EHLO x\r\n'],
        ['>', 'AUTH NTLM\r\n'],
      ],
    ],
    [
      'SMTP AUTH GSSAPI',
      25,
      [
        ['<', '220 x ESMTP\r\n'],
        ['>', 'EHLO x\r\n'],
        ['>', 'AUTH GSSAPI\r\n'],
      ],
    ],
    [
      'a server that offers AUTH LOGIN',
      25,
      [
        ['<', '220 x ESMTP\r\n'],
        ['>', 'EHLO x\r\n'],
        ['<', '250-AUTH LOGIN PLAIN\r\n'],
      ],
    ],
    [
      'IMAP AUTHENTICATE CRAM-MD5',
      143,
      [
        ['<', '* OK ready\r\n'],
        ['>', 'a1 AUTHENTICATE CRAM-MD5\r\n'],
      ],
    ],
    ['an anonymous LDAP bind', 389, [['>', hex('30 0c 02 01 01 60 07 02 01 03 04 00 80 00')]]],
    [
      'an LDAP bind with a name and no password',
      389,
      [['>', hex('30 0e 02 01 01 60 09 02 01 03 04 02 63 6e 80 00')]],
    ],
    ['LDAP SASL', 389, [['>', hex('30 15 02 01 01 60 10 02 01 03 04 00 a3 09 04 07 47 53 53 2d 41 50 49')]]],
    [
      'a mail that talks about AUTH LOGIN',
      25,
      [
        ['<', '220 x ESMTP\r\n'],
        ['>', 'EHLO x\r\n'],
        ['>', 'Please AUTH LOGIN\r\n'],
      ],
    ],
  ];
  for (const [name, port, said] of others) {
    test(`and not in ${name}`, () => {
      assert.equal(sentCleartextLogin(stateOf(said, port)), false);
    });
  }
});

describe('a flow', () => {
  test('that goes over to TLS keeps its protocol and shows the versions', () => {
    const state = stateOf(
      [
        ['<', '220 x ESMTP\r\n'],
        ['>', 'EHLO x\r\n'],
        ['<', '250 STARTTLS\r\n'],
        ['>', 'STARTTLS\r\n'],
        ['<', '220 go ahead\r\n'],
        ['>', hello(1, 0x0303, [])],
        ['<', hello(2, 0x0301, [])],
      ],
      25,
    );
    assert.equal(protocolName(flowProtocol(state)), 'smtp');
    assert.equal(askedForTls(state), true);
    assert.equal(TLS_VERSIONS[tlsChosen(state)], 'TLS 1.0');
    assert.equal(isObsoleteTls(state), true);
    assert.deepEqual([wantsLook(state, 0), wantsLook(state, 1)], [false, false]);
  });

  test('over LDAP goes over to TLS by an extended request', () => {
    const startTls = bytes(hex('30 1d 02 01 01 77 18 80 16'), '1.3.6.1.4.1.1466.20037');
    assert.equal(seen(startTls) & (STARTTLS | CLEARTEXT_LOGIN), STARTTLS);
    const state = stateOf(
      [
        ['>', startTls],
        ['<', hex('30 0c 02 01 01 78 07 0a 01 00 04 00 04 00')],
        ['>', hello(1, 0x0303, [])],
        ['<', hello(2, 0x0303, [])],
      ],
      389,
    );
    assert.equal(protocolName(flowProtocol(state)), 'ldap');
    assert.equal(TLS_VERSIONS[tlsChosen(state)], 'TLS 1.2');
  });

  test('is what its responder says, whatever the initiator tried', () => {
    const state = stateOf(
      [
        ['>', 'GET / HTTP/1.1\r\n\r\n'],
        ['<', 'SSH-2.0-OpenSSH\r\n'],
      ],
      80,
    );
    assert.equal(protocolName(flowProtocol(state)), 'ssh');
  });

  test('of Kerberos or DNS may send its length in a segment of its own', () => {
    const kerberos = hex('6b 10 30 0e a0 03 02 01 05 a1 03 02 01 0b a2 02 30 00');
    const split = stateOf(
      [
        ['<', u32(kerberos.length)],
        ['<', kerberos],
      ],
      88,
    );
    assert.equal(protocolName(flowProtocol(split)), 'kerberos');
    const dns = bytes(u16(7), u16(0x0100), u16(1), u16(0), u32(0), 3, 'org', 0, u16(6), u16(1));
    assert.equal(
      protocolName(
        flowProtocol(
          stateOf(
            [
              ['>', u16(dns.length)],
              ['>', dns],
            ],
            53,
          ),
        ),
      ),
      'dns',
    );
  });

  test('whose initiator greets like a server has its direction in doubt', () => {
    assert.equal(speaksReversed(stateOf([['>', '220 x ESMTP\r\n']], 25)), true);
    assert.equal(speaksReversed(stateOf([['<', '220 x ESMTP\r\n']], 25)), false);
  });

  test('over ISO transport is told apart by the packet after the connection', () => {
    const connect = hex('03 00 00 16 11 e0 00 00 00 01 00 c0 01 0a c1 02 01 00 c2 02 01 02');
    const confirm = hex('03 00 00 16 11 d0 00 01 00 02 00 c0 01 0a c1 02 01 00 c2 02 01 02');
    const s7 = bytes(3, 0, u16(25), 2, 0xf0, 0x80, 0x32, 1, new Uint8Array(16));
    const opened = stateOf(
      [
        ['>', connect],
        ['<', confirm],
      ],
      102,
    );
    assert.equal(protocolName(flowProtocol(opened)), 'tpkt');
    assert.equal(
      protocolName(
        flowProtocol(
          stateOf(
            [
              ['>', connect],
              ['<', confirm],
              ['>', s7],
              ['<', s7],
            ],
            102,
          ),
        ),
      ),
      's7',
    );
  });

  test('is looked at a bounded number of times', () => {
    const data = bytes('NOOP\r\n');
    let state = stateOf(
      [
        ['<', '220 x ESMTP\r\n'],
        ['>', 'EHLO x\r\n'],
      ],
      25,
    );
    let looks = 0;
    while (wantsLook(state, 0)) {
      state = advance(state, 0, viewOf(data), 0, data.length, data.length, true, 40000, 25);
      assert.ok(++looks < 20);
    }
    const silent = stateOf(
      [
        ['>', new Uint8Array(100).fill(0xee)],
        ['<', new Uint8Array(100).fill(0xee)],
      ],
      4711,
    );
    assert.deepEqual([wantsLook(silent, 0), wantsLook(silent, 1), flowProtocol(silent)], [false, false, 0]);
  });
});

/** A view that counts how often it is read. */
class CountingView extends DataView<ArrayBuffer> {
  reads = 0;
  override getUint8(at: number): number {
    this.reads++;
    return super.getUint8(at);
  }
  override getUint16(at: number, little?: boolean): number {
    this.reads++;
    return super.getUint16(at, little);
  }
  override getUint32(at: number, little?: boolean): number {
    this.reads++;
    return super.getUint32(at, little);
  }
}

describe('any bytes at all', () => {
  const openings = [
    ...['220 ', '* OK ', '+OK ', 'GET /', 'a1 LOGIN ', 'SIP/2.0 ', 'SSH-2.0-', 'HTTP/1.1 '].map((text) =>
      bytes(text),
    ),
    hello(1, 0x0303, [serverName('x'), ext(43, [2, 3, 4])]),
    bind([{ id: 0, interfaceUuid: NSPI, syntaxes: [NDR] }], true),
    hex('30 0c 02 01 01 60 07 02 01 03 04 00 80 00'),
    hex('03 00 00 16 11 e0 00 00 00 01 00 c0 01 0a c1 02 01 00 c2 02 01 02'),
    hex('12 34 01 00 00 01 00 00 00 00 00 00 03 77 77 77 00 00 01 00 01'),
  ];
  const payloads = fc
    .tuple(fc.constantFrom(bytes(), ...openings), fc.uint8Array({ maxLength: 700 }), fc.nat(60), fc.nat(255))
    .map(([opening, tail, at, value]) => {
      const data = bytes(opening, tail);
      if (data.length > 0) data[at % data.length] = value;
      return data;
    });
  const ports = fc.constantFrom(25, 53, 80, 88, 102, 110, 135, 139, 389, 443, 500, 4500, 5060, 5353, 40000);

  test('never make it throw, and reading stops at their end', () => {
    fc.assert(
      fc.property(payloads, ports, ports, fc.boolean(), fc.integer(), (data, src, dst, tcp, state) => {
        const view = viewOf(data);
        const one = look(view, 0, data.length, data.length, tcp, src, dst);
        nameIn(view, 0, data.length, one);
        advance(state, 0, view, 0, data.length, data.length, tcp, src, dst);
        advance(state, 1, view, 0, data.length, data.length + 9, tcp, src, dst);
      }),
      { numRuns: 3000 },
    );
  });

  test('cost no more when they are more', () => {
    const LIMIT = LOOK_BYTES * 40;
    const fill = (code: number) => new Uint8Array(60_000).fill(code);
    for (const opening of openings) {
      for (const code of [0, 0x20, 0x41, 0x80, 0xff]) {
        for (const tcp of [true, false]) {
          const view = new CountingView(bytes(opening, fill(code)).buffer);
          look(view, 0, view.byteLength, view.byteLength, tcp, 25, 119);
          assert.ok(view.reads < LIMIT, `${view.reads} reads`);
        }
      }
    }
  });

  test('that are random are not taken for a protocol', () => {
    let word = 12345;
    const random = () => {
      word = (Math.imul(word, 1664525) + 1013904223) | 0;
      return word >>> 24;
    };
    const taken: string[] = [];
    for (let run = 0; run < 20_000; run++) {
      const data = Uint8Array.from({ length: 20 + (run % 200) }, random);
      const name = nameOf(data, { tcp: run % 2 === 0 });
      if (name !== null) taken.push(name);
    }
    assert.deepEqual(taken, []);
  });
});
