// Every packet of the corpus against the dissector's fields for it: addresses, ports, protocol, fragment, VLAN, tunnel.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Disagreement, KINDS } from '../differential/compare.ts';
import { differ } from '../differential/differ.ts';
import { NotACapture } from '../differential/packets.ts';
import { type Capture, listCaptures, parseTsv, readCorpusText, whyNoCorpus } from './corpus.ts';
import { exceptions } from './exceptions.ts';

/** Disagreements that the whole of a capture does not show, beside those of exceptions.ts; docs/differential.md has them. */
const EXPLAINED = [
  {
    file: 'idaholab+Malcolm-Test-Artifacts/pcap/plugins/ripple20/ipv6_rh0_poc.pcap',
    kind: 'protocol',
    frame: 3,
    reason:
      'A first fragment with a routing header behind its fragment header: the dissector stops there, xports reads on to ICMPv6.',
  },
];

function isExplained({ file }: Capture, { kind, frame }: Disagreement): boolean {
  return (
    EXPLAINED.some((one) => one.file === file && one.kind === kind && one.frame === frame) ||
    exceptions.some(
      (one) =>
        one.file === file &&
        ((one.about === 'frames' && one.frames.includes(frame)) ||
          (one.about === 'packets' && kind === 'records')),
    )
  );
}

describe('every packet of the corpus', { skip: whyNoCorpus() }, () => {
  test('decodes to what an independent dissector says of it, or the reason it does not is written down', async (t) => {
    const unexplained: string[] = [];
    const explained = new Map<string, number>();
    let packets = 0;
    for (const capture of listCaptures()) {
      const rows = parseTsv(readCorpusText(`oracle/${capture.file}.frames.tsv`));
      const frames = rows.filter((row) => row['frame.encap_type'] !== '');
      try {
        const { packets: read, found } = await differ(capture.path, frames);
        packets += read;
        for (const one of found) {
          const { kind, frame, ours, theirs } = one;
          if (isExplained(capture, one)) explained.set(kind, (explained.get(kind) ?? 0) + 1);
          else unexplained.push(`${capture.file} ${frame} ${kind}: ours ${ours}, theirs ${theirs}`);
        }
      } catch (error) {
        // What is no capture for xports is compared by captures.test.ts.
        if (!(error instanceof NotACapture)) throw error;
      }
    }
    assert.deepEqual(unexplained, []);
    assert.ok(packets > 30_000, `${packets} packets`);
    const said = KINDS.filter((kind) => explained.has(kind)).map((kind) => `${explained.get(kind)} ${kind}`);
    t.diagnostic(`${packets} packets; explained: ${said.join(', ')}`);
  });
});
