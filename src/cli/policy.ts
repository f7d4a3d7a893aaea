// xports policy: writes a policy to begin with, and says what is wrong in one.

import { existsSync, writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { EXIT, reasonOf, XportsError } from '../base/errors.ts';
import { printable } from '../base/text.ts';
import { endOf, type Policy } from '../policy/policy.ts';
import { policyDraft, policyDraftOf } from '../report/policy-draft.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import type { Context } from './context.ts';
import { chosenRun, dbOption, type RunArgument, runOption } from './options.ts';
import { policyOfFile } from './policy-option.ts';

interface InitFlags {
  db: string;
  run?: RunArgument;
  output?: string;
  force?: boolean;
}

const HELP = `
Examples:
  xports policy init --run latest > exchange.yaml
      from what the last run saw
  xports policy check exchange.yaml
  xports analyze --policy exchange.yaml capture.pcap`;

const INIT_HELP = `
Examples:
  xports policy init --output exchange.yaml
  xports policy init --run latest > exchange.yaml
      from what the last run saw`;

const CHECK_HELP = `
Examples:
  xports policy check exchange.yaml`;

export function policyCommand(context: Context): Command {
  const fromRun = runOption();
  // Left out, no run is read.
  fromRun.default(undefined);
  fromRun.description = 'begin with what this run saw: its number, or latest';
  const init = new Command('init')
    .description('write a commented policy to begin with')
    .addOption(dbOption())
    .addOption(fromRun)
    .option('-o, --output <file>', 'write it there, and not to standard output')
    .option('--force', 'write over a file that is there')
    .addHelpText('after', INIT_HELP)
    .action((flags: InitFlags) => initialise(flags, context));
  const check = new Command('check')
    .description('say what is wrong in a policy, with line and column; exit with 2 where anything is')
    .argument('<file>', 'the policy')
    .addHelpText('after', CHECK_HELP)
    .action((path: string) => context.out.write(summary(path, policyOfFile(path))));
  return new Command('policy')
    .description('write a policy to begin with, or check one')
    .addCommand(init)
    .addCommand(check)
    .addHelpText('after', HELP);
}

async function initialise(flags: InitFlags, context: Context): Promise<void> {
  const text = flags.run === undefined ? policyDraft() : draftOfRun(flags.db, flags.run);
  if (flags.output === undefined) return context.out.write(text);
  if (existsSync(flags.output) && flags.force !== true) {
    throw new XportsError(
      'usage',
      EXIT.usage,
      `${printable(flags.output)} is there already`,
      'name another file, or say --force',
    );
  }
  try {
    writeFileSync(flags.output, text);
  } catch (error) {
    throw new XportsError(
      'output',
      EXIT.output,
      `${printable(flags.output)} cannot be written: ${reasonOf(error)}`,
      'name another file, or leave --output out to print it',
    );
  }
}

function draftOfRun(db: string, run: RunArgument): string {
  if (run === 'all') {
    throw new XportsError(
      'usage',
      EXIT.usage,
      'a policy is drafted from one run',
      'give its number, or latest',
    );
  }
  const store = new StoreReader(db);
  try {
    return store.snapshot(() => policyDraftOf(store, chosenRun(store, run) as number));
  } finally {
    store.close();
  }
}

function summary(path: string, policy: Policy): string {
  const counts: readonly (readonly [number, string, string])[] = [
    [policy.servers.length, 'entry of servers', 'entries of servers'],
    [policy.services.length, 'service', 'services'],
    [policy.denied.length, 'denial', 'denials'],
    [policy.exceptions.length, 'exception', 'exceptions'],
  ];
  const said = counts.map(([count, one, many]) => `${count} ${count === 1 ? one : many}`).join(', ');
  const expired = policy.exceptions
    .filter(({ expires }) => endOf(expires) <= Date.now() * 1000)
    .map(
      ({ line, expires }) =>
        `${printable(path)}:${line}: this exception expired on ${expires} and no longer applies\n`,
    );
  return `${printable(path)} is a valid policy: profile ${policy.profile ?? 'allow-list'}, ${said}\n${expired.join('')}`;
}
