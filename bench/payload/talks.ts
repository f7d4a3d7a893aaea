// Who talks with whom at an Exchange site, about what, and how often: the conversations that the payload bench plays.
import {
  bind,
  bindAck,
  EMSMDB,
  EPM,
  mapStub,
  NDR,
  NSPI,
  request,
  response,
  tower,
} from '../../test/learn/rpc-builder.ts';
import {
  clientFinish,
  clientHello,
  dns,
  kerberos,
  ldap,
  noise,
  type Random,
  sealed,
  serverFinish,
  serverHello,
} from './messages.ts';

/** What one side sends at once; side 0 is the client. */
export interface Message {
  readonly side: 0 | 1;
  readonly data: Uint8Array;
}

export type Host = 'client' | 'exchange' | 'controller' | 'outside';

export interface Talk {
  readonly name: string;
  /** Of all flows, in percent. */
  readonly share: number;
  readonly udp?: boolean;
  readonly port: number;
  readonly from: Host;
  readonly to: Host;
  readonly messages: (random: Random, server: Address) => Message[];
}

export type Address = readonly [number, number, number, number];

/** RPC's dynamic ports, as every server here has them. */
const STORE_PORT = 59_531;
const BOOK_PORT = 59_532;
const REPLICATION_PORT = 49_670;
const DRSUAPI = 'e3514235-4b06-11d1-ab04-00c04fc2dcd2';
const ORDER = { little: true, wide: false };

const text = (side: 0 | 1, line: string): Message => ({
  side,
  data: new TextEncoder().encode(`${line}\r\n`),
});
const said = (side: 0 | 1, data: Uint8Array): Message => ({ side, data });

/** A TLS session of so many exchanges of application data. */
function tls(random: Random, name: string, exchanges: number): Message[] {
  const data = Array.from({ length: exchanges }, () => [
    said(0, sealed(random, 200 + random() * 900)),
    said(1, sealed(random, 300 + random() ** 3 * 9_000)),
  ]);
  return [
    said(0, clientHello(random, name)),
    said(1, serverHello(random)),
    said(0, clientFinish(random)),
    said(1, serverFinish(random)),
    ...data.flat(),
  ];
}

function mail(random: Random): Message[] {
  return [
    text(1, '220 mail.example.com Microsoft ESMTP MAIL Service ready'),
    text(0, 'EHLO mx.example.net'),
    text(
      1,
      '250-mail.example.com Hello\r\n250-SIZE 37748736\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 CHUNKING',
    ),
    text(0, 'STARTTLS'),
    text(1, '220 2.0.0 SMTP server ready'),
    ...tls(random, 'mail.example.com', 1),
  ];
}

function mapper(server: Address, interfaceUuid: string, port: number): Message[] {
  const towers = [tower({ interfaceUuid, port, address: server })];
  return [
    said(0, bind([{ id: 0, interfaceUuid: EPM, syntaxes: [NDR] }], true)),
    said(1, bindAck([NDR], true)),
    said(0, request(3, true)),
    said(1, response(mapStub(towers, ORDER), true)),
  ];
}

function rpc(random: Random, interfaceUuid: string, calls: number): Message[] {
  const pair = () => [
    said(0, request(11, true)),
    said(1, response(noise(random, 200 + random() * 2_500), true)),
  ];
  return [
    said(0, bind([{ id: 0, interfaceUuid, syntaxes: [NDR] }], true)),
    said(1, bindAck([NDR], true, 12, {}, '59531\0')),
    ...Array.from({ length: calls }, pair).flat(),
  ];
}

function directory(random: Random): Message[] {
  return [
    said(0, ldap.bind(1, noise(random, 1_200))),
    said(1, ldap.bound(1)),
    ...[2, 3].flatMap((id) => [said(0, ldap.search(id)), said(1, ldap.entry(id, random))]),
  ];
}

const HTTP =
  'HTTP/1.1 302 Found\r\nLocation: https://mail.example.com/owa\r\nServer: Microsoft-IIS/10.0\r\nContent-Length: 0\r\n';

export const TALKS: readonly Talk[] = [
  {
    name: 'MAPI over HTTPS, OWA, ActiveSync',
    share: 26,
    port: 443,
    from: 'client',
    to: 'exchange',
    messages: (random) => tls(random, 'mail.example.com', 1 + random() * 2),
  },
  {
    name: 'DNS',
    share: 24,
    udp: true,
    port: 53,
    from: 'exchange',
    to: 'controller',
    messages: (random) => {
      const id = random() * 65_536;
      return [said(0, dns(false, id, 'dc01.example.com')), said(1, dns(true, id, 'dc01.example.com'))];
    },
  },
  { name: 'LDAP', share: 8, port: 389, from: 'exchange', to: 'controller', messages: directory },
  { name: 'global catalog', share: 6, port: 3268, from: 'exchange', to: 'controller', messages: directory },
  {
    name: 'Kerberos',
    share: 10,
    port: 88,
    from: 'client',
    to: 'controller',
    messages: (random) => [said(0, kerberos(12, random)), said(1, kerberos(13, random))],
  },
  { name: 'SMTP with STARTTLS', share: 9, port: 25, from: 'outside', to: 'exchange', messages: mail },
  {
    name: 'RPC mapper of the store',
    share: 4,
    port: 135,
    from: 'client',
    to: 'exchange',
    messages: (_random, server) => mapper(server, EMSMDB, STORE_PORT),
  },
  {
    name: 'RPC mapper of a controller',
    share: 1,
    port: 135,
    from: 'exchange',
    to: 'controller',
    messages: (_random, server) => mapper(server, DRSUAPI, REPLICATION_PORT),
  },
  {
    name: 'RPC to the store',
    share: 5,
    port: STORE_PORT,
    from: 'client',
    to: 'exchange',
    messages: (random) => rpc(random, EMSMDB, 2 + random() * 4),
  },
  {
    name: 'RPC to the address book',
    share: 2,
    port: BOOK_PORT,
    from: 'client',
    to: 'exchange',
    messages: (random) => rpc(random, NSPI, 2),
  },
  {
    name: 'HTTP redirect',
    share: 3,
    port: 80,
    from: 'client',
    to: 'exchange',
    messages: () => [
      text(0, 'GET / HTTP/1.1\r\nHost: mail.example.com\r\nUser-Agent: Mozilla/5.0\r\n'),
      text(1, HTTP),
    ],
  },
  {
    name: 'IMAP over TLS',
    share: 2,
    port: 993,
    from: 'client',
    to: 'exchange',
    messages: (random) => tls(random, 'imap.example.com', 2),
  },
];
