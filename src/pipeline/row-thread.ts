// The thread behind thread-rows.ts: does what the messages say, in their order.

import { parentPort, workerData } from 'node:worker_threads';
import { EXIT, XportsError } from '../base/errors.ts';
import { tunnels } from '../decode/encap/tunnels.ts';
import { adoptVlanStacks } from '../decode/vlan.ts';
import { EndedFlows } from '../flow/ended.ts';
import { LocalRows } from './run-rows.ts';
import type { FromThread, ThreadData, ToThread } from './thread-rows.ts';

const { settings, done } = workerData as ThreadData;
const port = parentPort;
if (port === null) throw new Error('this file is the body of a thread');

let rows: LocalRows | null = null;
let failed = false;
/** Messages are done one after the other, also where one has to wait. */
let last = Promise.resolve();

function say(message: FromThread): void {
  port?.postMessage(message);
}

async function open(): Promise<void> {
  rows = await LocalRows.open(settings);
  say({ kind: 'opened', runId: rows.runId });
}

async function obey(message: ToThread): Promise<void> {
  if (rows === null) return;
  switch (message.kind) {
    case 'flows':
      rows.flows(EndedFlows.over(message.words), message.open);
      return;
    case 'vlans':
      adoptVlanStacks(message.stacks);
      return;
    case 'lesson':
      rows.learn(message.lesson);
      return;
    case 'tunnels':
      tunnels.adopt(message.layers);
      return;
    case 'heartbeat':
      rows.heartbeat();
      return;
    case 'checkpoint':
      await rows.checkpoint(message.side);
      break;
    case 'finish':
      await rows.finish(message.status, message.message);
      break;
    case 'close':
      await rows.close();
      return;
  }
  say({ kind: 'done', call: message.call });
}

/** After a failure nothing more is stored, but what comes is still taken, so that nobody waits in vain. */
async function take(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    failed = true;
    const known = error instanceof XportsError;
    say({
      kind: 'failed',
      error: {
        code: known ? error.code : 'internal',
        exitCode: known ? error.exitCode : EXIT.internal,
        message: error instanceof Error ? error.message : String(error),
        hint: known ? error.hint : undefined,
      },
    });
  }
}

port.on('message', (message: ToThread) => {
  last = last.then(async () => {
    if (!failed || message.kind === 'close') await take(() => obey(message));
    if (message.kind === 'close') port?.close();
    if (message.kind !== 'flows') return;
    Atomics.add(done, 0, 1);
    Atomics.notify(done, 0);
  });
});
last = last.then(() => take(open));
