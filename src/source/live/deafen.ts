// Stops a packet socket from receiving while what its ring holds can still be read: a filter of one instruction that
// lets nothing through (socket(7), SO_ATTACH_FILTER; linux/filter.h).

import { addressOf, hasWidePointers, libc } from './libc.ts';

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const BPF_RETURN_CONSTANT = 0x06;
const INSTRUCTION_BYTES = 8;
const PROGRAM_BYTES = 16;

/** False where the system has no such thing. libpcap's own pcap_setfilter would filter the ring's packets too. */
export function deafen(fd: number): boolean {
  if (process.platform !== 'linux' || !hasWidePointers()) return false;
  const instruction = new Uint8Array(INSTRUCTION_BYTES);
  const program = new Uint8Array(PROGRAM_BYTES);
  new DataView(instruction.buffer).setUint16(0, BPF_RETURN_CONSTANT, true);
  const view = new DataView(program.buffer);
  view.setUint16(0, 1, true);
  view.setBigUint64(8, addressOf(instruction), true);
  return libc().setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, PROGRAM_BYTES) === 0;
}
