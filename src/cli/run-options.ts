// The options of every command that makes a run, and what they ask of it: xports analyze and xports live.

import { hostname } from 'node:os';
import { type Command, Option } from 'commander';
import type { FlowsKept } from '../pipeline/row-path.ts';
import type { Policy } from '../policy/policy.ts';
import type { ProfileName } from '../policy/terms.ts';
import { dbOption, parsePortRange, rememberOption, seconds, wholeNumber } from './options.ts';
import { policyOption, profileOption } from './policy-option.ts';
import { packageVersion } from './version.ts';

export interface RunFlags {
  db: string;
  profile?: ProfileName;
  policy?: Policy;
  servers?: string;
  rpcRange?: readonly [number, number];
  flows: FlowsKept;
  payload: boolean;
  tcpTimeout: number;
  idleTimeout: number;
  activeTimeout: number;
  retainDays?: number;
  rememberEndpoints?: number;
  sensor: string;
  json?: boolean;
  quiet?: boolean;
}

export interface RunOptionWords {
  /** Seconds after which a flow is stored in parts unless the user says otherwise. */
  readonly activeTimeoutS: number;
  readonly json: string;
}

/** Where a run is stored, what is allowed in it, and who is judged. */
export function addJudgingOptions(command: Command): Command {
  return command
    .addOption(dbOption())
    .addOption(profileOption())
    .addOption(policyOption())
    .option(
      '--servers <list>',
      'the Exchange servers: addresses and blocks, separated by commas, or auto for those that turn out to be',
    )
    .addOption(
      new Option('--rpc-range <first-last>', 'TCP ports the servers use for RPC').argParser(parsePortRange),
    );
}

/** What becomes of flows: which are stored, whether payload is looked at, when they end, how long they are kept. */
export function addFlowOptions(command: Command, { activeTimeoutS }: RunOptionWords): Command {
  return command
    .addOption(
      new Option('--flows <which>', 'flows to store').choices(['all', 'unexpected', 'none']).default('all'),
    )
    .option('--no-payload', 'look at headers only: no RPC ports are learned, and nothing is said of content')
    .addOption(
      new Option('--tcp-timeout <seconds>', 'silence that ends a TCP flow')
        .default(300)
        .argParser(seconds(1)),
    )
    .addOption(
      new Option('--idle-timeout <seconds>', 'silence that ends any other flow')
        .default(60)
        .argParser(seconds(1)),
    )
    .addOption(
      new Option('--active-timeout <seconds>', 'age at which a flow is stored in parts, 0 for never')
        .default(activeTimeoutS)
        .argParser(seconds(0)),
    )
    .addOption(
      new Option('--retain-days <days>', 'then delete the flows of runs older than this').argParser(
        wholeNumber(0, 36_500),
      ),
    )
    .addOption(rememberOption());
}

/** Who speaks of the run, and how. */
export function addReportOptions(command: Command, { json }: RunOptionWords): Command {
  return command
    .addOption(
      new Option('--sensor <name>', 'where the capture is made').default(hostname(), "this host's name"),
    )
    .option('--json', json)
    .option('-q, --quiet', 'print nothing but errors (and what --json asks for)');
}

/** What both kinds of run are told by these options. */
export function runOptions(flags: RunFlags) {
  return {
    db: flags.db,
    profile: flags.profile ?? flags.policy?.profile ?? ('allow-list' as const),
    policy: flags.policy ?? null,
    servers: flags.servers ?? null,
    rpcRange: flags.rpcRange ?? null,
    flows: flags.flows,
    payload: flags.payload,
    tcpTimeoutS: flags.tcpTimeout,
    otherTimeoutS: flags.idleTimeout,
    activeTimeoutS: flags.activeTimeout,
    retainDays: flags.retainDays ?? null,
    rememberDays: flags.rememberEndpoints ?? null,
    sensor: flags.sensor,
    version: packageVersion(),
  };
}
