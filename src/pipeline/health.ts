// What xports stands on, looked at: Node, SQLite, libpcap, the right to capture, and the database.

import { EXIT } from '../base/errors.ts';
import { type EngineState, engineStates } from '../source/live/engine.ts';
import { pcapLibrary } from '../source/live/pcap-library.ts';
import {
  type DatabaseHealth,
  databaseHealth,
  sqliteVersion,
  type Trouble,
  troubleOf,
} from '../store/sqlite/health.ts';
import { type NamedInterface, namedInterfaces } from './interfaces.ts';

export interface Health {
  readonly node: { readonly version: string; readonly accepted: string; readonly isAccepted: boolean };
  /** Null where it cannot be loaded. */
  readonly sqlite: string | null;
  readonly libpcap: string | null;
  readonly engines: readonly EngineState[];
  readonly interfaces: readonly NamedInterface[];
  /** What stands in the way of a capture now; null for nothing. */
  readonly captureTrouble: Trouble | null;
  readonly sqliteTrouble: Trouble | null;
  readonly database: DatabaseHealth;
  /** What a command that met the worst of it would end with. */
  readonly exitCode: number;
}

/** Looks at everything, and changes nothing. `accepted` is the range of package.json. */
export function healthOf(db: string, accepted: string): Health {
  const sqlite = attempt(sqliteVersion);
  const database = databaseHealth(db);
  const interfaces = attempt(namedInterfaces);
  const captureTrouble = interfaces.trouble ?? troubleOfCapture(interfaces.value ?? []);
  const isSpoilt = sqlite.trouble !== null || database.trouble !== null;
  return {
    node: { version: process.versions.node, accepted, isAccepted: accepts(accepted, process.versions.node) },
    sqlite: sqlite.value,
    libpcap: attempt(() => pcapLibrary().version).value,
    engines: engineStates(),
    interfaces: interfaces.value ?? [],
    captureTrouble,
    sqliteTrouble: sqlite.trouble,
    database,
    exitCode: isSpoilt ? EXIT.database : captureTrouble !== null ? EXIT.noLive : EXIT.done,
  };
}

/** One interface that is up and can be opened is enough: which of them matters only the user knows. */
function troubleOfCapture(interfaces: readonly NamedInterface[]): Trouble | null {
  const up = interfaces.filter((one) => one.up);
  if (up.some(({ refused }) => refused === null)) return null;
  const refused = up.find((one) => one.refused !== null)?.refused;
  if (refused) return { text: refused.reason, hint: refused.hint };
  return { text: 'no network interface is up', hint: 'sudo ip link set NAME up' };
}

function attempt<T>(look: () => T): { readonly value: T | null; readonly trouble: Trouble | null } {
  try {
    return { value: look(), trouble: null };
  } catch (error) {
    return { value: null, trouble: troubleOf(error) };
  }
}

/** Whether a version is in a range such as `20 || 22 || >=26`. */
export function accepts(range: string, version: string): boolean {
  const major = Number.parseInt(version, 10);
  return range.split('||').some((part) => {
    const [, from, number] = /^\s*(>=)?\s*(\d+)/.exec(part) ?? [];
    return from === undefined ? Number(number) === major : major >= Number(number);
  });
}
