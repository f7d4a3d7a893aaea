// Every capture of the corpus against what independent readers say of it.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Capture, listCaptures, whyNoCorpus } from './corpus.ts';
import { type Exception, exceptions } from './exceptions.ts';
import {
  conversationsOf,
  conversationsOfFlows,
  differences,
  type Frame,
  foldsOf,
  nameOfFlow,
  type Place,
  portlessPackets,
  readFrames,
  readSummary,
  spansOf,
  spansOfFlows,
  summaryDifferences,
  vlansOf,
} from './oracle.ts';
import { differencesOf, linesOf, nameOf, readGolden, UNJUDGED } from './payload-findings.ts';
import { analyzeOnce, inParallel, type Outcome, sum } from './run.ts';

/** Link types of the manifest that this release reads; `per-packet` files use Ethernet and NULL. */
const readLinkTypes = new Set([
  'ether',
  'rawip',
  'rawip4',
  'rawip6',
  'null',
  'loop',
  'linux-sll',
  'linux-sll2',
  'per-packet',
  'ppp',
  'ieee-802-11',
  'ieee-802-11-radiotap',
  'frelay',
  'fddi-swapped',
  'nflog',
  'ip-ib',
  '?',
]);

interface Analyzed {
  readonly capture: Capture;
  readonly frames: readonly Frame[];
  readonly outcome: Outcome;
}

/** A check lists what it finds wrong with one capture, given the exceptions to heed. */
type Check = (analyzed: Analyzed, heeded: readonly Exception[]) => string[];

function excepted(
  heeded: readonly Exception[],
  about: 'packets' | 'exit' | 'first' | 'last',
  otherwise: number | null,
): number | null {
  const found = heeded.find((exception) => exception.about === about);
  return found && found.about !== 'frames' && found.about !== 'table' ? found.expected : otherwise;
}

function expectedExit(capture: Capture): number {
  if (capture.fileType === 'erf') return 3; // A container that this release does not read.
  if (capture.complaint === '') return 0;
  if (capture.packets > 0) return 4;
  return /network type \d+ unknown/.test(capture.complaint) ? 0 : 3;
}

function expectedPackets(capture: Capture, heeded: readonly Exception[]): number | null {
  return excepted(heeded, 'packets', capture.fileType === 'erf' ? 0 : capture.packets);
}

/** The conversation or skip reason that an exception names. */
function placeNamed(expected: string): Place {
  const words = expected.split(' ');
  if (words.length === 1) return { skip: expected };
  const [protocol, from, fromPort, to, toPort] = words.map((word) => (word === '-' ? '' : word));
  return { protocol: Number(protocol), from, fromPort, to, toPort };
}

function withExceptions(frames: readonly Frame[], heeded: readonly Exception[]): Frame[] {
  const table = heeded.find((exception) => exception.about === 'table');
  if (table?.about === 'table') return table.expected.map(framesOf);
  const moved = new Map<number, Place>();
  for (const exception of heeded) {
    if (exception.about !== 'frames') continue;
    for (const number of exception.frames) moved.set(number, placeNamed(exception.expected));
  }
  return frames.map((frame) => {
    const place = moved.get(frame.number);
    return place === undefined ? frame : { ...frame, place, laterFragment: null };
  });
}

/** A frame of a capture that the oracle has no table of. */
function framesOf(
  [timeUs, bytes, place]: readonly [timeUs: number, bytes: number, place: string],
  at: number,
): Frame {
  return {
    number: at + 1,
    timeUs,
    bytes,
    capturedBytes: bytes,
    vlans: '',
    place: placeNamed(place),
    elsewhere: false,
    portless: false,
    laterFragment: null,
  };
}

const isRead = ({ capture }: Analyzed, heeded: readonly Exception[]): boolean =>
  heeded.some(({ about }) => about === 'table') ||
  (capture.fileType !== 'erf' &&
    readLinkTypes.has(capture.linkType) &&
    capture.complaint.indexOf('network type') < 0);

const run = (outcome: Outcome) => outcome.rows.runs[0];

const exit: Check = ({ capture, outcome }, heeded) => {
  const expected = excepted(heeded, 'exit', expectedExit(capture));
  const problems: string[] = [];
  if (outcome.exitCode !== expected) {
    problems.push(`exit ${outcome.exitCode}, expected ${expected} ${outcome.stderr.trim().slice(0, 300)}`);
  }
  if (expected === 0 && outcome.stderr !== '')
    problems.push(`quiet, yet it said: ${outcome.stderr.slice(0, 300)}`);
  if (expected === 0 && run(outcome)?.status !== 'complete') problems.push(`status ${run(outcome)?.status}`);
  if (expected === 4) {
    const [source] = outcome.rows.sources;
    if (run(outcome)?.status !== 'damaged') problems.push(`status ${run(outcome)?.status}, expected damaged`);
    if (!source?.damage) problems.push('the damage has no reason');
    else if (!outcome.stderr.includes(String(source.damage_offset))) {
      problems.push(`the message does not name offset ${source.damage_offset}: ${outcome.stderr.trim()}`);
    }
  }
  return problems;
};

/** In a pcap file the damaged record begins right after the last whole one. */
const damageOffset: Check = ({ capture, frames, outcome }) => {
  if (expectedExit(capture) !== 4 || !capture.file.endsWith('cap')) return [];
  const [fileHeader, recordHeader] = [24, 16];
  const expected = frames.reduce((at, frame) => at + recordHeader + frame.capturedBytes, fileHeader);
  const got = outcome.rows.sources[0]?.damage_offset;
  return got === expected ? [] : [`damage at ${got}, expected ${expected}`];
};

const packets: Check = ({ capture, outcome }, heeded) => {
  const expected = expectedPackets(capture, heeded);
  const [got, ofSources] = [sum(outcome.rows.runs, 'packets'), sum(outcome.rows.sources, 'packets')];
  const problems: string[] = [];
  if (got !== expected) problems.push(`${got} packets, expected ${expected}`);
  if (ofSources !== got) problems.push(`sources hold ${ofSources} packets, the run ${got}`);
  return problems;
};

const bytes: Check = ({ capture, frames: table, outcome }, heeded) => {
  const frames = withExceptions(table, heeded);
  if (capture.fileType === 'erf' || frames.length === 0) return [];
  const expected = frames.reduce((total, frame) => total + frame.bytes, 0);
  const got = sum(outcome.rows.runs, 'bytes');
  return got === expected ? [] : [`${got} bytes, expected ${expected}`];
};

const conservation: Check = ({ outcome }) => {
  const { runs, skipped, service_counts, service_pairs, flow_records } = outcome.rows;
  const problems: string[] = [];
  for (const column of ['packets', 'bytes']) {
    const counted = sum(service_counts, column) + sum(skipped, column);
    if (sum(runs, column) !== counted)
      problems.push(`${sum(runs, column)} ${column} read, ${counted} counted`);
    const [ofFlows, ofServices] = [
      sum(flow_records, `${column}_out`, `${column}_back`),
      sum(service_counts, column),
    ];
    if (ofFlows !== ofServices) problems.push(`${ofFlows} ${column} in flows, ${ofServices} in services`);
    const ofPairs = sum(service_pairs, column);
    if (ofPairs !== ofServices) problems.push(`${ofPairs} ${column} in pairs, ${ofServices} in services`);
  }
  const ofServices = sum(service_counts, 'flows');
  if (flow_records.length !== ofServices)
    problems.push(`${flow_records.length} flows, ${ofServices} in services`);
  if (flow_records.some((flow) => Number(flow.packets_out) + Number(flow.packets_back) === 0)) {
    problems.push('a flow without packets');
  }
  if (new Set(flow_records.map((flow) => flow.flow_id)).size !== flow_records.length)
    problems.push('a flow_id twice');
  if (skipped.some((row) => Number(row.packets) === 0)) problems.push('a skip reason without packets');
  return problems;
};

const times: Check = ({ frames, outcome, capture }, heeded) => {
  const stamped = withExceptions(frames, heeded).flatMap(({ timeUs }) => (timeUs === null ? [] : [timeUs]));
  if (capture.fileType === 'erf' || stamped.length === 0) return [];
  const row = run(outcome);
  const first = excepted(heeded, 'first', Math.min(...stamped));
  const last = excepted(heeded, 'last', Math.max(...stamped));
  const problems: string[] = [];
  if (row?.first_packet_us !== first)
    problems.push(`first packet at ${row?.first_packet_us}, expected ${first}`);
  if (row?.last_packet_us !== last) problems.push(`last packet at ${row?.last_packet_us}, expected ${last}`);
  return problems;
};

const conversations: Check = (analyzed, heeded) => {
  const { frames, outcome } = analyzed;
  if (!isRead(analyzed, heeded)) return [];
  const placed = withExceptions(frames, heeded);
  const folds = foldsOf(placed);
  return differences(conversationsOf(placed, folds), conversationsOfFlows(outcome.rows.flow_records, folds));
};

const portless: Check = (analyzed, heeded) => {
  if (!isRead(analyzed, heeded)) return [];
  const { frames, outcome } = analyzed;
  const expected = frames.filter((frame) => frame.portless).length;
  const got = portlessPackets(outcome.rows.flow_records);
  return got === expected ? [] : [`${got} packets in flows without ports, expected ${expected}`];
};

const spans: Check = (analyzed, heeded) => {
  if (!isRead(analyzed, heeded)) return [];
  const placed = withExceptions(analyzed.frames, heeded);
  const folds = foldsOf(placed);
  const got = spansOfFlows(analyzed.outcome.rows.flow_records, folds);
  return [...spansOf(placed, folds)]
    .filter(([name, { firstUs, lastUs }]) => {
      const span = got.get(name);
      return span?.firstUs !== firstUs || span.lastUs !== lastUs;
    })
    .map(([name, span]) => `${name}: expected ${JSON.stringify(span)}, got ${JSON.stringify(got.get(name))}`);
};

const vlans: Check = (analyzed, heeded) => {
  const placed = withExceptions(analyzed.frames, heeded);
  const folds = foldsOf(placed);
  const expected = vlansOf(placed, folds);
  return analyzed.outcome.rows.flow_records.flatMap((flow) => {
    const name = nameOfFlow(flow, folds);
    const tags = expected.get(name);
    if (tags === undefined || tags === (flow.vlans ?? '')) return [];
    return [`${name}: VLANs ${flow.vlans}, expected ${tags}`];
  });
};

const skips: Check = (analyzed, heeded) => {
  const { frames, outcome, capture } = analyzed;
  const got = new Map<string, number>();
  for (const { reason, packets: count } of outcome.rows.skipped) {
    const name = String(reason)
      .replace(/^non-ip:(llc|snap)-.*/, 'llc')
      .replace(/^non-ip:ppp-.*/, 'ppp')
      .replace(/^(non-ip|encrypted)[:-]802\.11.*/, 'wlan');
    got.set(name, (got.get(name) ?? 0) + Number(count));
  }
  if (!isRead(analyzed, heeded)) {
    const expected = expectedPackets(capture, heeded);
    const unread = [...got].filter(([reason]) => reason.startsWith('unsupported-link-type:'));
    const total = unread.reduce((all, [, count]) => all + count, 0);
    return total === expected ? [] : [`${total} packets of an unsupported link type, expected ${expected}`];
  }
  const expected = new Map<string, number>();
  for (const { place } of withExceptions(frames, heeded)) {
    if ('skip' in place) expected.set(place.skip, (expected.get(place.skip) ?? 0) + 1);
  }
  const everyTypeKnown = !expected.has('not-ip');
  const named = (reason: string): boolean =>
    reason === 'arp' ||
    reason === 'llc' ||
    reason === 'ppp' ||
    reason === 'wlan' ||
    reason.startsWith('unsupported-') ||
    (everyTypeKnown && reason.startsWith('non-ip:0x'));
  return [...new Set([...expected.keys(), ...got.keys()])]
    .filter((reason) => named(reason) && expected.get(reason) !== got.get(reason))
    .map((reason) => `${reason}: ${got.get(reason) ?? 0} packets, expected ${expected.get(reason) ?? 0}`);
};

const initiators: Check = ({ capture, outcome }) => {
  const problems: string[] = [];
  for (const row of readSummary(capture.file)) {
    if (row.kind !== 'plain' || row.l4 !== 'tcp' || row.syn_sender === '') continue;
    const ends = [`${row.a_ip}:${row.a_port}`, `${row.b_ip}:${row.b_port}`].sort().join(' ');
    for (const flow of outcome.rows.flow_records) {
      const initiator = `${flow.initiator}:${flow.initiator_port}`;
      const pair = [initiator, `${flow.responder}:${flow.responder_port}`].sort().join(' ');
      if (flow.protocol !== 6 || pair !== ends || initiator === row.syn_sender) continue;
      problems.push(
        `flow ${flow.flow_id} of ${ends}: begun by ${initiator}, the SYN came from ${row.syn_sender}`,
      );
    }
  }
  return problems;
};

const checks: Readonly<Record<string, Check>> = {
  'the exit code says whether it could be read': exit,
  'the offset of damage is where the broken record begins': damageOffset,
  'the packets are those an independent reader counts': packets,
  'the bytes are the lengths on the wire': bytes,
  'every packet lands in exactly one place': conservation,
  'the first and last packet times are the lowest and the highest': times,
  'conversations have the same packets and bytes each way': conversations,
  'later fragments join the flow of their first, and only those without it lack ports': portless,
  'each conversation begins with its first packet and ends with its last': spans,
  'VLAN tags are recorded with the outermost first': vlans,
  'skip reasons count what is not looked into': skips,
  'the sender of the SYN is the initiator': initiators,
};

describe('every capture of the corpus', { skip: whyNoCorpus(), concurrency: false }, () => {
  let analyzed: readonly Analyzed[] = [];

  before(async () => {
    analyzed = await inParallel(listCaptures(), async (capture) => ({
      capture,
      frames: readFrames(capture.file),
      outcome: await analyzeOnce(capture.path),
    }));
  });

  const heededFor = (file: string): Exception[] => exceptions.filter((exception) => exception.file === file);

  test('payload contradicts a port, or shows a service elsewhere, where that was judged right by hand, and nowhere else', () => {
    const golden = readGolden();
    const found = analyzed.flatMap(({ capture, outcome }) => linesOf(capture.file, outcome.rows));
    assert.deepEqual(differencesOf(golden, found), [], 'npm run judged writes the golden file again');
    const unjudged = golden.filter(({ judgement }) => judgement.length < 20 || judgement === UNJUDGED);
    assert.deepEqual(unjudged.map(nameOf), [], 'each has a sentence');
  });

  test('the frames read from the oracle add up to its own summary', () => {
    const wrong = analyzed.flatMap(({ capture, frames }) =>
      summaryDifferences(capture.file, frames).map((problem) => `${capture.file}: ${problem}`),
    );
    assert.deepEqual(wrong, []);
  });

  for (const [sentence, check] of Object.entries(checks)) {
    test(sentence, () => {
      const wrong = analyzed.flatMap((one) =>
        check(one, heededFor(one.capture.file)).map((problem) => `${one.capture.file}: ${problem}`),
      );
      assert.deepEqual(wrong, []);
    });
  }

  for (const exception of exceptions) {
    const what = exception.about === 'frames' ? `frames ${exception.frames.join(', ')}` : exception.about;
    test(`the exception for ${what} of ${exception.file} is still needed`, () => {
      const one = analyzed.find(({ capture }) => capture.file === exception.file);
      assert.ok(one, 'the corpus has no such file');
      const others = heededFor(exception.file).filter((other) => other !== exception);
      const wrong = Object.values(checks).flatMap((check) => check(one, others));
      assert.notDeepEqual(wrong, [], 'without it nothing disagrees: remove it');
    });
  }
});
