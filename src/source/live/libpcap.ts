// The engine on the system's libpcap. pcap_dispatch runs on another thread with libpcap's own pcap_dump as its
// callback, which writes records into the buffer that the reader of files reads.

import { promisify } from 'node:util';
import { deafen } from './deafen.ts';
import { DumpFile, packetsThatFit } from './dump-file.ts';
import type { LiveEngine, LiveOptions, LiveSource, LiveStats } from './engine.ts';
import { libc } from './libc.ts';
import { deviceState } from './net-device.ts';
import { BLOCK_MS, PcapHandle, WideCounter } from './pcap-handle.ts';
import { pcapLibrary } from './pcap-library.ts';

const POLL_MS = 100;
const POLLIN = 1;
/** POLLERR, POLLHUP and POLLNVAL: all that poll(2) tells unasked. */
const POLL_TROUBLE = 0x8 | 0x10 | 0x20;
/** After this long every block of the ring was handed over, whatever was in it. */
const DRAIN_MS = 3 * BLOCK_MS;
const STATS_MS = 500;
const LINK_TYPE_AT = 20;

export const LIBPCAP_ENGINE: LiveEngine = {
  name: 'libpcap',
  unavailable() {
    try {
      pcapLibrary();
      libc();
      return null;
    } catch (error) {
      return `libpcap cannot be used (${error instanceof Error ? error.message : String(error)})`;
    }
  },
  open: (options) => new LibpcapSource(options),
};

class LibpcapSource implements LiveSource {
  readonly size = null;
  readonly engine = 'libpcap';
  readonly linkType: number;
  readonly warnings: readonly string[];
  private handle: PcapHandle;
  private readonly options: LiveOptions;
  private header: Uint8Array | null;
  private readonly files: DumpFile[] = [];
  /** struct pollfd: a descriptor of two halves, what is asked, what is answered. */
  private readonly polled = new Int16Array(4);
  private readonly polling = promisify(libc().poll.async);
  private left: number;
  private received = 0;
  private readonly kernelDropped = new WideCounter();
  private readonly interfaceDropped = new WideCounter();
  private readonly raw = new Uint32Array(8);
  private statsAtMs = 0;
  private stoppedAtMs = Infinity;
  private downSinceMs: number | null = null;
  private downReason = '';
  private mustReopen = false;
  private closed = false;
  private pending: Promise<unknown> = Promise.resolve();
  private readonly onAbort = () => this.stop();

  constructor(options: LiveOptions) {
    this.options = options;
    this.left = options.count ?? Infinity;
    this.handle = PcapHandle.open(options);
    this.warnings = this.handle.warnings;
    this.header = DumpFile.header(this.handle);
    this.linkType = new DataView(this.header.buffer).getUint16(LINK_TYPE_AT, isLittle());
    if (options.signal.aborted) this.stop();
    options.signal.addEventListener('abort', this.onAbort, { once: true });
  }

  stats(): LiveStats {
    return {
      received: this.received,
      kernelDropped: this.kernelDropped.total,
      interfaceDropped: this.interfaceDropped.total,
      engineDropped: 0,
    };
  }

  read(into: Uint8Array, at: number, length: number): Promise<number> {
    const reading = this.nextRecords(into, at, length);
    this.pending = reading.catch(() => 0);
    return reading;
  }

  /** Waits for the thread that may still be writing, then closes the device. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.options.signal.removeEventListener('abort', this.onAbort);
    await this.pending;
    for (const file of this.files) file.close();
    this.handle.close();
  }

  private async nextRecords(into: Uint8Array, at: number, length: number): Promise<number> {
    if (this.header !== null) {
      into.set(this.header, at);
      const { length: bytes } = this.header;
      this.header = null;
      return bytes;
    }
    const most = packetsThatFit(length, this.options.snaplen);
    const file = this.fileOver(into, at, length);
    while (!this.closed && this.left > 0) {
      const beganMs = performance.now();
      file.rewind();
      const count = await this.handle.dispatch(Math.min(most, this.left), file.pointer);
      if (count > 0) {
        this.received += count;
        this.left -= count;
        if (beganMs - this.statsAtMs > STATS_MS) this.readStats(beganMs);
        return file.written();
      }
      this.readStats(beganMs);
      if (beganMs - this.stoppedAtMs > DRAIN_MS) break;
      if (count < 0) this.failed(this.handle.errorText());
      await (this.downSinceMs === null ? this.wait() : this.waitUntilUp());
    }
    this.readStats(performance.now());
    return 0;
  }

  /** Waits for packets, a little while: a ring that idles may not wake poll. */
  private async wait(): Promise<void> {
    const { polled } = this;
    polled[0] = this.handle.fd & 0xffff;
    polled[1] = this.handle.fd >>> 16;
    polled[2] = POLLIN;
    polled[3] = 0;
    await this.polling(polled, 1, POLL_MS);
    if ((polled[3] & POLL_TROUBLE) !== 0) this.wentDown('The interface went down');
  }

  /** A device that is only down is listened to on; for any other trouble it is opened anew. */
  private failed(reason: string): void {
    if (deviceState(this.options.device) !== 'down') this.mustReopen = true;
    if (this.downSinceMs === null) this.wentDown(reason);
  }

  private wentDown(reason: string): void {
    this.downSinceMs = Date.now();
    this.downReason = reason;
    this.options.onEvent({ kind: 'down', atUs: this.downSinceMs * 1000, reason });
  }

  private async waitUntilUp(): Promise<void> {
    const downMs = Date.now() - this.downSinceMs!;
    const state = deviceState(this.options.device);
    if (state === 'gone') this.mustReopen = true;
    // What the ring of a device that is gone holds comes first.
    const canTry = state !== 'gone' && state !== 'down' && (!this.mustReopen || downMs > DRAIN_MS);
    if (!canTry || (this.mustReopen && !this.reopen())) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      return;
    }
    const fromUs = this.downSinceMs! * 1000;
    this.downSinceMs = null;
    this.mustReopen = false;
    this.options.onEvent({ kind: 'gap', fromUs, toUs: Date.now() * 1000, reason: this.downReason });
  }

  /** False where the device is not there yet. Throws where it may not be opened any more. */
  private reopen(): boolean {
    const { device } = this.options;
    let handle: PcapHandle;
    try {
      handle = PcapHandle.open(this.options);
    } catch (error) {
      if (deviceState(device) !== 'up') return false;
      const words = error instanceof Error ? error.message : String(error);
      throw new Error(`${this.downReason}, and after it came back: ${words}`);
    }
    const header = DumpFile.header(handle);
    if (new DataView(header.buffer).getUint16(LINK_TYPE_AT, isLittle()) !== this.linkType) {
      handle.close();
      throw new Error(`${device} came back with another link type`);
    }
    this.handle.close();
    this.handle = handle;
    this.kernelDropped.restart();
    this.interfaceDropped.restart();
    return true;
  }

  private stop(): void {
    if (this.stoppedAtMs !== Infinity) return;
    if (this.downSinceMs === null) deafen(this.handle.fd);
    this.stoppedAtMs = performance.now();
  }

  private readStats(nowMs: number): void {
    this.statsAtMs = nowMs;
    // Received, dropped for want of room, dropped by the interface.
    if (!this.handle.stats(this.raw)) return;
    this.kernelDropped.update(this.raw[1]);
    this.interfaceDropped.update(this.raw[2]);
  }

  /** A reader has two buffers in turn; each keeps its FILE. */
  private fileOver(memory: Uint8Array, at: number, length: number): DumpFile {
    const known = this.files.find((file) => file.isOver(memory, at, length));
    if (known !== undefined) return known;
    const file = new DumpFile(this.handle, memory, at, length);
    if (this.files.push(file) > 4) this.files.shift()?.close();
    return file;
  }
}

/** libpcap writes in the byte order of the machine. */
function isLittle(): boolean {
  return new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
}
