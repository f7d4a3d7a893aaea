// The engine on the package `cap`. It tells no time, no original length and no drops, always listens promiscuously,
// and calls back once a packet on the main thread: the way to capture where libpcap cannot be called directly.

import { EXIT, XportsError } from '../../base/errors.ts';
import type { LiveEngine, LiveOptions, LiveSource, LiveStats } from './engine.ts';
import { type CapDevice, loadCap } from './native.ts';
import { deniedError, noDeviceError, notUpError } from './permission.ts';
import { RecordQueue } from './record-queue.ts';

const DEFAULT_BUFFER_MIB = 256;
const MIB = 1 << 20;
/** The snaplen that cap asks libpcap for. */
const CAP_SNAPLEN = 65_535;
/** Packets are handed on when this much of them has come, or after this time: one by one would cost ten times more. */
const WAKE_BYTES = 128 << 10;
const WAIT_MS = 50;

/** The names that cap has for link types, as capture files number them. */
const LINK_TYPES: Readonly<Record<string, number>> = {
  ETHERNET: 1,
  NULL: 0,
  RAW: 101,
  IEEE802_11_RADIO: 127,
  LINKTYPE_LINUX_SLL: 113,
};
/** What cap says of a link type that it has no name for. */
const UNKNOWN = /^Unknown linktype (\d+)$/;

/**
 * Devices that were open. cap frees one that nobody holds while the event loop still knows it, which corrupts the
 * process's memory.
 */
const held: CapDevice[] = [];

export const CAP_ENGINE: LiveEngine = {
  name: 'cap',
  unavailable() {
    try {
      loadCap();
      return null;
    } catch {
      return 'the package cap is not built (npm rebuild cap, which needs libpcap0.8-dev, python3, make and g++)';
    }
  },
  open: (options) => new CapSource(options),
};

class CapSource implements LiveSource {
  readonly size = null;
  readonly engine = 'cap';
  readonly linkType: number;
  readonly warnings: readonly string[];
  private readonly device: CapDevice;
  private readonly packet = Buffer.alloc(CAP_SNAPLEN);
  private readonly queue: RecordQueue;
  private readonly options: LiveOptions;
  private received = 0;
  private left: number;
  stopped = false;
  private wake: (() => void) | null = null;
  private readonly onAbort = () => this.stop();

  constructor(options: LiveOptions) {
    this.options = options;
    this.left = options.count ?? Infinity;
    const { Cap } = loadCap();
    this.device = new Cap();
    held.push(this.device);
    const bufferBytes = (options.bufferMiB ?? DEFAULT_BUFFER_MIB) * MIB;
    let link: string;
    try {
      link = this.device.open(options.device, options.filter ?? '', bufferBytes, this.packet);
    } catch (error) {
      throw openError(options, error instanceof Error ? error.message : String(error));
    }
    this.linkType = LINK_TYPES[link] ?? Number(UNKNOWN.exec(link)?.[1] ?? 0);
    this.queue = new RecordQueue(options.snaplen, this.linkType);
    this.warnings = [
      'the engine cap knows no times (packets get the time of their arrival here) and no drops',
      ...(options.promiscuous ? [] : ['the engine cap always listens promiscuously']),
    ];
    this.device.on('packet', (length) => this.take(length));
    if (options.signal.aborted) this.stop();
    options.signal.addEventListener('abort', this.onAbort, { once: true });
  }

  stats(): LiveStats {
    return {
      received: this.received,
      kernelDropped: null,
      interfaceDropped: null,
      engineDropped: this.queue.dropped,
    };
  }

  async read(into: Uint8Array, at: number, length: number): Promise<number> {
    for (;;) {
      if (this.queue.bytes < WAKE_BYTES && this.queue.begun && !this.stopped) await this.someTime();
      const bytes = this.queue.take(into, at, length);
      if (bytes > 0 || this.stopped) return bytes;
    }
  }

  async close(): Promise<void> {
    this.stop();
    this.options.signal.removeEventListener('abort', this.onAbort);
  }

  /** Until there is much to read, or a while has passed. */
  private async someTime(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      timer = setTimeout(resolve, WAIT_MS);
    });
    clearTimeout(timer);
    this.wake = null;
  }

  private take(length: number): void {
    if (this.stopped) return;
    const nowUs = Math.floor((performance.timeOrigin + performance.now()) * 1000);
    if (!this.queue.add(this.packet, length, nowUs)) return;
    this.received++;
    if (--this.left === 0) this.stop();
    if (this.queue.bytes >= WAKE_BYTES) this.wake?.();
  }

  private stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.device.close();
    this.wake?.();
  }
}

/** cap throws libpcap's words without its numbers. */
function openError({ device, filter }: LiveOptions, words: string): XportsError {
  if (/permission|not permitted/i.test(words)) return deniedError(device, words);
  if (/no such device|doesn't exist/i.test(words)) return noDeviceError(device, words);
  if (/not up|is down/i.test(words)) return notUpError(device, words);
  if (filter !== null && /syntax|expression|unknown|illegal|parse/i.test(words)) {
    return new XportsError('usage', EXIT.usage, `--filter ${JSON.stringify(filter)}: ${words}`);
  }
  return new XportsError(
    'live',
    EXIT.noLive,
    `${device} cannot be opened: ${words === '' ? 'no reason is given' : words}`,
  );
}
