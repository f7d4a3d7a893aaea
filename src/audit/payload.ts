// What payload says against a flow, whatever its port is.

import { PAYLOAD } from '../decode/packet.ts';
import { W } from '../flow/ended.ts';
import { isObsoleteTls, P } from '../learn/facts.ts';
import { homeOf, PAYLOAD_SAYS, payloadSays } from '../learn/natural.ts';
import { flowProtocol, sentCleartextLogin, speaksReversed } from '../learn/payload.ts';
import { LABEL_BASIS, SERVICE_IDS, UNLISTED } from '../service/catalog.ts';
import { FINDING_KINDS, type FindingKind, VERDICT } from './terms.ts';

const NAT_TRAVERSAL = 4500;
const code = (kind: FindingKind) => FINDING_KINDS.indexOf(kind);
const CONTRADICTED = code('contradicted-port');
const ELSEWHERE = code('known-service-elsewhere');
const CLEARTEXT = code('cleartext-login');
const OBSOLETE = code('obsolete-tls');
const NOTHING: readonly number[] = [];

/** Puts the row's payload protocol, a code of learn/facts.ts, in place of the one that decoding knows. */
export function nameProtocol(row: Int32Array, w: number): void {
  const decoded = row[w + W.payloadProtocol];
  if (decoded === PAYLOAD.espInUdp) row[w + W.payloadProtocol] = P['esp-in-udp'];
  else if (decoded === PAYLOAD.ike) row[w + W.payloadProtocol] = P.ike;
  else row[w + W.payloadProtocol] = flowProtocol(row[w + W.look]);
}

/** The kinds of finding that a labelled row's payload calls for. */
export function payloadKinds(row: Int32Array, w: number): readonly number[] {
  const protocol = row[w + W.payloadProtocol];
  const verdict = row[w + W.verdict];
  if (protocol === 0 || verdict === VERDICT.outOfScope || verdict === VERDICT.undetermined) return NOTHING;
  const look = row[w + W.look];
  const kinds: number[] = [];
  if (verdict === VERDICT.expected && row[w + W.labelBasis] === LABEL_BASIS.port) {
    const service = SERVICE_IDS[row[w + W.service]];
    if (payloadSays(service, protocol, look) === PAYLOAD_SAYS.contradicts) kinds.push(CONTRADICTED);
  }
  if (verdict === VERDICT.unexpected && row[w + W.service] === UNLISTED && isHomeElsewhere(row, w)) {
    kinds.push(ELSEWHERE);
  }
  if (sentCleartextLogin(look)) kinds.push(CLEARTEXT);
  if (isObsoleteTls(look)) kinds.push(OBSOLETE);
  return kinds;
}

function isHomeElsewhere(row: Int32Array, w: number): boolean {
  if (speaksReversed(row[w + W.look]) || row[w + W.responderPort] === NAT_TRAVERSAL) return false;
  return homeOf(row[w + W.payloadProtocol]) !== null;
}
