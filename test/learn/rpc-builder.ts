// Writes DCE/RPC packets and endpoint mapper replies as C706 and MS-RPCE lay them out.
import { bytes, hex, type Part, u16, u32 } from './bytes.ts';

export interface Order {
  readonly little: boolean;
  readonly wide: boolean;
}

export const EPM = 'e1af8308-5d1f-11c9-91a4-08002b14a0fa';
export const NDR = '8a885d04-1ceb-11c9-9fe8-08002b104860';
export const NDR64 = '71710533-beba-4937-8319-b5dbef9ccc36';
export const EMSMDB = 'a4f1db00-ca47-1067-b31f-00dd010662da';
export const NSPI = 'f5cc5a18-4264-101a-8c59-08002b2f8426';

export function uuid(text: string, little: boolean): Part {
  const [low, mid, high, ...rest] = text.split('-');
  const number = (digits: string) => Number.parseInt(digits, 16);
  return [u32(number(low), little), u16(number(mid), little), u16(number(high), little), hex(rest.join(''))];
}

const syntax = (text: string, version: number, little: boolean): Part => [
  uuid(text, little),
  u32(version, little),
];

export interface PduOptions {
  readonly flags?: number;
  readonly callId?: number;
  /** A verifier of that level, with padding before it. */
  readonly auth?: { readonly level: number; readonly pad: number; readonly value: number };
  readonly fragLength?: number;
  readonly authLength?: number;
}

export function pdu(
  type: number,
  body: Part,
  little: boolean,
  options: PduOptions = {},
): Uint8Array<ArrayBuffer> {
  const { flags = 3, callId = 1, auth } = options;
  const trailer = auth
    ? bytes(new Uint8Array(auth.pad), 10, auth.level, auth.pad, 0, u32(0), new Uint8Array(auth.value))
    : bytes();
  const content = bytes(body, trailer);
  return bytes(
    5,
    0,
    type,
    flags,
    little ? 0x10 : 0,
    0,
    0,
    0,
    u16(options.fragLength ?? 16 + content.length, little),
    u16(options.authLength ?? auth?.value ?? 0, little),
    u32(callId, little),
    content,
  );
}

export interface ContextOffer {
  readonly id: number;
  readonly interfaceUuid: string;
  readonly syntaxes: readonly string[];
}

/** A bind (11) or an alter_context (14). */
export function bind(offers: readonly ContextOffer[], little: boolean, type = 11, options: PduOptions = {}) {
  const body = [
    u16(5840, little),
    u16(5840, little),
    u32(0, little),
    offers.length,
    0,
    0,
    0,
    offers.map(({ id, interfaceUuid, syntaxes }) => [
      u16(id, little),
      syntaxes.length,
      0,
      syntax(interfaceUuid, 3, little),
      syntaxes.map((one) => syntax(one, one === NDR ? 2 : 1, little)),
    ]),
  ];
  return pdu(type, body, little, options);
}

/** A bind_ack (12) or an alter_context_resp (15); a result is the syntax accepted, or null for a refusal. */
export function bindAck(
  results: readonly (string | null)[],
  little: boolean,
  type = 12,
  options: PduOptions = {},
  address = '135\0',
) {
  const start = 16 + 8 + 2 + address.length;
  const body = [
    u16(5840, little),
    u16(5840, little),
    u32(7, little),
    u16(address.length, little),
    address,
    new Uint8Array((4 - (start & 3)) & 3),
    results.length,
    0,
    0,
    0,
    results.map((one) => [
      u16(one === null ? 2 : 0, little),
      u16(one === null ? 1 : 0, little),
      one === null ? new Uint8Array(20) : syntax(one, 2, little),
    ]),
  ];
  return pdu(type, body, little, options);
}

export function request(opnum: number, little: boolean, options: PduOptions & { contextId?: number } = {}) {
  const body = [u32(64, little), u16(options.contextId ?? 0, little), u16(opnum, little), new Uint8Array(64)];
  return pdu(0, body, little, options);
}

export function response(stub: Part, little: boolean, options: PduOptions & { contextId?: number } = {}) {
  const body = [u32(bytes(stub).length, little), u16(options.contextId ?? 0, little), 0, 0, stub];
  return pdu(2, body, little, options);
}

/** The stub in fragments of at most `size` bytes. */
export function responseFragments(stub: Uint8Array, size: number, little: boolean, options: PduOptions = {}) {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at === 0 || at < stub.length; at += size) {
    const flags = (at === 0 ? 1 : 0) | (at + size >= stub.length ? 2 : 0);
    pieces.push(response(stub.slice(at, at + size), little, { ...options, flags }));
  }
  return pieces;
}

export interface TowerSpec {
  readonly interfaceUuid: string;
  readonly port: number;
  /** The protocol identifier of the floor that has the port: 7 TCP, 8 UDP, 31 HTTP. */
  readonly floor?: number;
  readonly address?: readonly [number, number, number, number];
}

export function tower({
  interfaceUuid,
  port,
  floor = 7,
  address = [10, 0, 0, 5],
}: TowerSpec): Uint8Array<ArrayBuffer> {
  const side = (part: Part): Part => [u16(bytes(part).length, true), part];
  return bytes(
    u16(5, true),
    side([0x0d, uuid(interfaceUuid, true), u16(4, true)]),
    side(u16(0, true)),
    side([0x0d, uuid(NDR, true), u16(2, true)]),
    side(u16(0, true)),
    side(0x0b),
    side(u16(0, true)),
    side(floor),
    side(u16(port)),
    side(9),
    side([...address]),
  );
}

/** Collects parts with the alignment of NDR. */
class Stub {
  private readonly data: number[] = [];
  private readonly order: Order;

  constructor(order: Order) {
    this.order = order;
  }

  add(part: Part): this {
    this.data.push(...bytes(part));
    return this;
  }

  align(to: number): this {
    while (this.data.length % to !== 0) this.data.push(0xaa);
    return this;
  }

  u32(value: number): this {
    return this.align(4).add(u32(value, this.order.little));
  }

  /** A count or a pointer. */
  size(value: number): this {
    const { little, wide } = this.order;
    if (!wide) return this.u32(value);
    this.align(8);
    return little ? this.add([u32(value, true), u32(0)]) : this.add([u32(0), u32(value)]);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.data);
  }
}

function addTowers(stub: Stub, towers: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  for (const one of towers) stub.size(one.length).u32(one.length).add(one);
  return stub.u32(0).bytes;
}

const head = (order: Order, count: number) =>
  new Stub(order).add(new Uint8Array(20)).u32(count).size(500).size(0).size(count);

/** The stub of an ept_map reply. */
export function mapStub(towers: readonly Uint8Array[], order: Order): Uint8Array<ArrayBuffer> {
  const stub = head(order, towers.length);
  towers.forEach((_, i) => {
    stub.size(i + 3);
  });
  return addTowers(stub, towers);
}

/** The stub of an ept_lookup reply; every entry has an annotation. */
export function lookupStub(towers: readonly Uint8Array[], order: Order): Uint8Array<ArrayBuffer> {
  const stub = head(order, towers.length);
  towers.forEach((_, i) => {
    const annotation = `service ${'x'.repeat(i % 5)}\0`;
    stub
      .align(order.wide ? 8 : 4)
      .add(new Uint8Array(16))
      .size(i + 3);
    stub.size(0).size(annotation.length).add(annotation);
  });
  return addTowers(stub, towers);
}
