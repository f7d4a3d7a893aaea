// What is measured: the captures, the programs that read each of them, and the goals that are judged.

/** A capture the generator writes, or one made by repeating such a capture. */
export interface CaptureSpec {
  readonly name: string;
  /** `payload` is written by payload/capture.ts, all others by the generator in C. */
  readonly mode: 'mixed' | 'small' | 'tiny' | 'payload';
  readonly packets: number;
  readonly quickPackets: number;
  /** Flows that are alive at any moment. */
  readonly concurrent: number;
  /** Stretches the clock: 1 is about a million packets a second. */
  readonly step: number;
  /** How often the conversations are played, hours apart. */
  readonly passes: number;
  /** For the disk check before anything is written. */
  readonly bytesPerPacket: number;
}

export const captures: readonly CaptureSpec[] = [
  {
    name: 'mixed',
    mode: 'mixed',
    packets: 9_000_000,
    quickPackets: 1_000_000,
    concurrent: 20_000,
    step: 1,
    passes: 1,
    bytesPerPacket: 480,
  },
  {
    name: 'small',
    mode: 'small',
    packets: 20_000_000,
    quickPackets: 2_000_000,
    concurrent: 60_000,
    step: 1,
    passes: 1,
    bytesPerPacket: 104,
  },
  {
    name: 'tiny',
    mode: 'tiny',
    packets: 20_000_000,
    quickPackets: 2_000_000,
    concurrent: 60_000,
    step: 1,
    passes: 1,
    bytesPerPacket: 88,
  },
  {
    name: 'steady',
    mode: 'small',
    packets: 2_000_000,
    quickPackets: 200_000,
    concurrent: 20_000,
    step: 1000,
    passes: 1,
    bytesPerPacket: 104,
  },
  // The same conversations ten times over: ten times the file, no more flows alive, no new pairs of hosts.
  {
    name: 'steady-x10',
    mode: 'small',
    packets: 2_000_000,
    quickPackets: 200_000,
    concurrent: 20_000,
    step: 1000,
    passes: 10,
    bytesPerPacket: 104,
  },
  // As long as the one above, but every flow is a new five-tuple: what is kept for each pair of hosts shows here.
  {
    name: 'steady-new',
    mode: 'small',
    packets: 20_000_000,
    quickPackets: 2_000_000,
    concurrent: 20_000,
    step: 1000,
    passes: 1,
    bytesPerPacket: 104,
  },
  // Flows that begin as those of an Exchange site do, with a hello, a banner, a bind or a query.
  {
    name: 'payload',
    mode: 'payload',
    packets: 6_000_000,
    quickPackets: 1_000_000,
    concurrent: 5_000,
    step: 1,
    passes: 1,
    bytesPerPacket: 400,
  },
];

export type ProgramName =
  | 'floor'
  | 'xports-none'
  | 'xports-all'
  | 'xports-headers'
  | 'softflowd'
  | 'nfpcapd'
  | 'argus'
  | 'pcap-parser';

/** One comparison: programs that take turns on one capture. */
export interface Comparison {
  readonly capture: string;
  readonly programs: readonly ProgramName[];
  /** Peak memory hardly varies, so captures measured for it alone need fewer rounds. */
  readonly maxRounds?: number;
}

export const comparisons: readonly Comparison[] = [
  {
    capture: 'mixed',
    programs: ['floor', 'xports-none', 'xports-all', 'softflowd', 'nfpcapd', 'argus', 'pcap-parser'],
  },
  { capture: 'small', programs: ['floor', 'xports-none', 'xports-all'] },
  { capture: 'tiny', programs: ['floor', 'xports-all', 'softflowd', 'nfpcapd', 'argus'] },
  { capture: 'steady', programs: ['xports-none', 'xports-all'], maxRounds: 2 },
  { capture: 'steady-x10', programs: ['xports-none', 'xports-all'], maxRounds: 2 },
  { capture: 'steady-new', programs: ['xports-none', 'xports-all'], maxRounds: 2 },
  { capture: 'payload', programs: ['xports-headers', 'xports-all'] },
];

export type Goal =
  /** The program takes at most `factor` times as long as the other. */
  | {
      readonly kind: 'time';
      readonly capture: string;
      readonly program: ProgramName;
      readonly than: ProgramName;
      readonly factor: number;
    }
  /** The program handles at least `factor` times as many packets a second as the other. */
  | {
      readonly kind: 'rate';
      readonly capture: string;
      readonly program: ProgramName;
      readonly than: ProgramName;
      readonly factor: number;
    }
  | {
      readonly kind: 'memory';
      readonly capture: string;
      readonly program: ProgramName;
      readonly mebibytes: number;
    }
  /** Peak memory on the long capture is at most `factor` times that on the short one. */
  | {
      readonly kind: 'flat';
      readonly capture: string;
      readonly short: string;
      readonly program: ProgramName;
      readonly factor: number;
    };

export const goals: readonly Goal[] = [
  { kind: 'time', capture: 'mixed', program: 'xports-none', than: 'floor', factor: 3 },
  { kind: 'time', capture: 'small', program: 'xports-none', than: 'floor', factor: 2.5 },
  { kind: 'time', capture: 'mixed', program: 'xports-all', than: 'floor', factor: 6 },
  { kind: 'time', capture: 'small', program: 'xports-all', than: 'floor', factor: 4 },
  { kind: 'time', capture: 'payload', program: 'xports-all', than: 'xports-headers', factor: 1.1 },
  { kind: 'rate', capture: 'mixed', program: 'xports-all', than: 'softflowd', factor: 3 },
  { kind: 'rate', capture: 'mixed', program: 'xports-all', than: 'nfpcapd', factor: 3 },
  { kind: 'rate', capture: 'tiny', program: 'xports-all', than: 'softflowd', factor: 5 },
  { kind: 'rate', capture: 'tiny', program: 'xports-all', than: 'nfpcapd', factor: 5 },
  { kind: 'memory', capture: 'small', program: 'xports-none', mebibytes: 250 },
  { kind: 'memory', capture: 'small', program: 'xports-all', mebibytes: 250 },
  { kind: 'flat', capture: 'steady-x10', short: 'steady', program: 'xports-none', factor: 1.2 },
  { kind: 'flat', capture: 'steady-x10', short: 'steady', program: 'xports-all', factor: 1.2 },
];
