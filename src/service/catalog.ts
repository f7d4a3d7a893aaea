// From a port or protocol to the service it stands for, through flat tables that cost one load a look-up.

import { PROTOCOL } from '../base/transport.ts';
import { ALLOW_LIST, type ServiceRow } from './allow-list.ts';

export const UNLISTED = 0;
export const LABEL_BASES = ['port', 'protocol', 'rpc-endpoint', 'rpc-bind', 'policy'] as const;
export const LABEL_BASIS = { port: 0, protocol: 1, rpcEndpoint: 2, rpcBind: 3, policy: 4 } as const;

/** Names of services by index; index 0 is `unlisted`. */
export const SERVICE_IDS: readonly string[] = ['unlisted', ...new Set(ALLOW_LIST.map((row) => row.id))];

/** The row that describes service `id` on that transport and port, or the first of that id. */
export function serviceRow(id: string, transport?: string): ServiceRow | undefined {
  return (
    ALLOW_LIST.find((row) => row.id === id && row.transport === transport) ??
    ALLOW_LIST.find((row) => row.id === id)
  );
}

export function serviceIndex(id: string): number {
  return SERVICE_IDS.indexOf(id);
}

function portTable(transport: ServiceRow['transport'], size: number): Uint8Array {
  const table = new Uint8Array(size);
  for (const row of ALLOW_LIST) {
    if (row.transport === transport && row.lastPort === undefined) table[row.port] = serviceIndex(row.id);
  }
  return table;
}

/** Service index by port, 0 where the list has none. Ranges are left out: no range is ever allowed as a whole. */
export const TCP_SERVICES: Uint8Array = portTable('tcp', 65536);
export const UDP_SERVICES: Uint8Array = portTable('udp', 65536);
export const PROTOCOL_SERVICES: Uint8Array = portTable('ip', 256);

/** The service of a responder's port, for transports that have ports on the list. */
export function serviceOfPort(protocol: number, port: number): number {
  if (protocol === PROTOCOL.tcp) return TCP_SERVICES[port];
  if (protocol === PROTOCOL.udp) return UDP_SERVICES[port];
  return UNLISTED;
}
