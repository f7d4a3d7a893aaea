// What live capture could open: the devices that libpcap knows, and whether they can be opened now (pcap_findalldevs
// (3PCAP), struct pcap_if).

import { existsSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { XportsError } from '../../base/errors.ts';
import { loadKoffi } from './native.ts';
import { mergingOffloads } from './net-device.ts';
import { PcapHandle } from './pcap-handle.ts';
import { messageIn, PCAP, pcapLibrary } from './pcap-library.ts';
import { DeniedError, setcapCommand } from './permission.ts';

export interface LiveInterface {
  readonly name: string;
  readonly description: string | null;
  readonly addresses: readonly string[];
  /** libpcap's number of the link type; null where the device could not be opened to ask. */
  readonly dataLink: number | null;
  readonly up: boolean;
  /** Why it cannot be opened now, and what to type; null where it can. */
  readonly refused: { readonly reason: string; readonly hint: string | null } | null;
  /** Receive offloads that are on and merge packets: `gro`, `lro`. */
  readonly merging: readonly string[];
}

interface DeviceNode {
  readonly next: bigint | null;
  readonly name: string;
  readonly description: string | null;
  readonly addresses: bigint | null;
  readonly flags: number;
}

const FLAG_UP = 2;
const PROBE_SNAPLEN = 64;

/** Lists the network devices. Throws a sentence where libpcap cannot tell. */
export function listInterfaces(): LiveInterface[] {
  const addresses = networkInterfaces();
  return deviceNodes()
    .filter(({ name }) => isNetworkDevice(name))
    .map(({ name, description, flags }) => ({
      name,
      description,
      addresses: (addresses[name] ?? []).map(({ address }) => address),
      up: (flags & FLAG_UP) !== 0,
      merging: mergingOffloads(name),
      ...probe(name),
    }));
}

/** libpcap lists buses and logs too. */
function isNetworkDevice(name: string): boolean {
  return process.platform !== 'linux' || name === 'any' || existsSync(`/sys/class/net/${name}`);
}

/** Opens the device for a moment, without making it promiscuous. */
function probe(device: string): Pick<LiveInterface, 'dataLink' | 'refused'> {
  try {
    const options = { device, filter: null, snaplen: PROBE_SNAPLEN, bufferMiB: 1, promiscuous: false };
    const handle = PcapHandle.open(options);
    const dataLink = handle.dataLink;
    handle.close();
    return { dataLink, refused: null };
  } catch (error) {
    if (!(error instanceof XportsError)) throw error;
    const hint = error instanceof DeniedError ? permitCommand() : (error.hint ?? null);
    return { dataLink: null, refused: { reason: error.message, hint } };
  }
}

/** The one command after which devices can be opened. */
function permitCommand(): string {
  return process.platform === 'linux' ? setcapCommand() : 'sudo xports live --iface NAME';
}

function deviceNodes(): DeviceNode[] {
  const koffi = loadKoffi();
  const library = pcapLibrary();
  const message = new Uint8Array(PCAP.messageBytes);
  const list = new BigUint64Array(1);
  if (library.findDevices(list, message) < 0) throw new Error(messageIn(message));
  const type = koffi.struct({
    next: 'void *',
    name: 'const char *',
    description: 'const char *',
    addresses: 'void *',
    flags: 'uint32_t',
  });
  const nodes: DeviceNode[] = [];
  const first = list[0];
  for (let at: bigint | null = first === 0n ? null : first; at !== null; ) {
    const node = koffi.decode(at, type) as DeviceNode;
    nodes.push(node);
    at = node.next;
  }
  if (first !== 0n) library.freeDevices(first);
  return nodes;
}
