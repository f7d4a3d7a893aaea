// The programs that are measured: how each is called, and how many packets it says it has read.
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import type { ProgramName } from './plan.ts';

export interface Call {
  readonly file: string;
  readonly args: readonly string[];
  /** What is written there is the program's records, and goes nowhere. */
  readonly discardStandardOutput?: boolean;
}

/** What a program says about its own work, to see that all of them did the same. */
export interface Tally {
  readonly packets?: number;
  readonly flows?: number;
}

export interface Program {
  readonly name: ProgramName;
  readonly title: string;
  /** `scratch` is an empty folder, removed after the run. */
  readonly call: (capture: string, scratch: string) => Call;
  readonly tally?: (output: string, scratch: string) => Tally;
}

/** A program that can run here, or the sentence that says why it cannot. */
export type Found =
  | { readonly program: Program; readonly missing?: never }
  | { readonly missing: string; readonly program?: never };

const repository = fileURLToPath(new URL('..', import.meta.url));

/** Looks in PATH and in the sbin folders, which PATH lacks for ordinary users of Debian. */
function findExecutable(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (folder !== '' && statSync(path).isFile()) return path;
    } catch {
      // not here
    }
  }
  return undefined;
}

function firstNumber(text: string, pattern: RegExp): number | undefined {
  const match = pattern.exec(text);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function tallyOf(packets: number | undefined, flows: number | undefined): Tally {
  return { ...(packets === undefined ? {} : { packets }), ...(flows === undefined ? {} : { flows }) };
}

function xports(name: 'xports-none' | 'xports-all' | 'xports-headers'): Found {
  const flows = name === 'xports-none' ? 'none' : 'all';
  const more = name === 'xports-headers' ? ['--no-payload'] : [];
  const title = ['xports --flows', flows, ...more].join(' ');
  if (!existsSync(join(repository, 'dist/cli/main.js'))) {
    return { missing: `${title}: not built (npm run build)` };
  }
  const script = join(repository, 'bin/xports.js');
  return {
    program: {
      name,
      title,
      call: (capture, scratch) => ({
        file: process.execPath,
        args: [
          script,
          'analyze',
          capture,
          '--db',
          join(scratch, 'x.db'),
          '--flows',
          flows,
          '--quiet',
          ...more,
        ],
      }),
      tally: (_output, scratch) => {
        const database = new Database(join(scratch, 'x.db'), { readonly: true });
        try {
          const read = (sql: string): number | undefined =>
            database.prepare<[], { n: number }>(sql).get()?.n ?? undefined;
          return tallyOf(
            read('SELECT sum(packets) AS n FROM runs'),
            read('SELECT count(*) AS n FROM flow_records'),
          );
        } finally {
          database.close();
        }
      },
    },
  };
}

interface Peer {
  readonly name: ProgramName;
  readonly debianPackage: string;
  readonly args: (capture: string, scratch: string) => readonly string[];
  readonly tally?: (output: string) => Tally;
  readonly discardStandardOutput?: boolean;
}

const peers: readonly Peer[] = [
  {
    name: 'softflowd',
    debianPackage: 'softflowd',
    // With -r it stays in the foreground; nothing listens on the port and it does not mind.
    args: (capture) => ['-6', '-r', capture, '-n', '127.0.0.1:9995'],
    tally: (output) =>
      tallyOf(firstNumber(output, /Packets processed: (\d+)/), firstNumber(output, /Flows exported: (\d+)/)),
  },
  {
    name: 'nfpcapd',
    debianPackage: 'nfdump',
    args: (capture, scratch) => ['-r', capture, '-l', scratch],
    // "Processed" counts what it looked at, "Packets" what went into flows.
    tally: (output) => tallyOf(firstNumber(output, /Packets: (\d+)/), firstNumber(output, /Flows: (\d+)/)),
  },
  {
    name: 'argus',
    debianPackage: 'argus-server',
    args: (capture) => ['-r', capture, '-w', '-'],
    discardStandardOutput: true,
  },
];

function peer(name: ProgramName): Found {
  const entry = peers.find((candidate) => candidate.name === name);
  if (entry === undefined) return { missing: `${name}: not known` };
  const file = findExecutable(name);
  if (file === undefined) {
    return { missing: `${name}: not installed (Debian package ${entry.debianPackage})` };
  }
  return {
    program: {
      name,
      title: name,
      call: (capture, scratch) => ({
        file,
        args: entry.args(capture, scratch),
        discardStandardOutput: entry.discardStandardOutput === true,
      }),
      ...(entry.tally === undefined ? {} : { tally: entry.tally }),
    },
  };
}

/** `floorBinary` is undefined where its sources or a compiler are missing. */
export function findProgram(name: ProgramName, floorBinary: string | undefined): Found {
  switch (name) {
    case 'floor':
      if (floorBinary === undefined) return { missing: 'floor: not available, so no ratios to it' };
      return {
        program: {
          name,
          title: 'floor full (C)',
          call: (capture) => ({ file: floorBinary, args: ['full', capture] }),
          tally: (output) => tallyOf(firstNumber(output, /pk=(\d+)/), undefined),
        },
      };
    case 'xports-none':
    case 'xports-all':
    case 'xports-headers':
      return xports(name);
    case 'pcap-parser':
      if (!existsSync(join(repository, 'node_modules/pcap-parser'))) {
        return { missing: 'pcap-parser: not installed (npm ci)' };
      }
      return {
        program: {
          name,
          title: 'pcap-parser, counting only',
          call: (capture) => ({
            file: process.execPath,
            args: [join(repository, 'bench/pcap-parser-count.mjs'), capture],
          }),
          tally: (output) => tallyOf(firstNumber(output, /packets=(\d+)/), undefined),
        },
      };
    default:
      return peer(name);
  }
}
