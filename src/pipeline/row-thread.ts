// The thread behind thread-rows.ts: does what the messages say, in their order.

import { parentPort, workerData } from 'node:worker_threads';
import { EXIT, XportsError } from '../base/errors.ts';
import { tunnels } from '../decode/encap/tunnels.ts';
import { adoptVlanStacks } from '../decode/vlan.ts';
import { EndedFlows } from '../flow/ended.ts';
import type { News } from './news.ts';
import { LocalRows } from './run-rows.ts';
import { type FromThread, SHARED, type ThreadData, type ToThread } from './thread-rows.ts';

/** Between two tries of a database that cannot be written. */
const RETRY_MS = 250;

const { settings, shared } = workerData as ThreadData;
const port = parentPort;
if (port === null) throw new Error('this file is the body of a thread');

let rows: LocalRows | null = null;
let failed = false;
/** Messages are done one after the other, also where one has to wait. */
let last = Promise.resolve();

function say(message: FromThread): void {
  port?.postMessage(message);
}

function isGivenUp(): boolean {
  return Atomics.load(shared, SHARED.givenUp) !== 0;
}

async function open(): Promise<void> {
  rows = await LocalRows.open(settings, {
    tell: (reason) => say({ kind: 'trouble', reason }),
    wait: (sinceMs) => {
      if (isGivenUp() || performance.now() - sinceMs > (settings.patienceS ?? 0) * 1000) return false;
      Atomics.wait(shared, SHARED.givenUp, 0, RETRY_MS);
      return true;
    },
  });
  say({ kind: 'opened', runId: rows.runId });
}

async function obey(message: ToThread): Promise<void> {
  if (rows === null) return;
  if (isGivenUp() && message.kind !== 'close') throw tooSlow(rows.runId);
  let news: News | null = null;
  switch (message.kind) {
    case 'flows':
      rows.flows(EndedFlows.over(message.words), message.open);
      return;
    case 'vlans':
      adoptVlanStacks(message.stacks);
      return;
    case 'lessons':
      for (const lesson of message.lessons) rows.learn(lesson);
      return;
    case 'tunnels':
      tunnels.adopt(message.layers);
      return;
    case 'heartbeat':
      rows.heartbeat();
      return;
    case 'checkpoint':
      news = await rows.checkpoint(message.side);
      break;
    case 'finish':
      await rows.finish(message.status, message.message);
      break;
    case 'close':
      await rows.close();
      return;
  }
  say({ kind: 'done', call: message.call, news });
}

/** The memory for rows that wait is used up, and the database is written yet. */
function tooSlow(runId: number): XportsError {
  return new XportsError(
    'database',
    EXIT.database,
    `the database ${settings.db} takes rows more slowly than they come; run ${runId} keeps what was stored before`,
    'store fewer with --flows unexpected or --filter, or put the database on a faster disk',
  );
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
    Atomics.add(shared, SHARED.batchesDone, 1);
    Atomics.notify(shared, SHARED.batchesDone);
  });
});
last = last.then(() => take(open));
