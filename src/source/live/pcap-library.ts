// The functions of the system's libpcap (pcap(3PCAP)), wherever it is installed.

import type { Pointer } from './libc.ts';
import { loadKoffi, type NativeFunction } from './native.ts';

/** Results of libpcap's functions, from pcap/pcap.h. */
export const PCAP = {
  noSuchDevice: -5,
  permissionDenied: -8,
  notUp: -9,
  promiscuousDenied: -11,
  genericWarning: 1,
  nanoseconds: 1,
  /** pcap_compile: the netmask is not known. */
  netmaskUnknown: 0xffffffff,
  /** Size of the buffers for messages. */
  messageBytes: 256,
} as const;

export interface PcapLibrary {
  readonly version: string;
  /** Address of pcap_dump, to be called by pcap_dispatch without a detour through JavaScript. */
  readonly dump: Pointer;
  readonly create: NativeFunction<(device: string, message: Uint8Array) => Pointer | null>;
  readonly setSnaplen: NativeFunction<(handle: Pointer, bytes: number) => number>;
  readonly setPromiscuous: NativeFunction<(handle: Pointer, on: number) => number>;
  readonly setTimeout: NativeFunction<(handle: Pointer, milliseconds: number) => number>;
  readonly setBufferSize: NativeFunction<(handle: Pointer, bytes: number) => number>;
  readonly setPrecision: NativeFunction<(handle: Pointer, precision: number) => number>;
  readonly activate: NativeFunction<(handle: Pointer) => number>;
  readonly setNonBlocking: NativeFunction<(handle: Pointer, on: number, message: Uint8Array) => number>;
  readonly selectableFd: NativeFunction<(handle: Pointer) => number>;
  readonly dataLink: NativeFunction<(handle: Pointer) => number>;
  readonly compile: NativeFunction<
    (handle: Pointer, program: Uint8Array, filter: string, optimize: number, netmask: number) => number
  >;
  readonly setFilter: NativeFunction<(handle: Pointer, program: Uint8Array) => number>;
  readonly freeCode: NativeFunction<(program: Uint8Array) => void>;
  readonly dumpOpen: NativeFunction<(handle: Pointer, file: Pointer) => Pointer | null>;
  readonly dispatch: NativeFunction<
    (handle: Pointer, count: number, callback: Pointer, user: Pointer) => number
  >;
  readonly stats: NativeFunction<(handle: Pointer, stats: Uint32Array) => number>;
  readonly errorOf: NativeFunction<(handle: Pointer) => string>;
  readonly statusText: NativeFunction<(status: number) => string>;
  readonly findDevices: NativeFunction<(list: BigUint64Array, message: Uint8Array) => number>;
  readonly freeDevices: NativeFunction<(list: Pointer) => void>;
  readonly close: NativeFunction<(handle: Pointer) => void>;
}

const NAMES: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  // Debian's name, everybody else's, and the one of a development package.
  linux: ['libpcap.so.0.8', 'libpcap.so.1', 'libpcap.so'],
  darwin: ['libpcap.A.dylib', '/usr/lib/libpcap.A.dylib', 'libpcap.dylib'],
  freebsd: ['libpcap.so.8', 'libpcap.so'],
};

let cached: PcapLibrary | undefined;

/** The system's libpcap. Throws a sentence where there is none. */
export function pcapLibrary(): PcapLibrary {
  cached ??= loadLibrary(NAMES[process.platform] ?? []);
  return cached;
}

/** Loads the first library there is of those names. */
export function loadLibrary(names: readonly string[]): PcapLibrary {
  const koffi = loadKoffi();
  for (const name of names) {
    let library: ReturnType<typeof koffi.load>;
    try {
      library = koffi.load(name);
    } catch {
      continue;
    }
    return {
      version: library.func('const char *pcap_lib_version()')(),
      dump: library.symbol('pcap_dump'),
      create: library.func('void *pcap_create(const char *device, void *message)'),
      setSnaplen: library.func('int pcap_set_snaplen(void *handle, int bytes)'),
      setPromiscuous: library.func('int pcap_set_promisc(void *handle, int on)'),
      setTimeout: library.func('int pcap_set_timeout(void *handle, int milliseconds)'),
      setBufferSize: library.func('int pcap_set_buffer_size(void *handle, int bytes)'),
      setPrecision: library.func('int pcap_set_tstamp_precision(void *handle, int precision)'),
      activate: library.func('int pcap_activate(void *handle)'),
      setNonBlocking: library.func('int pcap_setnonblock(void *handle, int on, void *message)'),
      selectableFd: library.func('int pcap_get_selectable_fd(void *handle)'),
      dataLink: library.func('int pcap_datalink(void *handle)'),
      compile: library.func(
        'int pcap_compile(void *handle, void *program, const char *filter, int optimize, uint32_t netmask)',
      ),
      setFilter: library.func('int pcap_setfilter(void *handle, void *program)'),
      freeCode: library.func('void pcap_freecode(void *program)'),
      dumpOpen: library.func('void *pcap_dump_fopen(void *handle, void *file)'),
      dispatch: library.func('int pcap_dispatch(void *handle, int count, void *callback, void *user)'),
      stats: library.func('int pcap_stats(void *handle, void *stats)'),
      errorOf: library.func('const char *pcap_geterr(void *handle)'),
      statusText: library.func('const char *pcap_statustostr(int status)'),
      findDevices: library.func('int pcap_findalldevs(void *list, void *message)'),
      freeDevices: library.func('void pcap_freealldevs(void *list)'),
      close: library.func('void pcap_close(void *handle)'),
    };
  }
  throw new Error(
    names.length === 0 ? 'this system has no libpcap' : `there is no ${names.join(' and no ')}`,
  );
}

/** The text in a buffer that libpcap wrote a message to. */
export function messageIn(buffer: Uint8Array): string {
  const end = buffer.indexOf(0);
  return new TextDecoder().decode(buffer.subarray(0, end < 0 ? buffer.length : end));
}
