// What `xports explain` is asked: a port, a range of ports, an IP protocol, or a service by its name.

import { editDistance, nearest } from '../base/nearest.ts';
import { protocolOf, transportName } from '../base/transport.ts';
import { SERVICE_IDS } from './catalog.ts';

export type Question =
  | {
      readonly kind: 'ports';
      readonly transports: readonly string[];
      readonly first: number;
      readonly last: number;
    }
  | { readonly kind: 'protocol'; readonly transport: string; readonly protocol: number }
  | { readonly kind: 'service'; readonly service: string };

const PORTED = ['tcp', 'udp', 'sctp'];
/** Other names by which people call IP protocols, and the number of each. */
const OTHER_NAMES: ReadonlyMap<string, number> = new Map([
  ['gre', 47],
  ['icmpv6', 58],
  ['ospf', 89],
  ['eigrp', 88],
  ['pim', 103],
  ['vrrp', 112],
  ['ipip', 4],
  ['6in4', 41],
]);

/** Understands `25`, `25/tcp`, `tcp/25`, `6001-6004/tcp`, `esp`, `ip-47`, `smtp`; null for anything else. */
export function parseQuestion(text: string): Question | null {
  const word = text.trim().toLowerCase();
  if (word !== 'unlisted' && SERVICE_IDS.includes(word)) return { kind: 'service', service: word };
  return parsePorts(word) ?? parseProtocol(word);
}

function parsePorts(word: string): Question | null {
  const match =
    /^(?<ports>\d{1,5}(?:-\d{1,5})?)(?:\/(?<after>[a-z]+))?$/.exec(word) ??
    /^(?<before>[a-z]+)\/(?<ports>\d{1,5}(?:-\d{1,5})?)$/.exec(word);
  if (match?.groups === undefined) return null;
  const [first, last = first] = match.groups.ports.split('-').map(Number);
  const transport = match.groups.after ?? match.groups.before;
  if (last > 65_535 || first > last) return null;
  if (transport !== undefined && !PORTED.includes(transport)) return null;
  return { kind: 'ports', transports: transport === undefined ? ['tcp', 'udp'] : [transport], first, last };
}

function parseProtocol(word: string): Question | null {
  const protocol = OTHER_NAMES.get(word) ?? protocolOf(word);
  if (protocol < 0 || protocol > 255) return null;
  return { kind: 'protocol', transport: transportName(protocol), protocol };
}

/** Names that may have been meant by `text`, the nearest first; none where nothing is near. */
export function suggestionsFor(text: string): string[] {
  const word = text.trim().toLowerCase();
  const slash = /^(\d{1,5}(?:-\d{1,5})?)\/([a-z]+)$/.exec(word);
  if (slash !== null && !PORTED.includes(slash[2])) {
    const [meant] = [...PORTED].sort((a, b) => editDistance(slash[2], a) - editDistance(slash[2], b));
    return [`${slash[1]}/${meant}`];
  }
  const names = [
    ...SERVICE_IDS.slice(1),
    ...OTHER_NAMES.keys(),
    'esp',
    'ah',
    'icmp',
    'icmp6',
    'igmp',
    'sctp',
  ];
  return nearest(word, names);
}
