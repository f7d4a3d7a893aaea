// Writes a capture of an Exchange site whose flows begin with real payloads: TLS hellos, mail banners, binds, queries.
//   node --import tsx bench/payload/capture.ts FILE [PACKETS]
// Its own random numbers begin alike, so that the same call writes the same bytes.
import { closeSync, openSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { type Address, type Host, type Message, TALKS, type Talk } from './talks.ts';

const MSS = 1_460;
const CONCURRENT = 5_000;
const VARIANTS = 12;
const STEP_US = 40;
const START_S = 1_700_000_000;
const CHUNK = 8 << 20;
const HEAD = 16 + 14 + 20;
const FLAG = { fin: 1, syn: 2, ack: 16, push: 8 } as const;

/** How many hosts of each kind, and where they are. */
const HOSTS: Readonly<Record<Host, { readonly count: number; readonly at: (n: number) => Address }>> = {
  client: { count: 3_000, at: (n) => [10, 20, n >>> 8, n & 255] },
  exchange: { count: 4, at: (n) => [10, 10, 0, 11 + n] },
  controller: { count: 2, at: (n) => [10, 10, 0, 3 + n] },
  outside: { count: 800, at: (n) => [198, 51, n >>> 8, n & 255] },
};

/** A packet of a flow before it has addresses. */
interface Step {
  readonly side: 0 | 1;
  readonly flags: number;
  readonly data: Uint8Array;
}

interface Script {
  readonly talk: Talk;
  readonly server: Address;
  readonly steps: readonly Step[];
}

interface Flow {
  readonly script: Script;
  readonly client: Address;
  readonly clientPort: number;
  /** The next sequence number of either side. */
  readonly seq: [number, number];
  next: number;
}

export interface Truth {
  readonly packets: number;
  readonly flows: number;
}

/** Writes so many packets to the path, and says how many flows they began. */
export function writePayloadCapture(path: string, packets: number): Truth {
  const random = randomOf(20_260_101);
  const scripts = allScripts(random);
  const file = openSync(path, 'w');
  try {
    const out = new Records(file);
    const flows: Flow[] = Array.from({ length: CONCURRENT }, (_, n) => begin(scripts, random, n));
    let begun = flows.length;
    for (let n = 0; n < packets; n++) {
      const slot = Math.floor(random() * flows.length);
      out.add(n * STEP_US, flows[slot]);
      if (flows[slot].next === flows[slot].script.steps.length) flows[slot] = begin(scripts, random, begun++);
    }
    out.flush();
    return { packets, flows: begun };
  } finally {
    closeSync(file);
  }
}

/** A linear congruential generator (Knuth's MMIX has the idea, 32 bits are enough here), from 0 to below 1. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

/** Scripts in the shares of their talks: a hundred places, each with variants. */
function allScripts(random: () => number): Script[][] {
  return TALKS.flatMap((talk) => {
    const hosts = HOSTS[talk.to];
    const variants = Array.from({ length: VARIANTS }, (_, n): Script => {
      const server = hosts.at(n % hosts.count);
      return { talk, server, steps: stepsOf(talk, talk.messages(random, server)) };
    });
    return Array.from({ length: talk.share }, () => variants);
  });
}

function stepsOf(talk: Talk, messages: readonly Message[]): Step[] {
  const none = new Uint8Array(0);
  if (talk.udp) return messages.map(({ side, data }) => ({ side, flags: 0, data }));
  const steps: Step[] = [
    { side: 0, flags: FLAG.syn, data: none },
    { side: 1, flags: FLAG.syn | FLAG.ack, data: none },
    { side: 0, flags: FLAG.ack, data: none },
  ];
  for (const { side, data } of messages) {
    for (let at = 0; at < data.length; at += MSS) {
      const last = at + MSS >= data.length;
      steps.push({ side, flags: FLAG.ack | (last ? FLAG.push : 0), data: data.subarray(at, at + MSS) });
      if (at > 0 && (at / MSS) % 2 === 1)
        steps.push({ side: side === 0 ? 1 : 0, flags: FLAG.ack, data: none });
    }
  }
  for (const side of [0, 1] as const) {
    steps.push({ side, flags: FLAG.ack | FLAG.fin, data: none });
    steps.push({ side: side === 0 ? 1 : 0, flags: FLAG.ack, data: none });
  }
  return steps;
}

function begin(scripts: readonly Script[][], random: () => number, n: number): Flow {
  const variants = scripts[Math.floor(random() * scripts.length)];
  const script = variants[Math.floor(random() * variants.length)];
  const hosts = HOSTS[script.talk.from];
  return {
    script,
    client: hosts.at(Math.floor(random() * hosts.count)),
    clientPort: 49_152 + (n % 16_000),
    seq: [Math.floor(random() * 0x1_0000_0000), Math.floor(random() * 0x1_0000_0000)],
    next: 0,
  };
}

/** Records of a pcap file, written in large pieces. */
class Records {
  private readonly file: number;
  private readonly bytes = new Uint8Array(CHUNK);
  private readonly view = new DataView(this.bytes.buffer);
  private at = 24;

  constructor(file: number) {
    this.file = file;
    const head = [0xa1b2c3d4, 0x00040002, 0, 0, 65_535, 1];
    for (const [n, word] of head.entries()) this.view.setUint32(n * 4, word, true);
  }

  /** Adds the flow's next packet. */
  add(afterUs: number, flow: Flow): void {
    const { talk, steps, server } = flow.script;
    const step = steps[flow.next++];
    const transport = talk.udp ? 8 : 20;
    const length = HEAD + transport + step.data.length;
    if (this.at + length > CHUNK) this.flush();
    const { view, at } = this;
    const wire = length - 16;
    view.setUint32(at, START_S + Math.floor(afterUs / 1e6), true);
    view.setUint32(at + 4, afterUs % 1e6, true);
    view.setUint32(at + 8, wire, true);
    view.setUint32(at + 12, wire, true);
    this.bytes.fill(0, at + 16, at + HEAD + transport);
    this.bytes.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45], at + 16);
    view.setUint16(at + 32, wire - 14);
    view.setUint16(at + 34, (afterUs / STEP_US) & 0xffff);
    this.bytes.set([64, talk.udp ? 17 : 6], at + 38);
    this.bytes.set(step.side === 0 ? flow.client : server, at + 42);
    this.bytes.set(step.side === 0 ? server : flow.client, at + 46);
    view.setUint16(at + 40, headerSum(view, at + 30));
    this.transport(at + HEAD, flow, step);
    this.bytes.set(step.data, at + HEAD + transport);
    this.at += length;
  }

  flush(): void {
    writeSync(this.file, this.bytes, 0, this.at);
    this.at = 0;
  }

  /** Checksums are left to the network card, as captures on the sending host have them. */
  private transport(at: number, flow: Flow, { side, flags, data }: Step): void {
    const { view } = this;
    const { talk } = flow.script;
    view.setUint16(at, side === 0 ? flow.clientPort : talk.port);
    view.setUint16(at + 2, side === 0 ? talk.port : flow.clientPort);
    if (talk.udp) {
      view.setUint16(at + 4, 8 + data.length);
      return;
    }
    view.setUint32(at + 4, flow.seq[side]);
    view.setUint32(at + 8, (flags & FLAG.ack) === 0 ? 0 : flow.seq[side === 0 ? 1 : 0]);
    view.setUint8(at + 12, 5 << 4);
    view.setUint8(at + 13, flags);
    view.setUint16(at + 14, 8_192);
    const taken = data.length + ((flags & (FLAG.syn | FLAG.fin)) === 0 ? 0 : 1);
    flow.seq[side] = (flow.seq[side] + taken) >>> 0;
  }
}

/** The checksum of 20 bytes of IPv4 header (RFC 791). */
function headerSum(view: DataView, at: number): number {
  let sum = 0;
  for (let n = 0; n < 20; n += 2) sum += view.getUint16(at + n);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [path, packets = '2000000'] = process.argv.slice(2);
  if (path === undefined) throw new Error('say which file to write');
  process.stdout.write(`${JSON.stringify(writePayloadCapture(path, Number(packets)))}\n`);
}
