// The path of a packet without a database: captures from memory in, rows of flows and a checkpoint out.

import { D, type EndedFlows, ROW_DOUBLES, ROW_WORDS, W } from '../../src/flow/ended.ts';
import { OpenSource } from '../../src/pipeline/merge.ts';
import { PacketPath } from '../../src/pipeline/path.ts';
import { Capture } from '../../src/source/capture.ts';
import { detectReader } from '../../src/source/detect.ts';
import type { AddressTexts, Checkpoint, Sink } from '../../src/store/sink.ts';
import { inPieces } from '../source/support.ts';

export interface PathResult {
  /** One line a flow, by flow id. */
  readonly flows: readonly string[];
  readonly checkpoint: Checkpoint;
  readonly packets: number;
  readonly bytes: number;
}

class Collector implements Sink {
  readonly rows: string[] = [];
  last: Checkpoint | null = null;

  flows(batch: EndedFlows, addresses: AddressTexts): void {
    for (let n = 0; n < batch.count; n++) {
      const row = batch.words.subarray(n * ROW_WORDS, (n + 1) * ROW_WORDS);
      const doubles = batch.doubles.subarray(n * ROW_DOUBLES, (n + 1) * ROW_DOUBLES);
      const words = [
        W.protocol,
        W.innerProtocol,
        W.initiatorPort,
        W.responderPort,
        W.state,
        W.endReason,
        W.basis,
        W.verdict,
      ];
      this.rows.push(
        [
          String(doubles[D.flowId]).padStart(9, '0'),
          addresses.text(row[W.initiatorId]),
          addresses.text(row[W.responderId]),
          ...words.map((at) => row[at]),
          ...doubles.subarray(D.continuesFlowId, D.lastSeenUs + 1),
        ].join(' '),
      );
    }
  }

  checkpoint(state: Checkpoint): void {
    this.last = state;
  }

  heartbeat(): void {}
  finish(): void {}
  close(): void {}
}

/** Runs captures one after the other through the path. Throws where the account does not close. */
export async function runPath(
  captures: readonly Uint8Array[],
  pieces: readonly number[] = [],
): Promise<PathResult> {
  const sink = new Collector();
  const path = new PacketPath(
    { servers: null, rpcRange: null, flows: 'all', tcpTimeoutS: 300, otherTimeoutS: 60, activeTimeoutS: 0 },
    sink,
  );
  for (const bytes of captures) {
    const source = new OpenSource(await Capture.open('test', inPieces(bytes, pieces), detectReader));
    while (!source.capture.done) {
      if (source.refill()) path.run(source, Infinity);
      else if (!source.capture.done) await source.capture.advance();
    }
  }
  path.finish();
  path.checkpoint([], { kernelDropped: null, interfaceDropped: null });
  if (sink.last === null) throw new Error('no checkpoint');
  return { flows: sink.rows.sort(), checkpoint: sink.last, packets: path.packets, bytes: path.bytes };
}
