// One packet as xports decodes it against the same frame as tshark dissects it: each kind of disagreement by itself.

import { FRAGMENT } from '../../src/decode/packet.ts';
import type { Row } from '../corpus/corpus.ts';
import { floorMicroseconds, type Place, placeOf, plainAddress } from '../corpus/oracle.ts';
import type { Decoded } from '../decode/support.ts';

export const KINDS = [
  'records',
  'time',
  'length',
  'skipped',
  'addresses',
  'protocol',
  'ports',
  'fragment',
  'vlan',
  'tunnel',
] as const;
export type Kind = (typeof KINDS)[number];

/** A record as it was read, and what it decodes to. */
export interface Packet {
  readonly decoded: Decoded;
  readonly timeUs: number;
  readonly capturedBytes: number;
}

export interface Disagreement {
  readonly frame: number;
  readonly kind: Kind;
  readonly ours: string;
  readonly theirs: string;
}

/** What a packet and a frame do not agree in; at most one of each kind. */
export function disagreements({ decoded, timeUs, capturedBytes }: Packet, row: Row): Disagreement[] {
  const found: Disagreement[] = [];
  const compare = (kind: Kind, ours: unknown, theirs: unknown) => {
    if (String(ours) === String(theirs)) return;
    found.push({ frame: Number(row['frame.number']), kind, ours: String(ours), theirs: String(theirs) });
  };
  const theirUs = floorMicroseconds(row['frame.time_epoch']);
  // A record without a time takes the clock's, which a single record does not know.
  if (theirUs !== null && Number.isFinite(timeUs)) compare('time', timeUs, theirUs);
  compare('length', `${decoded.wireBytes}/${capturedBytes}`, `${row['frame.len']}/${row['frame.cap_len']}`);
  const { place, laterFragment } = placeOf(row);
  if (decoded.skip !== null || 'skip' in place) {
    compare('skipped', skipWord(decoded.skip), 'skip' in place ? theirSkip(place.skip, decoded.skip) : 'no');
    return found;
  }
  compare('addresses', `${decoded.source} > ${decoded.destination}`, `${place.from} > ${place.to}`);
  const isLater = (decoded.fragment & FRAGMENT.later) !== 0;
  compare('fragment', isLater, laterFragment !== null);
  // The dissector does not say what the later fragments of IPv6 carry.
  if (!(isLater && decoded.version === 6)) compare('protocol', decoded.protocol, place.protocol);
  if (place.fromPort !== '' || hasPorts(decoded)) compare('ports', portsOf(decoded), theirPorts(place));
  if (!row['frame.protocols'].includes('ieee8021ad')) compare('vlan', decoded.vlans ?? '', row['vlan.id']);
  compare('tunnel', outerAddresses(decoded), theirOuter(row, decoded));
  return found;
}

const WITH_PORTS = new Set([6, 17, 132]);

function hasPorts({ inner, fragment, ports }: Decoded): boolean {
  return WITH_PORTS.has(inner) && ports !== 'unread' && (fragment & FRAGMENT.later) === 0;
}

function portsOf({ ports, inner, fragment }: Decoded): string {
  return ports === 'unread' || !WITH_PORTS.has(inner) || (fragment & FRAGMENT.later) !== 0
    ? ''
    : ports.join(' > ');
}

function theirPorts(place: Exclude<Place, { skip: string }>): string {
  return place.fromPort === '' ? '' : `${place.fromPort} > ${place.toPort}`;
}

/** The reason by the words that the dissector's stack of protocols tells apart. */
function skipWord(reason: string | null): string {
  if (reason === null) return 'no';
  return reason
    .replace(/^non-ip:(llc|snap)-.*/, 'llc')
    .replace(/^non-ip:ppp-.*/, 'ppp')
    .replace(/^(non-ip|encrypted)[:-]802\.11.*/, 'wlan')
    .replace(/^malformed-.*/, 'malformed-ip');
}

/** The dissector does not always say which protocol it is that is not IP. */
function theirSkip(skip: string, ours: string | null): string {
  const word = skipWord(ours);
  if (skip === 'not-ip' && ours !== null) return word;
  // It gives up on a header that is not all there as on one that lies.
  if (skip === 'malformed-ip' && word === 'truncated-before-ip') return word;
  return skip;
}

function outerAddresses({ tunnels }: Decoded): string {
  return tunnels.map((layer) => layer.split(' ').slice(0, 3).join(' ')).join(', ');
}

/** As many addresses as there are tunnels around our packet, of each IP version in their order. */
function theirOuter(row: Row, { tunnels }: Decoded): string {
  const next = { ip: 0, ipv6: 0 };
  return tunnels
    .map((layer) => {
      const version = layer.split(' ')[0].includes(':') ? 'ipv6' : 'ip';
      const n = next[version]++;
      const [from, to] = ['src', 'dst'].map((end) =>
        plainAddress(row[`${version}.${end}`].split(',')[n] ?? ''),
      );
      return `${from} > ${to}`;
    })
    .join(', ');
}
