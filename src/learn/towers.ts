// What an endpoint mapper's replies say: protocol towers, each an interface and where it listens.
// C706, appendix L (towers), appendix I (protocol identifiers) and appendix O (ept_map, ept_lookup); MS-RPCE,
// sections 2.2.1.2.4 and 2.2.1.2.5.

import { NdrReader } from './ndr.ts';
import { UUID_BYTES, uuidText } from './uuid.ts';

export const BASIS = { map: 1, lookup: 2 } as const;
export type Basis = (typeof BASIS)[keyof typeof BASIS];
/** The protocol sequences that have a port. */
export const SEQUENCE = { tcp: 1, udp: 2, http: 3 } as const;
export type Sequence = (typeof SEQUENCE)[keyof typeof SEQUENCE];

/** What one tower names. */
export interface MappedEndpoint {
  readonly interfaceUuid: string;
  readonly sequence: Sequence;
  readonly port: number;
  /** The IPv4 address as a signed 32-bit word in network order; 0 where the tower names none. */
  readonly address: number;
  readonly basis: Basis;
}

const FLOOR = { udp: 0x08, ip: 0x09, tcp: 0x07, http: 0x1f, uuid: 0x0d } as const;
const UUID_FLOOR_BYTES = 1 + UUID_BYTES + 2;
/** A tower of the mapper has five or six floors; a few more do no harm. */
const MAX_FLOORS = 16;
/** What one reply may name: above any that was seen, and far below what its counts can claim. */
const MAX_ENTRIES = 4096;
const HANDLE_BYTES = 20;
const LOOKUP_OBJECT_BYTES = UUID_BYTES;

/** Reads one tower, which is little-endian whatever the sender is; null where it names no port or makes no sense. */
export function readTower(view: DataView, start: number, end: number, basis: Basis): MappedEndpoint | null {
  if (end - start < 2) return null;
  const floors = view.getUint16(start, true);
  let at = start + 2;
  if (floors < 3 || floors > MAX_FLOORS) return null;
  let interfaceUuid = '';
  let sequence = 0;
  let port = 0;
  let address = 0;
  for (let floor = 0; floor < floors; floor++) {
    if (end - at < 2) return null;
    const left = at + 2;
    const leftBytes = view.getUint16(at, true);
    at = left + leftBytes;
    if (leftBytes === 0 || end - at < 2) return null;
    const right = at + 2;
    const rightBytes = view.getUint16(at, true);
    at = right + rightBytes;
    if (at > end) return null;
    const identifier = view.getUint8(left);
    if (floor === 0) {
      if (identifier !== FLOOR.uuid || leftBytes < UUID_FLOOR_BYTES) return null;
      interfaceUuid = uuidText(view, left + 1, true);
    } else if (identifier === FLOOR.ip && rightBytes === 4) {
      address = view.getInt32(right);
    } else if (rightBytes === 2 && sequenceOf(identifier) !== 0) {
      sequence = sequenceOf(identifier);
      port = view.getUint16(right);
    }
  }
  if (sequence === 0 || port === 0) return null;
  return { interfaceUuid, sequence: sequence as Sequence, port, address, basis };
}

function sequenceOf(identifier: number): Sequence | 0 {
  if (identifier === FLOOR.tcp) return SEQUENCE.tcp;
  if (identifier === FLOOR.udp) return SEQUENCE.udp;
  if (identifier === FLOOR.http) return SEQUENCE.http;
  return 0;
}

/**
 * The endpoints in the stub of an ept_map reply, as far as its bytes go. `wide` for NDR64, `little` for the sender's
 * byte order. Never throws; what is cut or false ends the list.
 */
export function readMapReply(
  view: DataView,
  start: number,
  end: number,
  little: boolean,
  wide: boolean,
): MappedEndpoint[] {
  const reader = new NdrReader(view, start, end, little, wide);
  const count = readArrayHead(reader);
  let towers = 0;
  for (let i = 0; i < count && !reader.short; i++) if (reader.size() !== 0) towers++;
  return readTowers(reader, towers, BASIS.map);
}

/** The same for an ept_lookup reply. */
export function readLookupReply(
  view: DataView,
  start: number,
  end: number,
  little: boolean,
  wide: boolean,
): MappedEndpoint[] {
  const reader = new NdrReader(view, start, end, little, wide);
  const count = readArrayHead(reader);
  let towers = 0;
  for (let i = 0; i < count && !reader.short; i++) {
    reader.alignSize();
    reader.take(LOOKUP_OBJECT_BYTES);
    if (reader.size() !== 0) towers++;
    reader.size();
    reader.take(reader.size());
  }
  return readTowers(reader, towers, BASIS.lookup);
}

/** The entry handle, the number of entries, and the head of a conformant varying array: how many are there. */
function readArrayHead(reader: NdrReader): number {
  reader.take(HANDLE_BYTES);
  const entries = reader.u32();
  reader.size();
  const offset = reader.size();
  const count = reader.size();
  return offset === 0 && count === entries && count <= MAX_ENTRIES ? count : 0;
}

function readTowers(reader: NdrReader, count: number, basis: Basis): MappedEndpoint[] {
  const found: MappedEndpoint[] = [];
  for (let i = 0; i < count; i++) {
    const allotted = reader.size();
    const bytes = reader.u32();
    if (reader.short || bytes !== allotted) break;
    const at = reader.take(bytes);
    if (at < 0) break;
    const endpoint = readTower(reader.view, at, at + bytes, basis);
    if (endpoint !== null) found.push(endpoint);
  }
  return found;
}

/**
 * True where the tower's address is the server's or none at all: a reply may open ports of the host that sent it and of
 * no other. An IPv6 server cannot be compared with a tower, whose addresses are IPv4, and its tower counts as its own.
 */
export function namesItsServer(endpoint: MappedEndpoint, ipVersion: number, serverWord: number): boolean {
  return ipVersion !== 4 || endpoint.address === 0 || endpoint.address === serverWord;
}
