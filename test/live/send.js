// Sends the packets of a classic little-endian Ethernet capture, as fast as the system takes them: send.js IFACE FILE.
// Prints how many.

import { readFileSync } from 'node:fs';
import koffi from 'koffi';

const [, , device, path] = process.argv;
const library = ['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.so'].reduce((found, name) => {
  if (found !== null) return found;
  try {
    return koffi.load(name);
  } catch {
    return null;
  }
}, null);
const open = library.func('void *pcap_open_live(const char *, int, int, int, void *)');
const send = library.func('int pcap_sendpacket(void *, void *, int)');
const message = Buffer.alloc(256);
const handle = open(device, 64, 0, 100, message);
if (handle === null) throw new Error(message.toString());
const file = readFileSync(path);
let count = 0;
for (let at = 24; at < file.length; ) {
  const length = file.readUInt32LE(at + 8);
  if (send(handle, file.subarray(at + 16, at + 16 + length), length) !== 0)
    throw new Error(`packet ${count}`);
  at += 16 + length;
  count++;
}
console.log(count);
