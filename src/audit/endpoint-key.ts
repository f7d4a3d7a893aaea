// One number for a responder and a port of it.

const PORTS = 65_536;

export function endpointKey(serverId: number, port: number): number {
  return serverId * PORTS + port;
}

/** The two that `endpointKey` made one of. */
export function serverAndPort(key: number): readonly [serverId: number, port: number] {
  return [Math.floor(key / PORTS), key % PORTS];
}
