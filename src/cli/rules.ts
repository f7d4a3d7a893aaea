// xports rules: the smallest firewall configuration that lets the expected traffic of a run pass.

import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT, XportsError } from '../base/errors.ts';
import { AUTO_SERVERS } from '../pipeline/run-rows.ts';
import { PolicyRules } from '../policy/rules.ts';
import { EXCHANGE_ROLES } from '../policy/terms.ts';
import type { Widening } from '../report/rules/blocks.ts';
import { DIALECT_NAMES, type DialectName, firewallRules } from '../report/rules/index.ts';
import type { RunChoice } from '../store/rows.ts';
import type { StoreReader } from '../store/sqlite/reader.ts';
import type { Context } from './context.ts';
import {
  type Anonymize,
  anonymizeOption,
  chosenRun,
  dbOption,
  parseAddress,
  type RunArgument,
  readerOf,
  runOption,
} from './options.ts';
import { rulesOfRun } from './run-policy.ts';
import { packageVersion } from './version.ts';

interface Flags {
  anonymize?: Anonymize;
  db: string;
  run: RunArgument;
  format: DialectName;
  servers?: NamedServers;
  aggregate?: Widening | true;
  answered?: boolean;
  json?: boolean;
}

interface NamedServers {
  readonly text: string;
  readonly has: (address: string) => boolean;
}

/** What one site usually has, and the smallest network of IPv6. */
const USUAL_WIDENING: Widening = { v4: 24, v6: 64 };

const HELP = `
Examples:
  xports rules --servers 10.10.0.11,10.10.0.12 > exchange.nft
  xports rules --format windows --servers 10.10.0.11 > exchange.ps1
  xports rules --format iptables --aggregate 24,64
      networks in the place of single clients`;

export function rulesCommand(context: Context): Command {
  return new Command('rules')
    .description('write firewall rules that let the expected traffic of a run pass, and nothing else')
    .addOption(dbOption())
    .addOption(runOption())
    .addOption(anonymizeOption())
    .addOption(new Option('--format <format>', 'whose language').choices(DIALECT_NAMES).default('nftables'))
    .addOption(
      new Option(
        '--servers <list>',
        'the hosts that are protected (those the run was told of, or every responder of expected traffic)',
      ).argParser(parseServers),
    )
    .addOption(
      new Option(
        '--aggregate [v4,v6]',
        'widen addresses to networks of these prefix lengths (24,64 unless given): more may pass than was seen',
      ).argParser(parseWidening),
    )
    .option('--answered', 'leave out what was never answered')
    .option('--json', 'the same as --format json')
    .addHelpText('after', HELP)
    .action((flags: Flags) => run(flags, context));
}

async function run(flags: Flags, context: Context): Promise<void> {
  const store = readerOf(flags);
  try {
    const choice = chosenRun(store, flags.run);
    const rules = rulesOfRun(store, choice);
    const servers = flags.servers ?? serversOf(store, choice, rules);
    const { text, plan, pairs } = store.snapshot(() =>
      firewallRules(store, {
        run: choice,
        dialect: flags.json ? 'json' : flags.format,
        isServer: servers?.has ?? null,
        named: servers?.text ?? null,
        answeredOnly: flags.answered === true,
        widening: flags.aggregate === true ? USUAL_WIDENING : (flags.aggregate ?? null),
        list: (rules ?? new PolicyRules()).allowed,
        version: packageVersion(),
      }),
    );
    if (plan.rules.length === 0 && pairs > 0 && servers !== null) {
      throw new XportsError(
        'usage',
        EXIT.usage,
        `none of the servers ${servers.text} takes part in expected traffic`,
        'see who does: xports services --run latest, xports flows --verdict expected',
      );
    }
    if (plan.rules.length === 0) context.say('xports: there is no expected traffic, so these rules drop all');
    await context.out.write(text);
  } finally {
    store.close();
  }
}

/** The servers that were named when the run was made, by an option or its policy; null for none, or where runs differ. */
export function serversOf(
  store: StoreReader,
  choice: RunChoice,
  rules: PolicyRules | null,
): NamedServers | null {
  const rows = choice === 'all' ? store.runs() : [store.run(choice)];
  const named = new Set(rows.map((row) => (JSON.parse(row.options) as { servers?: unknown }).servers));
  const [text] = named;
  if (named.size === 1 && typeof text === 'string' && text !== AUTO_SERVERS) return parseServers(text);
  const networks = (rules?.policy.servers ?? [])
    .filter(({ role }) => role === null || EXCHANGE_ROLES.includes(role))
    .flatMap((entry) => entry.networks);
  return text === AUTO_SERVERS || networks.length === 0 ? null : parseServers(networks.join(','));
}

function parseServers(text: string): NamedServers {
  const tests = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map(parseAddress);
  if (tests.length === 0) throw new InvalidArgumentError('Give addresses or blocks separated by commas.');
  return { text, has: (address) => tests.some((matches) => matches(address)) };
}

function parseWidening(text: string): Widening {
  const match = /^\/?(\d{1,2})(?:,\/?(\d{1,3}))?$/.exec(text);
  const [v4, v6] = match === null ? [-1, -1] : [Number(match[1]), Number(match[2] ?? USUAL_WIDENING.v6)];
  // Shorter ones would be nearly everybody.
  if (v4 >= 8 && v4 <= 32 && v6 >= 16 && v6 <= 128) return { v4, v6 };
  throw new InvalidArgumentError('Give prefix lengths from 8 to 32 and from 16 to 128, such as 24,64.');
}
