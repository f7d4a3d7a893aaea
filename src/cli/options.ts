// Options that several commands share, and the values they accept.

import { existsSync } from 'node:fs';
import { InvalidArgumentError, Option } from 'commander';
import ipaddr from 'ipaddr.js';
import { SEVERITIES, VERDICTS } from '../audit/terms.ts';
import { EXIT, XportsError } from '../base/errors.ts';
import { didYouMean } from '../base/nearest.ts';
import { printable } from '../base/text.ts';
import { protocolOf } from '../base/transport.ts';
import { type Anonymizer, anonymizer } from '../report/anonymize.ts';
import { SERVICE_IDS } from '../service/catalog.ts';
import type { RunChoice } from '../store/rows.ts';
import { StoreReader } from '../store/sqlite/reader.ts';

export const DEFAULT_DB = 'xports.db';

export function dbOption(): Option {
  return new Option('--db <file>', 'the database').default(DEFAULT_DB).argParser((text) => {
    // SQLite would take these for a database that is gone when it is closed.
    if (text !== '' && text !== ':memory:') return text;
    throw new InvalidArgumentError('Give the name of a file.');
  });
}

/** True for addresses that are others each time, or the passphrase that they depend on. */
export type Anonymize = string | true;

export function anonymizeOption(): Option {
  return new Option(
    '--anonymize [passphrase]',
    'replace addresses, keeping which share a prefix, and names of hosts and files; the same passphrase gives the same ones',
  ).argParser((text) => {
    if (text !== '') return text;
    throw new InvalidArgumentError('Give a passphrase, or the option alone.');
  });
}

/** What replaces addresses, where that is asked for: one for all that is to show an address alike. */
export function anonymizerOf(anonymize: Anonymize | undefined): Anonymizer | null {
  return anonymize === undefined ? null : anonymizer(anonymize === true ? null : anonymize);
}

/** Opens the database for reading. Throws XportsError where it is not there, or not ours. */
export function readerOf({ db, anonymize }: { db: string; anonymize?: Anonymize }): StoreReader {
  return new StoreReader(db, anonymizerOf(anonymize));
}

export type RunArgument = number | 'all' | 'latest';

export function runOption(): Option {
  return new Option('--run <id>', 'a run by its number, latest, or all')
    .default('latest')
    .argParser(parseRun);
}

export function parseRun(text: string): RunArgument {
  if (text === 'all' || text === 'latest') return text;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  const meant = didYouMean(text.toLowerCase(), ['latest', 'all']);
  throw new InvalidArgumentError(`${meant} Give the number of a run, latest, or all.`.trim());
}

export function chosenRun(store: StoreReader, run: RunArgument): RunChoice {
  if (run === 'all') return 'all';
  // Asking for the row says so where there is no such run.
  return store.run(run === 'latest' ? store.latestRunId() : run).id;
}

/** A whole number from `least` to `most`. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(
      most === Number.MAX_SAFE_INTEGER
        ? `Give a whole number of ${least} or more.`
        : `Give a whole number from ${least} to ${most}.`,
    );
  };
}

/** Seconds, with or without a fraction. */
export function seconds(least: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}(\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least) return value;
    throw new InvalidArgumentError(`Give a number of seconds of ${least} or more.`);
  };
}

export function rememberOption(): Option {
  return new Option(
    '--remember-endpoints <days>',
    'go by RPC ports that earlier runs of this sensor in the database learned, for so many days after that',
  ).argParser(wholeNumber(1, 36_500));
}

/** Two ports that RPC may use. */
export function parsePortRange(text: string): readonly [number, number] {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const [first, last] = match ? [Number(match[1]), Number(match[2])] : [0, 0];
  if (first >= 1024 && last <= 65535 && first <= last) return [first, last];
  throw new InvalidArgumentError('Give two ports from 1024 to 65535 as FIRST-LAST, such as 49152-65535.');
}

export function parseTransport(text: string): string {
  const name = text.toLowerCase();
  if (protocolOf(name) >= 0) return name;
  throw new InvalidArgumentError('Give tcp, udp, icmp, icmp6, igmp, sctp, esp, ah, or ip-N.');
}

export function parseService(text: string): string {
  if (/^[a-z][a-z0-9-]{0,39}$/.test(text)) return text;
  throw new InvalidArgumentError(
    [didYouMean(text.toLowerCase(), SERVICE_IDS), SERVICE_HINT].join(' ').trim(),
  );
}

/** Throws where neither the catalog nor a policy that the database's runs used has the service. */
export function checkService(db: string, service: string | undefined): void {
  if (service === undefined || SERVICE_IDS.includes(service)) return;
  // Without a database there is no policy to have it.
  const store = existsSync(db) ? new StoreReader(db) : null;
  try {
    if (store?.hasService(service)) return;
  } finally {
    store?.close();
  }
  throw new XportsError(
    'usage',
    EXIT.usage,
    `there is no service "${printable(service)}"`,
    [didYouMean(service, SERVICE_IDS), SERVICE_HINT].join(' ').trim(),
  );
}

const SERVICE_HINT =
  'Give the name of a service as xports services lists them, one of a policy that was used, or unlisted.';

/** A test of an address's text: equal to one address, or within a block such as 10.0.0.0/8. */
export function parseAddress(text: string): (address: string) => boolean {
  const [base, bits] = text.split('/');
  try {
    // The library also takes 10.1 and 0x0a000001, which nobody means.
    if (base.includes('.') && !base.includes(':') && !ipaddr.IPv4.isValidFourPartDecimal(base))
      throw new Error();
    if (bits === undefined) {
      const wanted = ipaddr.parse(text).toNormalizedString();
      return (address) => ipaddr.parse(address).toNormalizedString() === wanted;
    }
    const [block, length] = ipaddr.parseCIDR(text);
    return (address) => {
      const candidate = ipaddr.parse(address);
      return candidate.kind() === block.kind() && candidate.match(block, length);
    };
  } catch {
    throw new InvalidArgumentError('Give an address, or a block such as 10.0.0.0/8 or 2001:db8::/32.');
  }
}

export function severityOption(flags: string, description: string): Option {
  return new Option(flags, description).choices(SEVERITIES);
}

export function verdictOption(): Option {
  return new Option('--verdict <verdict>', 'only this verdict').choices(VERDICTS);
}

/** True where `severity` is `limit` or worse. */
export function atLeast(severity: string, limit: string): boolean {
  const names: readonly string[] = SEVERITIES;
  return names.indexOf(severity) <= names.indexOf(limit);
}
