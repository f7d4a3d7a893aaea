// The few functions of the C library that capture through libpcap needs: a FILE over our own memory (fmemopen(3)),
// poll(2), and the socket option that makes a packet socket deaf.

import { loadKoffi, type NativeFunction } from './native.ts';

/** An address in the process. */
export type Pointer = bigint;

export interface Libc {
  readonly fmemopen: NativeFunction<(memory: Pointer, bytes: number, mode: string) => Pointer | null>;
  readonly fclose: NativeFunction<(file: Pointer) => number>;
  readonly fseek: NativeFunction<(file: Pointer, offset: number, whence: number) => number>;
  readonly fflush: NativeFunction<(file: Pointer) => number>;
  readonly ftell: NativeFunction<(file: Pointer) => number>;
  readonly ferror: NativeFunction<(file: Pointer) => number>;
  readonly poll: NativeFunction<(descriptors: Int16Array, count: number, timeoutMs: number) => number>;
  readonly setsockopt: NativeFunction<
    (fd: number, level: number, name: number, value: Uint8Array, bytes: number) => number
  >;
  readonly socket: NativeFunction<(domain: number, type: number, protocol: number) => number>;
  readonly ioctl: NativeFunction<(fd: number, request: number, type: string, argument: Uint8Array) => number>;
  readonly close: NativeFunction<(fd: number) => number>;
}

let cached: Libc | undefined;

/** The C library that Node itself runs on. Throws where it lacks one of the functions, as on Windows. */
export function libc(): Libc {
  if (cached !== undefined) return cached;
  const library = loadKoffi().load(null);
  cached = {
    fmemopen: library.func('void *fmemopen(void *memory, size_t bytes, const char *mode)'),
    fclose: library.func('int fclose(void *file)'),
    fseek: library.func('int fseek(void *file, long offset, int whence)'),
    fflush: library.func('int fflush(void *file)'),
    ftell: library.func('long ftell(void *file)'),
    ferror: library.func('int ferror(void *file)'),
    poll: library.func('int poll(void *descriptors, unsigned long count, int timeout)'),
    setsockopt: library.func('int setsockopt(int fd, int level, int name, void *value, uint32_t bytes)'),
    socket: library.func('int socket(int domain, int type, int protocol)'),
    ioctl: library.func('int ioctl(int fd, unsigned long request, ...)'),
    close: library.func('int close(int fd)'),
  };
  return cached;
}

/** Where a typed array's bytes lie. They stay there as long as the array is referenced and not detached. */
export function addressOf(bytes: Uint8Array | Uint32Array, at = 0): Pointer {
  return loadKoffi().address(bytes) + BigInt(at);
}

/** Whether structures with pointers are laid out as on a little-endian machine of 64 bits. */
export function hasWidePointers(): boolean {
  return loadKoffi().sizeof('void *') === 8 && new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
