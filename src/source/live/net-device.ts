// What Linux says of a network device through ioctl (netdevice(7), linux/ethtool.h): whether it is up, and whether it
// merges packets before anybody sees them. Elsewhere nothing is known.

import { addressOf, hasWidePointers, libc } from './libc.ts';

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SIOCGIFFLAGS = 0x8913;
const SIOCETHTOOL = 0x8946;
/** struct ifreq: a name of 16 bytes, then flags or a pointer. */
const REQUEST_BYTES = 40;
const NAME_BYTES = 16;
const IFF_UP = 1;
const ETHTOOL_GET_FLAGS = 0x25;
const ETHTOOL_GET_GRO = 0x2b;
const FLAG_LRO = 1 << 15;

export type DeviceState = 'up' | 'down' | 'gone' | 'unknown';

/** Whether the device is there and up. */
export function deviceState(device: string): DeviceState {
  if (process.platform !== 'linux' || device === 'any') return 'unknown';
  const request = requestFor(device);
  if (!call(SIOCGIFFLAGS, request)) return 'gone';
  return (new DataView(request.buffer).getUint16(NAME_BYTES, true) & IFF_UP) !== 0 ? 'up' : 'down';
}

/** The receive offloads that merge packets and are on: `gro`, `lro`. */
export function mergingOffloads(device: string): string[] {
  if (process.platform !== 'linux' || device === 'any' || device === 'lo' || !hasWidePointers()) return [];
  const offloads: string[] = [];
  if (ethtool(device, ETHTOOL_GET_GRO)) offloads.push('gro');
  if (((ethtool(device, ETHTOOL_GET_FLAGS) ?? 0) & FLAG_LRO) !== 0) offloads.push('lro');
  return offloads;
}

/** The value that the driver answers; null where it knows none. */
function ethtool(device: string, command: number): number | null {
  const value = new Uint32Array([command, 0]);
  const request = requestFor(device);
  new DataView(request.buffer).setBigUint64(NAME_BYTES, addressOf(value), true);
  return call(SIOCETHTOOL, request) ? value[1] : null;
}

function requestFor(device: string): Uint8Array {
  const request = new Uint8Array(REQUEST_BYTES);
  request.set(new TextEncoder().encode(device).subarray(0, NAME_BYTES - 1));
  return request;
}

function call(number: number, request: Uint8Array): boolean {
  const { socket, ioctl, close } = libc();
  const fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (fd < 0) return false;
  const answer = ioctl(fd, number, 'void *', request);
  close(fd);
  return answer >= 0;
}
