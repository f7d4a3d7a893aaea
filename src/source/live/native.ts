// The native packages of live capture, loaded only where somebody wants to capture: reading files needs neither.

import { createRequire } from 'node:module';
import type * as KoffiModule from 'koffi';

export type Koffi = typeof KoffiModule;
/** A function of a C library: called at once, or on a thread of its own with a callback. */
export type NativeFunction<T extends (...args: never[]) => unknown> = KoffiModule.KoffiFunc<T>;

/** What is used of the package `cap`. */
export interface CapModule {
  readonly Cap: new () => CapDevice;
}

export interface CapDevice {
  /** Opens the device and answers the name of its link type. Throws libpcap's words. */
  open(device: string, filter: string, bufferBytes: number, packet: Buffer): string;
  close(): boolean;
  /** Bytes of the packet, which is in the buffer given to `open`, and whether the buffer was too short. */
  on(event: 'packet', listener: (length: number, truncated: boolean) => void): void;
}

const load = createRequire(import.meta.url);
const loaded = new Map<string, unknown>();

/** koffi, which calls C libraries. Throws where there is no build of it for this system. */
export function loadKoffi(): Koffi {
  return loadOnce('koffi') as Koffi;
}

/** cap, which is an optional dependency. Throws where it was not built. */
export function loadCap(): CapModule {
  return loadOnce('cap') as CapModule;
}

function loadOnce(name: string): unknown {
  let module = loaded.get(name);
  if (module === undefined) {
    module = load(name);
    loaded.set(name, module);
  }
  return module;
}
