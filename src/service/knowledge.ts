// Everything that is known of a port, a protocol or a service, with where each piece of it comes from.

import { ALLOW_LIST, type ServiceRow } from './allow-list.ts';
import { DOCUMENTED_PORTS, type DocumentedPort } from './documented.ts';
import { INFRASTRUCTURE_PORTS, KNOWN_PROTOCOLS } from './infrastructure.ts';
import type { Question } from './question.ts';
import { talkersOf } from './talkers.ts';

/**
 * `listed`: allowed; `conditional`: allowed where it is shown to be that; `infrastructure`: not judged, and `groups`
 * where it goes to a group of hosts. By a policy: `allowed` beside the list, `excepted` for some hosts, `denied` though
 * listed.
 */
export type Standing =
  | 'listed'
  | 'allowed'
  | 'conditional'
  | 'infrastructure'
  | 'groups'
  | 'excepted'
  | 'denied'
  | 'not-listed';

/** What holds for one transport as a whole; of a range, `partly` where the list has some of its ports. */
export interface TransportStanding {
  readonly transport: string;
  readonly standing: Standing | 'partly';
}

/** One thing that is known. */
export interface Known {
  readonly standing: Standing;
  /** The catalog's name of the service, or null. */
  readonly service: string | null;
  readonly name: string;
  /** tcp, udp, or ip. */
  readonly transports: readonly string[];
  /** The port, or the IP protocol number. */
  readonly first: number;
  readonly last: number;
  /** Who should talk to it, and what to make of it. */
  readonly who: string;
  readonly note: string;
  readonly source: string;
}

const LIST_NAME = 'Microsoft Exchange TCP/IP Allow Services and Ports';

/** What is known of what was asked: the list first, then the network itself, then what is documented elsewhere. */
export function knowledgeOf(question: Question): Known[] {
  if (question.kind === 'service') {
    return ALLOW_LIST.filter((row) => row.id === question.service).map(listed);
  }
  if (question.kind === 'protocol') {
    const { protocol } = question;
    return [
      ...ALLOW_LIST.filter((row) => row.transport === 'ip' && row.port === protocol).map(listed),
      ...KNOWN_PROTOCOLS.filter((row) => row.protocol === protocol).map(
        ({ name, remark, infrastructure }): Known => ({
          standing: infrastructure ? 'infrastructure' : 'not-listed',
          service: null,
          name,
          transports: ['ip'],
          first: protocol,
          last: protocol,
          who: remark,
          note: '',
          source: 'IANA, assigned Internet protocol numbers',
        }),
      ),
    ];
  }
  const { first, last, transports } = question;
  const within = (row: { readonly port: number; readonly lastPort?: number }) =>
    row.port <= last && (row.lastPort ?? row.port) >= first;
  const onList = ALLOW_LIST.filter((row) => transports.includes(row.transport) && within(row));
  return [
    ...onList.filter((row) => row.lastPort === undefined).map(listed),
    ...INFRASTRUCTURE_PORTS.filter((row) => transports.includes('udp') && within(row)).map(infrastructure),
    ...DOCUMENTED_PORTS.filter(
      (row) => row.transports.some((transport) => transports.includes(transport)) && within(row),
    ).map(documented),
    // A range that covers nearly everything says nothing of a port that has a name of its own.
    ...onList
      .filter((row) => row.lastPort !== undefined && onList.every((other) => other.id === row.id))
      .map(listed),
  ];
}

/** Whether what was asked is allowed, for each transport that it may mean. */
export function standingsOf(question: Question, known: readonly Known[]): TransportStanding[] {
  if (question.kind !== 'ports') {
    const transport = question.kind === 'protocol' ? question.transport : question.service;
    return [{ transport, standing: strongest(known) }];
  }
  return question.transports.map((transport) => {
    const rows = known.filter((row) => row.transports.includes(transport));
    const ports = new Set<number>();
    for (const row of rows) {
      if (row.standing !== 'listed' && row.standing !== 'allowed') continue;
      for (let port = Math.max(row.first, question.first); port <= Math.min(row.last, question.last); port++)
        ports.add(port);
    }
    const isPart = ports.size > 0 && ports.size < question.last - question.first + 1;
    return { transport, standing: isPart ? 'partly' : strongest(rows) };
  });
}

const STRENGTH: readonly Standing[] = [
  'listed',
  'allowed',
  'infrastructure',
  'groups',
  'excepted',
  'denied',
  'conditional',
  'not-listed',
];

function strongest(known: readonly Known[]): Standing {
  return STRENGTH.find((standing) => known.some((row) => row.standing === standing)) ?? 'not-listed';
}

/** Rows of the list that give the same ports to another transport than those asked for. */
export function otherTransports(question: Question): string[] {
  if (question.kind !== 'ports') return [];
  const { first, last, transports } = question;
  const rows = ALLOW_LIST.filter(
    (row) =>
      row.transport !== 'ip' &&
      row.lastPort === undefined &&
      row.port >= first &&
      row.port <= last &&
      !transports.includes(row.transport),
  );
  return rows.map((row) => `${row.port}/${row.transport} (${row.label})`);
}

function listed(row: ServiceRow): Known {
  const lists = row.lists === '1,2' ? 'lists 1 and 2' : `list ${row.lists}`;
  return {
    standing: row.lastPort === undefined ? 'listed' : 'conditional',
    service: row.id,
    name: row.label,
    transports: [row.transport],
    first: row.port,
    last: row.lastPort ?? row.port,
    who: talkersOf(row.id) ?? '',
    note: row.note,
    source: `${lists} of “${LIST_NAME}”`,
  };
}

function infrastructure(row: (typeof INFRASTRUCTURE_PORTS)[number]): Known {
  return {
    standing: row.groupsOnly ? 'groups' : 'infrastructure',
    service: null,
    name: row.name,
    transports: ['udp'],
    first: row.port,
    last: row.lastPort,
    who: row.groupsOnly
      ? 'Hosts that look for others near them.'
      : 'Hosts, and the servers that give them their addresses.',
    note: '',
    source: 'IANA, service names and port numbers',
  };
}

function documented(row: DocumentedPort): Known {
  return {
    standing: 'not-listed',
    service: null,
    name: row.name,
    transports: row.transports,
    first: row.port,
    last: row.lastPort ?? row.port,
    who: row.remark,
    note: '',
    source: row.vendor
      ? "the vendor's documentation, though not on the list"
      : 'common knowledge; no page of the vendor asks for it',
  };
}
