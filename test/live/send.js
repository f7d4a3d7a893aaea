// Sends the packets of a classic little-endian Ethernet capture, as fast as the system takes them: send.js IFACE FILE
// [TIMES [MILLISECONDS]]. Prints how many. With TIMES the file is sent so often, with a moment between.

import { readFileSync } from 'node:fs';
import koffi from 'koffi';

const [, , device, path, times = '1', restMs = '2'] = process.argv;
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
const moment = new Int32Array(new SharedArrayBuffer(4));
for (let left = Number(times); left > 0; left--) {
  for (let at = 24; at < file.length; ) {
    const length = file.readUInt32LE(at + 8);
    if (send(handle, file.subarray(at + 16, at + 16 + length), length) !== 0)
      throw new Error(`packet ${count}`);
    at += 16 + length;
    count++;
  }
  if (left > 1) Atomics.wait(moment, 0, 0, Number(restMs));
}
console.log(count);
