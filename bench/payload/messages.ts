// First payloads as clients and servers of an Exchange site send them, by the documents that define them.
import { bytes, type Part, u16 } from '../../test/learn/bytes.ts';

export type Random = () => number;

/** Bytes that look encrypted. */
export function noise(random: Random, length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, () => random() * 256);
}

const counted16 = (part: Part): Part => [u16(bytes(part).length), part];
const u24 = (value: number): Part => [(value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const counted24 = (part: Part): Part => [u24(bytes(part).length), part];
const extension = (type: number, body: Part): Part => [u16(type), counted16(body)];

/** A TLS record (RFC 8446, section 5.1). */
function record(type: number, body: Part): Uint8Array<ArrayBuffer> {
  return bytes(type, 3, type === 22 ? 1 : 3, counted16(body));
}

/** A ClientHello (RFC 8446, section 4.1.2) of 517 bytes, as Windows and browsers pad theirs. */
export function clientHello(random: Random, name: string): Uint8Array<ArrayBuffer> {
  const extensions = (padding: number): Part => [
    extension(0, counted16([0, counted16(name)])),
    extension(10, counted16([u16(29), u16(23), u16(24)])),
    extension(13, counted16([0x04, 0x03, 0x08, 0x04, 0x04, 0x01, 0x05, 0x03])),
    extension(43, [4, 3, 4, 3, 3]),
    extension(51, counted16([u16(29), counted16(noise(random, 32))])),
    extension(21, new Uint8Array(padding)),
  ];
  const suites = [0x1301, 0x1302, 0xc02c, 0xc02b, 0xc030, 0xc02f, 0xc024, 0xc023, 0x009d, 0x009c].map((n) =>
    u16(n),
  );
  const hello = (padding: number): Part => [
    [3, 3, noise(random, 32), 32, noise(random, 32)],
    counted16(suites),
    [1, 0],
    counted16(extensions(padding)),
  ];
  const bare = record(22, [1, counted24(hello(0))]).length;
  return record(22, [1, counted24(hello(Math.max(517 - bare, 0)))]);
}

/** ServerHello, a chain of certificates of a usual size, and the rest of TLS 1.2's first flight (RFC 5246). */
export function serverHello(random: Random): Uint8Array<ArrayBuffer> {
  const hello: Part = [
    3,
    3,
    noise(random, 32),
    32,
    noise(random, 32),
    u16(0xc030),
    0,
    counted16(extension(0xff01, 0)),
  ];
  const chain = counted24([counted24(noise(random, 1_450)), counted24(noise(random, 1_150))]);
  return record(22, [
    2,
    counted24(hello),
    11,
    counted24(chain),
    12,
    counted24(noise(random, 300)),
    14,
    u24(0),
  ]);
}

/** The client's key, its change of cipher, and its Finished. */
export function clientFinish(random: Random): Uint8Array<ArrayBuffer> {
  return bytes(record(22, [16, counted24(noise(random, 66))]), record(20, 1), record(22, noise(random, 40)));
}

export function serverFinish(random: Random): Uint8Array<ArrayBuffer> {
  return bytes(record(20, 1), record(22, noise(random, 40)));
}

/** Application data. */
export function sealed(random: Random, length: number): Uint8Array<ArrayBuffer> {
  return record(23, noise(random, length));
}

/** A BER element (X.690), of at most 65,535 bytes. */
function ber(tag: number, body: Part): Part {
  const { length } = bytes(body);
  const size: Part = length < 128 ? length : length < 256 ? [0x81, length] : [0x82, u16(length)];
  return [tag, size, body];
}

/** LDAP (RFC 4511): a SASL bind as Windows sends it, its answer, a search and what it finds. */
export const ldap = {
  bind: (id: number, token: Uint8Array): Uint8Array<ArrayBuffer> =>
    message(id, ber(0x60, [ber(2, 3), ber(4, ''), ber(0xa3, [ber(4, 'GSS-SPNEGO'), ber(4, token)])])),
  bound: (id: number): Uint8Array<ArrayBuffer> =>
    message(id, ber(0x61, [ber(10, 0), ber(4, ''), ber(4, '')])),
  search: (id: number): Uint8Array<ArrayBuffer> =>
    message(
      id,
      ber(0x63, [
        ber(4, 'CN=Configuration,DC=example,DC=com'),
        ber(10, 2),
        ber(10, 0),
        ber(2, 1000),
        ber(2, 120),
        ber(1, 0),
        ber(0x87, 'objectClass'),
        ber(0x30, [ber(4, 'legacyExchangeDN'), ber(4, 'homeMDB'), ber(4, 'proxyAddresses')]),
      ]),
    ),
  entry: (id: number, random: Random): Uint8Array<ArrayBuffer> =>
    message(
      id,
      ber(0x64, [
        ber(4, 'CN=Someone,DC=example,DC=com'),
        ber(0x30, ber(0x30, [ber(4, 'homeMDB'), ber(0x31, ber(4, noise(random, 700)))])),
      ]),
    ),
};

function message(id: number, operation: Part): Uint8Array<ArrayBuffer> {
  return bytes(ber(0x30, [ber(2, id & 127), operation]));
}

/** Kerberos over TCP (RFC 4120, sections 5.4 and 7.2.2): a request for a ticket (12) and the reply (13). */
export function kerberos(type: 12 | 13, random: Random): Uint8Array<ArrayBuffer> {
  const isRequest = type === 12;
  const field = (n: number, body: Part) => ber(0xa0 + n, body);
  const body = ber(0x60 + type, [
    ber(0x30, [
      field(isRequest ? 1 : 0, ber(2, 5)),
      field(isRequest ? 2 : 1, ber(2, type)),
      field(isRequest ? 4 : 3, ber(4, noise(random, 1_100))),
    ]),
  ]);
  const { length } = bytes(body);
  return bytes(0, 0, u16(length), body);
}

/** DNS (RFC 1035, section 4.1): a query for an address, and the answer. */
export function dns(isAnswer: boolean, id: number, name: string): Uint8Array<ArrayBuffer> {
  const labels: Part = [...name.split('.').map((label): Part => [label.length, label]), 0];
  const head = [u16(id), u16(isAnswer ? 0x8580 : 0x0100), u16(1), u16(isAnswer ? 1 : 0), u16(0), u16(0)];
  const question: Part = [labels, u16(1), u16(1)];
  const answer: Part = [u16(0xc00c), u16(1), u16(1), u16(0), u16(3600), u16(4), 10, 0, 0, 5];
  return bytes(head, question, isAnswer ? answer : '');
}
