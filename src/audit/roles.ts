// Who is who: what a host does, as initiator and as responder, shows what it is. Every role has its evidence.

import { PROTOCOL } from '../base/transport.ts';
import type { AddressBook } from '../flow/addresses.ts';
import { interfaceName } from '../learn/interfaces.ts';
import type { PolicyRules } from '../policy/rules.ts';
import { EXCHANGE_ROLES, ROLES, type Role } from '../policy/terms.ts';
import type { LearnedEndpoint } from './endpoints.ts';
import type { Ledger } from './ledger.ts';
import { isPublic } from './public.ts';
import { PAIR, protocolOfPair } from './tally.ts';

export type Confidence = 'high' | 'medium' | 'low';

export interface HostRole {
  readonly role: Role;
  readonly confidence: Confidence;
  /** What was seen, in words. */
  readonly evidence: string;
}

/** Signs of one host, as bits: what it answered, and what it began and was answered. */
const ANSWERED = {
  smtp: 1 << 0,
  submission: 1 << 1,
  web: 1 << 2,
  mailbox: 1 << 3,
  backEnd: 1 << 4,
  replication: 1 << 5,
  edgeSync: 1 << 6,
  heartbeat: 1 << 7,
  kerberos: 1 << 8,
  ldap: 1 << 9,
  catalog: 1 << 10,
  dns: 1 << 11,
  transport: 1 << 18,
} as const;
const BEGAN = {
  smtp: 1 << 12,
  edgeSync: 1 << 13,
  replication: 1 << 14,
  directory: 1 << 15,
  heartbeat: 1 << 16,
  clientService: 1 << 17,
} as const;
/** An RPC endpoint of the host was learned. */
const SERVES_EXCHANGE_RPC = 1 << 19;
const SERVES_DIRECTORY_RPC = 1 << 20;
/** Members of a domain serve it too. */
const SERVES_NETLOGON = 1 << 23;
/** It exchanged mail with a host that is an Exchange server. */
const MAILED_EXCHANGE = 1 << 21;
/** It began something that a client does with an Exchange server. */
const USED_EXCHANGE = 1 << 22;

const TCP_ANSWERED: Readonly<Record<number, number>> = {
  25: ANSWERED.smtp,
  587: ANSWERED.submission,
  443: ANSWERED.web,
  80: ANSWERED.web,
  110: ANSWERED.mailbox,
  143: ANSWERED.mailbox,
  993: ANSWERED.mailbox,
  995: ANSWERED.mailbox,
  444: ANSWERED.backEnd,
  475: ANSWERED.transport,
  717: ANSWERED.transport,
  1993: ANSWERED.backEnd,
  1995: ANSWERED.backEnd,
  2525: ANSWERED.backEnd,
  64327: ANSWERED.replication,
  50636: ANSWERED.edgeSync,
  3343: ANSWERED.heartbeat,
  88: ANSWERED.kerberos,
  389: ANSWERED.ldap,
  636: ANSWERED.ldap,
  3268: ANSWERED.catalog,
  3269: ANSWERED.catalog,
  53: ANSWERED.dns,
};
const UDP_ANSWERED: Readonly<Record<number, number>> = {
  53: ANSWERED.dns,
  88: ANSWERED.kerberos,
  389: ANSWERED.ldap,
  3343: ANSWERED.heartbeat,
};
/** What the other side of each of these began. */
const BEGUN: Readonly<Record<number, number>> = {
  [ANSWERED.smtp]: BEGAN.smtp,
  [ANSWERED.submission]: BEGAN.clientService,
  [ANSWERED.web]: BEGAN.clientService,
  [ANSWERED.mailbox]: BEGAN.clientService,
  [ANSWERED.replication]: BEGAN.replication,
  [ANSWERED.edgeSync]: BEGAN.edgeSync,
  [ANSWERED.heartbeat]: BEGAN.heartbeat,
  [ANSWERED.ldap]: BEGAN.directory,
  [ANSWERED.catalog]: BEGAN.directory,
};

const WORDS: readonly (readonly [bits: number, words: string])[] = [
  [SERVES_EXCHANGE_RPC, "offers Exchange's services by RPC"],
  [SERVES_DIRECTORY_RPC, "offers a domain controller's services by RPC"],
  [SERVES_NETLOGON, 'offers Netlogon by RPC'],
  [ANSWERED.smtp, 'answers SMTP'],
  [ANSWERED.submission, 'answers submission'],
  [ANSWERED.web, 'answers HTTP or HTTPS'],
  [ANSWERED.mailbox, 'answers POP3 or IMAP4'],
  [ANSWERED.transport, "answers on a connector of Exchange's transport"],
  [ANSWERED.backEnd, 'answers on a port that Exchange has behind its front end'],
  [ANSWERED.replication, 'answers DAG replication'],
  [ANSWERED.edgeSync, 'answers EdgeSync'],
  [ANSWERED.heartbeat, 'answers cluster heartbeats'],
  [ANSWERED.kerberos, 'answers Kerberos'],
  [ANSWERED.ldap, 'answers LDAP'],
  [ANSWERED.catalog, 'answers global catalog queries'],
  [ANSWERED.dns, 'answers DNS'],
  [BEGAN.smtp, 'sends SMTP'],
  [BEGAN.edgeSync, 'synchronises an Edge server'],
  [BEGAN.replication, 'replicates to a DAG member'],
  [BEGAN.directory, 'asks a directory by LDAP'],
  [BEGAN.heartbeat, 'sends cluster heartbeats'],
  [USED_EXCHANGE, 'uses mail services of an Exchange server'],
  [MAILED_EXCHANGE, 'exchanges mail with an Exchange server'],
];

const DIRECTORY_INTERFACES: readonly string[] = ['AD replication (DRSUAPI)', 'AD administration (DSAOP)'];
/** Clients are listed up to this number: behind it a host without another role is not. */
const MOST_HOSTS = 65_536;

/** The roles of a run's hosts. */
export class HostRoles {
  /** By number of the address book. */
  readonly all: ReadonlyMap<number, readonly HostRole[]>;

  constructor(all: ReadonlyMap<number, readonly HostRole[]>) {
    this.all = all;
  }

  /** Whether the host has the role with more than low confidence. */
  isFirmly(id: number, role: Role): boolean {
    return this.all.get(id)?.some((one) => one.role === role && one.confidence !== 'low') === true;
  }

  isExchange(id: number): boolean {
    return EXCHANGE_ROLES.some((role) => this.isFirmly(id, role));
  }

  /** Between Exchange servers, and between them and domain controllers, the vendor supports no restrictions. */
  isSupportedPair(a: number, b: number): boolean {
    const isController = (id: number) =>
      this.isFirmly(id, 'domain-controller') || this.isFirmly(id, 'global-catalog');
    // An Edge server stands in the perimeter, where a firewall is meant to be.
    const isInside = (id: number) => this.isFirmly(id, 'mailbox') || this.isFirmly(id, 'dag-member');
    return isInside(a) ? isInside(b) || isController(b) : isInside(b) && isController(a);
  }

  /** The numbers of all Exchange servers. */
  get exchange(): ReadonlySet<number> {
    return new Set([...this.all.keys()].filter((id) => this.isExchange(id)));
  }
}

/** Reads roles from the pairs of a run (with flows that were answered), its RPC endpoints, and the policy. */
export function findRoles(
  pairs: Ledger,
  endpoints: readonly LearnedEndpoint[],
  book: AddressBook,
  rules: PolicyRules,
): HostRoles {
  const signs = new Int32Array(book.size + 1);
  for (const { serverId, interfaceUuid } of endpoints) {
    const name = interfaceName(interfaceUuid);
    if (name?.startsWith('Exchange ')) signs[serverId] |= SERVES_EXCHANGE_RPC;
    else if (name !== null && DIRECTORY_INTERFACES.includes(name)) signs[serverId] |= SERVES_DIRECTORY_RPC;
    else if (name === 'Netlogon') signs[serverId] |= SERVES_NETLOGON;
  }
  eachAnswered(pairs, (initiator, responder, sign) => {
    signs[responder] |= sign;
    signs[initiator] |= BEGUN[sign] ?? 0;
  });
  const servers = new Map<number, HostRole[]>();
  for (let id = 1; id < signs.length; id++) {
    if (signs[id] === 0 && !rules.namesHosts) continue;
    const roles = withNamed(rules.rolesOf(book, id).map(byPolicy), serverRoles(signs[id]));
    if (roles.length > 0) servers.set(id, roles);
  }
  const known = new HostRoles(servers);
  eachAnswered(pairs, (initiator, responder, sign) => {
    if (sign === ANSWERED.smtp) {
      if (known.isExchange(responder)) signs[initiator] |= MAILED_EXCHANGE;
      if (known.isExchange(initiator)) signs[responder] |= MAILED_EXCHANGE;
    } else if (BEGUN[sign] === BEGAN.clientService && known.isExchange(responder))
      signs[initiator] |= USED_EXCHANGE;
  });
  const all = new Map<number, readonly HostRole[]>(servers);
  for (let id = 1; id < signs.length && all.size < MOST_HOSTS; id++) {
    if (signs[id] === 0 || servers.has(id)) continue;
    const role = outerRole(signs[id], isPublic(book, id));
    if (role !== null) all.set(id, [role]);
  }
  return new HostRoles(all);
}

function eachAnswered(
  pairs: Ledger,
  see: (initiator: number, responder: number, sign: number) => void,
): void {
  const { keys, sums, width } = pairs;
  for (let n = 0; n < pairs.size; n++) {
    if (sums[n * width + PAIR.answered] <= 0) continue;
    const protocol = protocolOfPair(keys.word(n, 2));
    const port = keys.word(n, 3);
    const sign =
      protocol === PROTOCOL.tcp ? TCP_ANSWERED[port] : protocol === PROTOCOL.udp ? UDP_ANSWERED[port] : 0;
    if (sign) see(keys.word(n, 0), keys.word(n, 1), sign);
  }
}

function byPolicy(role: Role): HostRole {
  return { role, confidence: 'high', evidence: 'the policy names it' };
}

function withNamed(named: readonly HostRole[], seen: readonly HostRole[]): HostRole[] {
  const others = seen.filter(({ role }) => !named.some((one) => one.role === role));
  return [...named, ...others].sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role));
}

/** The roles of whoever offers services. */
function serverRoles(signs: number): HostRole[] {
  const roles: HostRole[] = [];
  const any = (bits: number) => (signs & bits) !== 0;
  const add = (role: Role, confidence: Confidence, bits: number) => {
    roles.push({ role, confidence, evidence: evidenceOf(signs & bits) });
  };
  const controller = controllerConfidence(signs);
  if (controller !== null) add('domain-controller', controller, CONTROLLER_SIGNS);
  if (any(ANSWERED.catalog)) {
    add(
      'global-catalog',
      controller === 'high' || controller === 'medium' ? 'high' : 'medium',
      ANSWERED.catalog | ANSWERED.ldap | ANSWERED.kerberos,
    );
  }
  if (any(ANSWERED.dns)) add('dns', 'high', ANSWERED.dns);
  const mailbox = mailboxConfidence(signs);
  if (mailbox !== null && !any(ANSWERED.edgeSync)) add('mailbox', mailbox, MAILBOX_SIGNS);
  if (any(ANSWERED.edgeSync)) add('edge', 'high', ANSWERED.edgeSync | ANSWERED.smtp | BEGAN.smtp);
  const dag = dagConfidence(signs);
  if (dag !== null) {
    add('dag-member', dag, ANSWERED.replication | BEGAN.replication | ANSWERED.heartbeat | BEGAN.heartbeat);
  }
  return roles.sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role));
}

const CONTROLLER_SIGNS =
  SERVES_DIRECTORY_RPC |
  SERVES_NETLOGON |
  ANSWERED.kerberos |
  ANSWERED.ldap |
  ANSWERED.catalog |
  ANSWERED.dns;

/** The directory's own RPC is a controller's alone; Kerberos and LDAP together make it likely, and DNS or a catalog sure. */
function controllerConfidence(signs: number): Confidence | null {
  const any = (bits: number) => (signs & bits) !== 0;
  if (any(SERVES_DIRECTORY_RPC)) return 'high';
  if (any(ANSWERED.kerberos) && any(ANSWERED.ldap)) {
    return any(ANSWERED.catalog | ANSWERED.dns | SERVES_NETLOGON) ? 'high' : 'medium';
  }
  if (any(SERVES_NETLOGON) && any(ANSWERED.ldap | ANSWERED.kerberos)) return 'high';
  return any(SERVES_NETLOGON | ANSWERED.kerberos) ? 'low' : null;
}

const MAILBOX_SIGNS =
  SERVES_EXCHANGE_RPC |
  ANSWERED.smtp |
  ANSWERED.submission |
  ANSWERED.web |
  ANSWERED.mailbox |
  ANSWERED.transport |
  ANSWERED.backEnd |
  ANSWERED.replication |
  BEGAN.edgeSync |
  BEGAN.replication |
  BEGAN.directory;

/**
 * One sign that only Exchange gives is enough; several that other mail servers give too make it likely. What a host
 * begins counts only beside what it answers: whoever connects to a server's port is no server for that.
 */
function mailboxConfidence(signs: number): Confidence | null {
  const any = (bits: number) => (signs & bits) !== 0;
  const mail = any(ANSWERED.smtp) || any(ANSWERED.submission);
  if (any(SERVES_EXCHANGE_RPC)) return 'high';
  if (any(ANSWERED.transport | ANSWERED.replication)) return mail || any(ANSWERED.web) ? 'high' : 'medium';
  if (!mail) return any(ANSWERED.mailbox) && any(ANSWERED.web) ? 'low' : null;
  if (any(BEGAN.edgeSync | BEGAN.replication)) return 'high';
  const offers = [ANSWERED.web, ANSWERED.mailbox, ANSWERED.submission, ANSWERED.backEnd].filter(any).length;
  if (any(BEGAN.directory)) return offers > 0 ? 'high' : 'medium';
  return offers > 1 ? 'medium' : offers === 1 ? 'low' : null;
}

function dagConfidence(signs: number): Confidence | null {
  const any = (bits: number) => (signs & bits) !== 0;
  const beats = any(ANSWERED.heartbeat | BEGAN.heartbeat);
  if (any(ANSWERED.replication)) return beats || any(BEGAN.replication) ? 'high' : 'medium';
  if (any(BEGAN.replication))
    return any(ANSWERED.heartbeat | ANSWERED.smtp | ANSWERED.web) ? 'medium' : 'low';
  if (!beats) return null;
  return any(ANSWERED.heartbeat) && any(ANSWERED.smtp | ANSWERED.web) ? 'medium' : 'low';
}

/** The role of a host that serves nobody, as far as was seen. */
function outerRole(signs: number, isOutside: boolean): HostRole | null {
  if ((signs & MAILED_EXCHANGE) !== 0 && isOutside) {
    const bits = MAILED_EXCHANGE | ANSWERED.smtp | BEGAN.smtp;
    const both = (signs & (ANSWERED.smtp | BEGAN.smtp)) === (ANSWERED.smtp | BEGAN.smtp);
    return { role: 'mail-peer', confidence: both ? 'high' : 'medium', evidence: evidenceOf(signs & bits) };
  }
  if ((signs & USED_EXCHANGE) === 0) return null;
  return { role: 'client', confidence: 'medium', evidence: evidenceOf(signs & USED_EXCHANGE) };
}

function evidenceOf(signs: number): string {
  return WORDS.filter(([bit]) => (signs & bit) !== 0)
    .map(([, words]) => words)
    .join('; ');
}
