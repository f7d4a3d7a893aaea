// Captures that lie in memory or in a folder of their own, the path of a packet over them, and a sink that remembers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { startUs } from '../../fixtures/builder/conversation.ts';
import { ip } from '../../fixtures/builder/ip.ts';
import { ethernet } from '../../fixtures/builder/link.ts';
import type { Packet } from '../../fixtures/builder/pcap.ts';
import { udp } from '../../fixtures/builder/transport.ts';
import { PAIR_WIDTH } from '../../src/audit/tally.ts';
import { D, type EndedFlows, ROW_DOUBLES, ROW_WORDS, W } from '../../src/flow/ended.ts';
import { OpenSource } from '../../src/pipeline/merge.ts';
import { PacketPath } from '../../src/pipeline/path.ts';
import { RowPath } from '../../src/pipeline/row-path.ts';
import type { ByteSource } from '../../src/source/bytes.ts';
import { Capture } from '../../src/source/capture.ts';
import { detectReader } from '../../src/source/detect.ts';
import type { AddressTexts, Checkpoint, Sink } from '../../src/store/sink.ts';

/** Remembers flows as lines and the last checkpoint as it was. */
export class MemorySink implements Sink {
  /** By number: a row takes the place of the one before it. */
  private readonly kept = new Map<number, { line: string; packets: number; bytes: number }>();
  state: Checkpoint | null = null;
  pairLines: string[] = [];
  private findingLines: string[] = [];

  flows({ words, doubles, count }: EndedFlows, addresses: AddressTexts): void {
    for (let n = 0; n < count; n++) {
      const row = words.subarray(n * ROW_WORDS, (n + 1) * ROW_WORDS);
      const sums = doubles.subarray(n * ROW_DOUBLES, (n + 1) * ROW_DOUBLES);
      const ends = [addresses.text(row[W.initiatorId]), addresses.text(row[W.responderId])];
      const said = [W.protocol, W.initiatorPort, W.responderPort, W.state, W.endReason, W.basis, W.vlans];
      const judged = [W.service, W.innerService, W.verdict, W.initiatorIsn, W.responderIsn, W.bits];
      const counted = sums.subarray(D.flowId, D.lastSeenUs + 1);
      // Addresses are numbered as they come, which depends on how the bytes are cut.
      const hasOuter = row[W.outerInitiatorId] !== 0;
      const outer = hasOuter
        ? [
            addresses.text(row[W.outerInitiatorId]),
            addresses.text(row[W.outerResponderId]),
            row[W.outerService],
          ]
        : [];
      const rest = [W.tunnel, W.look, W.rpcInterface, W.exception];
      const line = [...ends, ...pick(row, [...said, ...judged]), ...counted, ...outer, ...pick(row, rest)];
      this.kept.set(sums[D.flowId], {
        line: line.join(' '),
        packets: sums[D.packetsOut] + sums[D.packetsBack],
        bytes: sums[D.bytesOut] + sums[D.bytesBack],
      });
    }
  }

  get flowLines(): string[] {
    return [...this.kept.values()].map(({ line }) => line);
  }

  get packets(): number {
    return [...this.kept.values()].reduce((sum, row) => sum + row.packets, 0);
  }

  get bytes(): number {
    return [...this.kept.values()].reduce((sum, row) => sum + row.bytes, 0);
  }

  pairs(): void {}
  rescope(): void {}

  relabel(): void {}

  checkpoint(state: Checkpoint, addresses: AddressTexts): void {
    this.state = state;
    this.findingLines = state.findings.map(({ initiatorId, responderId, text, ...row }) => {
      const ends = [initiatorId, responderId].map((id) => (id === null ? '' : addresses.text(id)));
      return [...ends, JSON.stringify(row), JSON.stringify(state.texts[text])].join(' ');
    });
    const { count, keys, sums } = state.pairs;
    const width = PAIR_WIDTH;
    this.pairLines = Array.from({ length: count }, (_, n) => {
      const [initiator, responder, kind, port] = keys.subarray(n * 4, n * 4 + 4);
      const ends = [addresses.text(initiator), addresses.text(responder)];
      return [...ends, kind, port, ...sums.subarray(n * width, (n + 1) * width)].join(' ');
    });
  }

  heartbeat(): void {}
  finish(): void {}
  close(): void {}

  /** All that a run found, in an order that does not depend on how it was read. */
  get story(): string[] {
    const { skipped = [], minutes = [], facts = {} } = this.state ?? {};
    const rest = [...skipped, ...minutes, facts].map((row) => JSON.stringify(row));
    rest.push(...this.findingLines);
    return [...this.flowLines.sort(), ...this.pairLines.sort(), ...rest.sort()];
  }
}

function pick(row: Int32Array, places: readonly number[]): number[] {
  return places.map((at) => row[at]);
}

export function newPath(sink: Sink): PacketPath {
  return new PacketPath(
    { rpcRange: null, payload: true, tcpTimeoutS: 300, otherTimeoutS: 60, activeTimeoutS: 0 },
    new RowPath({ servers: null, rpcRange: null, flows: 'all' }, sink),
  );
}

export function memorySource(data: Uint8Array): ByteSource {
  let position = 0;
  return {
    size: data.length,
    read: async (into, at, length) => {
      const piece = data.subarray(position, position + length);
      into.set(piece, at);
      position += piece.length;
      return piece.length;
    },
    close: async () => {},
  };
}

/** Puts a whole capture through the path, read in chunks of that many bytes. */
export async function runCapture(path: PacketPath, data: Uint8Array, chunk?: number): Promise<OpenSource> {
  const source = new OpenSource(await Capture.open('capture', memorySource(data), detectReader, chunk));
  for (;;) {
    if (source.next < source.batch.count || source.refill()) path.run(source, Infinity);
    else if (source.capture.done) break;
    else await source.capture.advance();
  }
  await source.capture.close();
  return source;
}

/** A folder that is gone after the test. */
export function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'xports-pipeline-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Writes files by name, and says where they are, in the order given. */
export function write(into: string, files: Readonly<Record<string, Uint8Array>>): string[] {
  return Object.entries(files).map(([name, data]) => {
    const path = join(into, name);
    writeFileSync(path, data);
    return path;
  });
}

/** UDP packets of one flow, so many microseconds after the start. */
export function at(...afterUs: number[]): Packet[] {
  const bytes = ethernet()(ip('10.0.0.1', '10.0.0.2', udp(50_000, 2525, new Uint8Array(10))));
  return afterUs.map((us) => ({ timeUs: startUs + us, bytes }));
}
