// Findings that are explained by who the hosts are: between servers that the vendor does not support firewalls between,
// and the probes for open proxies that an Edge server is documented to make.

import { PROTOCOL, transportName } from '../base/transport.ts';
import type { AddressBook } from '../flow/addresses.ts';
import { protocolName } from '../learn/facts.ts';
import { documentedPort } from '../service/documented.ts';
import { isPublic } from './public.ts';
import type { HostRoles } from './roles.ts';
import type { FindingKind } from './terms.ts';

/** Why a finding is at most \`info\`. */
export type Mild = 'supported-pair' | 'proxy-probe';

export interface Accused {
  readonly kind: FindingKind;
  readonly protocol: number;
  /** -1 for none. */
  readonly port: number;
  /** A code of learn/facts.ts. */
  readonly payload: number;
  readonly responderId: number | null;
  readonly initiatorIds: readonly number[];
  /** For a scan of one port over many hosts: all of them. */
  readonly responderIds: readonly number[];
}

/** Kinds that are about which ports are open; what payload shows is no matter of firewalls. */
const OF_PORTS: readonly FindingKind[] = [
  'unexpected-port',
  'unexpected-transport',
  'known-service-elsewhere',
];
/** The sender reputation agent tries these, and 80, which is on the list (network ports for mail flow, 2016 and 2019). */
const PROXY_PORTS: readonly number[] = [23, 1080, 1081, 3128, 6588];
const RPC_AND_SMB: readonly string[] = ['dcerpc', 'smb1', 'smb2', 'netbios-session'];
const EPMAP = 135;

/** Why the finding is mild; null where it is not. All its hosts have to be part of the reason. */
export function mildness(accused: Accused, roles: HostRoles, book: AddressBook): Mild | null {
  if (isProxyProbe(accused, roles, book)) return 'proxy-probe';
  const { responderId, initiatorIds } = accused;
  if (responderId === null || !OF_PORTS.includes(accused.kind) || !isDocumented(accused)) return null;
  return initiatorIds.every((id) => roles.isSupportedPair(id, responderId)) ? 'supported-pair' : null;
}

function isDocumented({ protocol, port, payload }: Accused): boolean {
  if (port === EPMAP || RPC_AND_SMB.includes(protocolName(payload) ?? '')) return true;
  return documentedPort(transportName(protocol), port)?.vendor === true;
}

function isProxyProbe(accused: Accused, roles: HostRoles, book: AddressBook): boolean {
  const { kind, protocol, port, responderIds, initiatorIds } = accused;
  if (kind !== 'unexpected-port' && kind !== 'port-scan') return false;
  if (protocol !== PROTOCOL.tcp || !PROXY_PORTS.includes(port)) return false;
  return (
    initiatorIds.every((id) => roles.isFirmly(id, 'edge')) && responderIds.every((id) => isPublic(book, id))
  );
}
