// xports explain: what a port, a protocol or a service is for Exchange, and what the database saw of it.

import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { EXIT, XportsError } from '../base/errors.ts';
import { printable } from '../base/text.ts';
import type { Policy } from '../policy/policy.ts';
import { PolicyRules } from '../policy/rules.ts';
import { knownUnder } from '../policy/standing.ts';
import {
  type Explanation,
  explanationJson,
  explanationText,
  type Search,
  seenOf,
} from '../report/explain.ts';
import { type Known, knowledgeOf, otherTransports, standingsOf } from '../service/knowledge.ts';
import { parseQuestion, type Question, suggestionsFor } from '../service/question.ts';
import { StoreReader } from '../store/sqlite/reader.ts';
import type { Context } from './context.ts';
import {
  type Anonymize,
  anonymizeOption,
  chosenRun,
  dbOption,
  type RunArgument,
  readerOf,
  runOption,
  wholeNumber,
} from './options.ts';
import { policyOption } from './policy-option.ts';
import { rulesOfRun } from './run-policy.ts';

interface Flags {
  anonymize?: Anonymize;
  db: string;
  run: RunArgument;
  limit: number;
  policy?: Policy;
  json?: boolean;
}

const ADDRESSES_SHOWN = 10;

const HELP = `
Examples:
  xports explain 2525/tcp
  xports explain esp
  xports explain dag-replication --run all --json`;

export function explainCommand(context: Context): Command {
  return new Command('explain')
    .description('say what a port is for Exchange, who should use it, and what the database saw of it')
    .argument('<port>', 'a port (25, 2525/tcp), a range, a protocol (esp, ip-47), or a service')
    .addOption(dbOption())
    .addOption(runOption())
    .addOption(policyOption())
    .addOption(anonymizeOption())
    .addOption(
      new Option('--limit <n>', 'at most so many addresses of each side, 0 for all')
        .default(ADDRESSES_SHOWN)
        .argParser(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((word: string, flags: Flags) => run(word, flags, context));
}

async function run(word: string, flags: Flags, context: Context): Promise<void> {
  const ofRun = flags.policy === undefined ? storedRules(flags) : null;
  const rules = flags.policy === undefined ? ofRun : new PolicyRules(flags.policy);
  const question = parseQuestion(word) ?? ownService(word, rules);
  if (question === null) throw unknownWord(word);
  const listed = knowledgeOf(question);
  const known = rules === null ? listed : knownUnder(rules, question, listed);
  const explanation: Explanation = {
    asked: askedText(question),
    rules: ofRun !== null ? 'run' : rules !== null ? 'policy' : 'allow-list',
    standings: standingsOf(question, known),
    known,
    elsewhere: otherTransports(question),
    ...seenBy(question, known, flags),
  };
  await context.out.write(
    flags.json ? explanationJson(explanation) : explanationText(explanation, context.look),
  );
}

/** The rules of the run that is asked about; null where there is none, or runs differ. */
function storedRules(flags: Flags): PolicyRules | null {
  if (!existsSync(flags.db)) return null;
  const store = new StoreReader(flags.db);
  try {
    return store.runs().length === 0 ? null : rulesOfRun(store, chosenRun(store, flags.run));
  } finally {
    store.close();
  }
}

/** A service of a profile or policy, which the catalog does not have. */
function ownService(word: string, rules: PolicyRules | null): Question | null {
  return rules?.allowed.some(({ id }) => id === word) ? { kind: 'service', service: word } : null;
}

function seenBy(
  question: Question,
  known: readonly Known[],
  flags: Flags,
): Pick<Explanation, 'run' | 'silent' | 'seen'> {
  const nothing = (silent: string) => ({ run: null, silent, seen: null });
  if (!existsSync(flags.db)) {
    return nothing(`There is no database ${flags.db}, so nothing is said of what was seen.`);
  }
  const store = readerOf(flags);
  try {
    if (store.runs().length === 0) return nothing(`${flags.db} holds no runs.`);
    const choice = chosenRun(store, flags.run);
    const limit = flags.limit === 0 ? -1 : flags.limit;
    return { run: choice, silent: null, seen: seenOf(store, choice, searchOf(question, known), limit) };
  } finally {
    store.close();
  }
}

function searchOf(question: Question, known: readonly Known[]): Search {
  switch (question.kind) {
    case 'ports': {
      const filter = { transports: question.transports, ports: [question.first, question.last] as const };
      return { filter, places: [filter] };
    }
    case 'protocol': {
      const filter = { transports: [question.transport] };
      return { filter, places: [filter] };
    }
    default: {
      const places = known
        // Findings in a range that allows nothing by itself are not about the service.
        .filter((row) => row.standing !== 'conditional' && row.standing !== 'excepted')
        .map((row) =>
          row.transports[0] === 'ip'
            ? { transports: [row.first === 50 ? 'esp' : 'ah'] }
            : { transports: row.transports, ports: [row.first, row.last] as const },
        );
      return { filter: { service: question.service }, places };
    }
  }
}

function askedText(question: Question): string {
  if (question.kind === 'service') return question.service;
  if (question.kind === 'protocol') return question.transport;
  const { first, last, transports } = question;
  const ports = first === last ? String(first) : `${first}-${last}`;
  return transports.length === 1 ? `${ports}/${transports[0]}` : ports;
}

function unknownWord(word: string): XportsError {
  const meant = suggestionsFor(word);
  const hint =
    meant.length > 0
      ? `Did you mean ${meant.join(' or ')}?`
      : 'Give a port (25, 2525/tcp), a range (6001-6004/tcp), a protocol (esp, ip-47), or a service of xports services.';
  return new XportsError('usage', EXIT.usage, `"${printable(word)}" is no port, protocol or service`, hint);
}
