// xports serve: the page of a run in the browser of this machine, following a database that is being written.

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { Command, Option } from 'commander';
import { EXIT, reasonOf, XportsError } from '../base/errors.ts';
import { pageApp } from '../report/serve/app.ts';
import { follow } from '../report/serve/following.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import type { Context } from './context.ts';
import {
  type Anonymize,
  anonymizeOption,
  anonymizerOf,
  dbOption,
  parseRun,
  type RunArgument,
  wholeNumber,
} from './options.ts';
import { pageRequest } from './page-request.ts';

interface Flags {
  db: string;
  run: RunArgument;
  port: number;
  anonymize?: Anonymize;
}

const LOOPBACK = '127.0.0.1';
const DEFAULT_PORT = 8025;

const HELP = `
Examples:
  xports serve
      the latest run, and the next one when it begins
  xports serve --run 1 --port 0
      one run, at a port that is free`;

export function serveCommand(context: Context): Command {
  return new Command('serve')
    .description('show the report in the browser of this machine, and follow a run while it is written')
    .addOption(dbOption())
    .addOption(
      new Option('--run <id>', 'a run by its number, or latest').default('latest').argParser(parseRun),
    )
    .addOption(
      new Option('--port <port>', 'the port on the loopback address, 0 for one that is free')
        .default(DEFAULT_PORT)
        .argParser(wholeNumber(0, 65_535)),
    )
    .addOption(anonymizeOption())
    .addHelpText('after', HELP)
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  if (flags.run === 'all') {
    throw new XportsError(
      'usage',
      EXIT.usage,
      'a page is about one run',
      'name it: --run 3, or leave it out',
    );
  }
  const wanted = flags.run;
  // One for all of the time: an address keeps its other one.
  const shown = anonymizerOf(flags.anonymize);
  const snapshot = follow({
    open: () => new StoreReader(flags.db, shown),
    runId: (store) => (wanted === 'latest' ? store.latestRunId() : wanted),
    request: (store, id) => pageRequest(store, id, shown !== null),
    now: () => performance.now(),
  });
  // What is wrong with the database is told now, and not to a browser.
  snapshot();
  let port = flags.port;
  const server = createAdaptorServer({ fetch: pageApp(snapshot, () => port).fetch });
  server.listen(flags.port, LOOPBACK);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new XportsError(
      'usage',
      EXIT.usage,
      `cannot listen on ${LOOPBACK}:${flags.port}: ${reasonOf(error)}`,
      'give another port, or 0 for one that is free: --port 0',
    );
  }
  port = (server.address() as AddressInfo).port;
  await context.out.write(`http://${LOOPBACK}:${port}/\n`);
  await context.out.flush();
  // Listened for before it is told that it may come.
  const end = stopped();
  context.say('xports: serving to this machine only, until Ctrl-C');
  await end;
  server.close();
}

/** Resolves at the first signal to end. */
async function stopped(): Promise<void> {
  const stop = new AbortController();
  const end = () => stop.abort();
  process.once('SIGINT', end).once('SIGTERM', end);
  await once(stop.signal, 'abort');
  process.removeListener('SIGINT', end).removeListener('SIGTERM', end);
}
