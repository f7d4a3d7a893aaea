// What a finding says. Texts are templates whose values the store puts in, so that thousands of findings share a few.

import { PROTOCOL } from '../base/transport.ts';
import { PROFILES } from '../policy/terms.ts';
import type { DocumentedPort } from '../service/documented.ts';
import type { Mild } from './mild.ts';
import { payloadText } from './payload-words.ts';
import type { FindingKind, Outcome } from './terms.ts';

/**
 * `{responder}`, `{initiator}`, `{initiators}`, `{port}`, `{transport}` and `{flows}` stand for the finding's own
 * values.
 */
export interface FindingText {
  readonly title: string;
  readonly explanation: string;
  readonly suggestion: string;
}

/** What the words depend on. */
export interface Subject {
  readonly kind: FindingKind;
  readonly protocol: number;
  /** -1 for none. */
  readonly port: number;
  readonly documented: DocumentedPort | undefined;
  readonly outcome: Outcome;
  /** All that was answered was seen from the middle only. */
  readonly guessed: boolean;
  /** A scan of one port over many responders, where it is one. */
  readonly ofResponders: boolean;
  readonly ike: boolean;
  readonly espInUdp: boolean;
  /** What payload showed; null for nothing. */
  readonly payload: string | null;
  /** The label of the service that the port stands for. */
  readonly usual: string | null;
  /** The catalog's service that the payload is. */
  readonly home: string | null;
  /** Ports that may be RPC's. */
  readonly rpcPorts: readonly number[];
  /** Why the policy denies it, '' for no reason, or the name of a profile that does not have it; null otherwise. */
  readonly denial: string | null;
  /** Why it is mild, where who the hosts are explains it. */
  readonly mild: Mild | null;
  /** The policy says how severe it is. */
  readonly setByPolicy: boolean;
}

const NAT_TRAVERSAL = 4500;
const PAYLOAD_KINDS: readonly FindingKind[] = [
  'contradicted-port',
  'known-service-elsewhere',
  'cleartext-login',
  'obsolete-tls',
];
const PORTS_NAMED = 12;

export class FindingWords {
  readonly texts: FindingText[] = [];
  private readonly numbers = new Map<string, number>();

  /** The number of the text for a finding. */
  of(subject: Subject): number {
    const key = keyOf(subject);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.texts.push(write(subject)) - 1;
    this.numbers.set(key, number);
    return number;
  }
}

function keyOf(s: Subject): string {
  const port = s.documented === undefined ? '' : s.port;
  const protocol = s.kind === 'unexpected-protocol' ? s.protocol : '';
  const flags = [s.guessed, s.ofResponders, s.ike, s.espInUdp].map(Number).join('');
  const payload = PAYLOAD_KINDS.includes(s.kind) ? [s.payload, s.usual] : [];
  const judged = [s.mild, s.denial, s.setByPolicy];
  return [
    s.kind,
    protocol,
    port,
    s.outcome,
    flags,
    s.port < 0,
    s.rpcPorts.join(','),
    ...payload,
    ...judged,
  ].join('|');
}

function write(subject: Subject): FindingText {
  const { title, explanation, suggestion } =
    subject.denial === null ? plain(subject) : denied(subject, subject.denial);
  const bySeverity = subject.setByPolicy ? ' The policy says how severe this is.' : '';
  switch (subject.mild) {
    case 'supported-pair':
      return {
        title,
        explanation: `${explanation} Both ends are Exchange servers, or one of them is and the other a domain controller: the vendor does not support restricting traffic between these.${bySeverity}`,
        suggestion: 'Leave it open between these hosts, and closed to all others.',
      };
    case 'proxy-probe':
      return {
        title: `${title} (an Edge server's probe for open proxies)`,
        explanation: `The sender reputation agent of an Edge server is documented to try this port of hosts that send it mail, to see whether they are open proxies. ${answer(subject)}${bySeverity}`,
        suggestion: 'Let the Edge server go on, or switch the detection of open proxies off.',
      };
    default:
      return { title, explanation: explanation + bySeverity, suggestion };
  }
}

/** What the list may well have, and the policy or the profile does not allow. */
function denied(subject: Subject, denial: string): FindingText {
  const endpoint = subject.port < 0 ? '{transport}' : '{port}/{transport}';
  const name = subject.usual === null ? '' : ` (${subject.usual})`;
  if ((PROFILES as readonly string[]).includes(denial)) {
    return {
      title: `${endpoint} to {responder} is not in the profile ${denial}`,
      explanation: `The allow-list has it${name}, and this profile does not. ${answer(subject)}`,
      suggestion: 'Ask what still uses it; if it is needed, allow it in the policy with a reason.',
    };
  }
  return {
    title: `${endpoint} to {responder} is denied by the policy`,
    explanation: `The policy denies it${name}${denial === '' ? '' : `: ${denial.replace(/[.\s]+$/, '')}`}. ${answer(subject)}`,
    suggestion: 'Close it, or except the hosts that may use it.',
  };
}

function plain(subject: Subject): FindingText {
  switch (subject.kind) {
    case 'port-scan':
      return scan(subject);
    case 'remark':
      return subject.port < 0 ? mayBeRpc(subject) : port26();
    case 'contradicted-port':
    case 'known-service-elsewhere':
    case 'cleartext-login':
    case 'obsolete-tls':
      return payloadText(subject);
    case 'unexpected-transport':
      return {
        title: '{port}/{transport} to {responder}: the port is on the list, {transport} is not',
        explanation: `The list allows port {port} over another transport only. ${answer(subject)}`,
        suggestion:
          'Find out what uses it. QUIC on 443/udp is web browsers trying HTTP/3; Exchange does not offer it.',
      };
    case 'unexpected-protocol':
      return protocolText(subject);
    case 'tunnelled-traffic':
      return tunnelText(subject);
    default:
      return portText(subject);
  }
}

function portText(subject: Subject): FindingText {
  const { documented } = subject;
  if (documented === undefined) {
    return {
      title: '{port}/{transport} to {responder} is not on the list',
      explanation: `Nothing that xports knows documents this port for Exchange. ${answer(subject)}`,
      suggestion:
        subject.outcome === 'answered'
          ? 'Ask who runs this service. Close the port on the firewall, or allow it in a policy with a reason.'
          : 'Leave the port closed, and ask who runs {initiator} what it is looking for.',
    };
  }
  const name =
    subject.port === NAT_TRAVERSAL ? `${documented.name}${natTraversal(subject)}` : documented.name;
  return {
    title: `{port}/{transport} to {responder}: ${name}`,
    explanation: `Not on the list; it is usually ${name}. ${documented.remark} ${answer(subject)}`,
    suggestion: documented.vendor
      ? 'If it is needed, allow it on the firewall between the hosts that need it, and no others.'
      : 'Leave the port closed unless somebody can say what needs it.',
  };
}

function natTraversal(subject: Subject): string {
  if (subject.ike && subject.espInUdp) return ' (IKE and ESP in UDP)';
  if (subject.ike) return ' (IKE)';
  return subject.espInUdp ? ' (ESP in UDP)' : '';
}

function protocolText(subject: Subject): FindingText {
  const port = subject.port < 0 ? '' : ', port {port},';
  const name = subject.protocol === PROTOCOL.sctp ? 'SCTP' : `IP protocol ${subject.protocol}`;
  return {
    title: `{transport} to {responder}: ${name} is not on the list`,
    explanation: `The list allows TCP and UDP ports, and IP protocols 50 and 51; ${name}${port} is neither. ${answer(subject)}`,
    suggestion: 'Find out which device speaks it; a firewall that allows the list alone will drop it.',
  };
}

function tunnelText(subject: Subject): FindingText {
  const over = subject.port < 0 ? '{transport}' : '{port}/{transport}';
  return {
    title: `${over} to {responder}: a tunnel with a server at one end`,
    explanation: `Traffic came wrapped in a tunnel between {initiator} and {responder}, one of which is a judged host. A firewall that sees ports alone cannot tell what is inside, so all of it is unexpected, whatever its own ports are. ${answer(subject)}`,
    suggestion:
      'Find out who set it up. Servers need no tunnels: close it, or end it on a router before the firewall.',
  };
}

function scan(subject: Subject): FindingText {
  const suggestion =
    'If it is no scanner of your own, look at that host. A firewall that allows the list alone stops this.';
  if (subject.ofResponders) {
    return {
      title: '{initiator} tried {port}/{transport} on many hosts',
      explanation:
        'One initiator tried this port on more than 20 responders, and none answered or all refused.',
      suggestion,
    };
  }
  return {
    title: '{initiator} scanned {transport} ports of {responder}',
    explanation:
      'One initiator tried 20 or more unlisted ports of this responder that refused or did not answer.',
    suggestion,
  };
}

function mayBeRpc(subject: Subject): FindingText {
  const ports = [...subject.rpcPorts].sort((a, b) => a - b);
  const named = ports.slice(0, PORTS_NAMED).join(', ');
  const more = ports.length > PORTS_NAMED ? ` and ${ports.length - PORTS_NAMED} more` : '';
  return {
    title: '{responder} answers on 135: its high {transport} ports may be RPC',
    explanation: `Unlisted ports from 1024 on a server whose RPC endpoint mapper answered: ${named}${more}. These may be RPC's dynamic ports, which are allowed only where they are shown to be.`,
    suggestion: 'Name the range that the server uses with --rpc-range, or pin its RPC ports and allow those.',
  };
}

function port26(): FindingText {
  return {
    title: '26/{transport} to {responder} is in use',
    explanation: 'The list allows port 26 for SMTP over SSL, and no page of the vendor since 2013 names it.',
    suggestion: 'Ask what still uses it; SMTP belongs on 25 and 587 today.',
  };
}

/** How the responder took it. */
export function answer(subject: Pick<Subject, 'outcome' | 'guessed'>): string {
  if (subject.outcome === 'refused') return 'It was refused.';
  if (subject.outcome === 'unanswered') return 'It was tried and never answered.';
  if (subject.outcome === 'one-way') return 'Only one direction of it was seen.';
  if (subject.guessed) return 'Only the middle of it was seen, so who is the server is a guess.';
  return 'It was answered.';
}
