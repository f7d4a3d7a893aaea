// How a command speaks of mistakes in its own line: as exceptions, in our words, with what may have been meant.

import { existsSync } from 'node:fs';
import { type Argument, type Command, InvalidArgumentError, type Option } from 'commander';
import { EXIT, XportsError } from '../base/errors.ts';
import { didYouMean } from '../base/nearest.ts';
import { printable, printableLines } from '../base/text.ts';
import { SERVICE_IDS } from '../service/catalog.ts';
import { examplesIn, helpTextOf } from './completion/model.ts';
import type { Context } from './context.ts';

/** Columns that help breaks descriptions into on a narrow terminal, rather than leave the breaking to it. */
const LEAST_TEXT = 20;

/** To be called for every command of the tree. */
export function speakOurWay(command: Command, context: Context): void {
  command
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError(`  ${pathOf(command)} --help says what is accepted`)
    .helpOption('-h, --help', 'print this help')
    .configureHelp({ minWidthToWrap: LEAST_TEXT })
    .configureOutput({
      writeOut: (text) => void context.out.write(text),
      writeErr: (text) => void context.stderr.write(printableLines(text)),
      getOutHelpWidth: () => context.look.width,
      outputError: (text, write) => write(errorText(text, command)),
    })
    .allowExcessArguments(true)
    .hook('preAction', (_hooked, called) => {
      if (called === command) refuseExcess(called);
    });
  for (const option of command.options) suggestChoices(option);
  for (const argument of command.registeredArguments) suggestChoices(argument);
}

/** What was typed stays on its line, whatever is in it; the library's suggestion stands on one of its own. */
function errorText(text: string, command: Command): string {
  const [, sentence, suggestion] = /^(?:error: )?(.*?)(\n\(Did you mean [^\n]*\?\))?\n*$/s.exec(text) ?? [];
  const meant = suggestion === undefined ? '' : `\n  ${suggestion.slice(2, -1)}`;
  const [example] = /required (argument|option)/.test(text) ? examplesIn(helpTextOf(command)) : [];
  const shown = example === undefined ? '' : `\n  for example: ${example.line}`;
  return `xports: ${printable(sentence ?? text)}${meant}${shown}\n`;
}

/** Words that a command has no use for: a command below it that is mistyped, a run, a service. */
function refuseExcess(command: Command): void {
  const { registeredArguments, args } = command;
  if (registeredArguments.some(({ variadic }) => variadic)) return;
  const word = args[registeredArguments.length];
  if (word === undefined) return;
  const above = command.parent;
  const siblings = above === null || above.parent === null ? [] : above.commands.map((one) => one.name());
  const path = siblings.length > 0 && above !== null ? pathOf(above) : pathOf(command);
  throw new XportsError(
    'usage',
    EXIT.usage,
    `${path.replace(/^xports /, '')} does not take the word "${printable(word)}"`,
    meantInstead(command, word, siblings) || `${path} --help says what is accepted`,
  );
}

function meantInstead(command: Command, word: string, siblings: readonly string[]): string {
  const meant = didYouMean(word, siblings);
  if (meant !== '') return meant;
  const takesRun = command.options.some(({ long }) => long === '--run');
  if (takesRun && /^(\d+|latest|all)$/.test(word)) return `to name a run: ${pathOf(command)} --run ${word}`;
  return SERVICE_IDS.includes(word) ? `to read of a service: xports explain ${word}` : '';
}

/** The words that call a command, such as `xports runs delete`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

/** Where one of several words is asked for, a mistyped one is answered with the nearest. */
function suggestChoices(asked: Option | Argument): void {
  const { argChoices, parseArg } = asked;
  if (argChoices === undefined || parseArg === undefined) return;
  asked.argParser((text: string, previous: unknown) => {
    if (argChoices.includes(text)) return parseArg(text, previous as never);
    const meant = didYouMean(text.toLowerCase(), argChoices);
    throw new InvalidArgumentError(
      `${meant === '' ? '' : `${meant} `}Allowed choices are ${argChoices.join(', ')}.`,
    );
  });
}

/** A capture in the place of a command: the one mistake that everybody makes first. */
export function refuseNoCommand(root: Command, [word, ...more]: readonly string[]): void {
  if (word === undefined || (word.startsWith('-') && word !== '-')) return;
  if (root.commands.some((command) => command.name() === word) || word === 'help') return;
  if (word !== '-' && !existsSync(word)) return;
  throw new XportsError(
    'usage',
    EXIT.usage,
    `the first word has to be a command, and ${printable(word)} is ${word === '-' ? 'standard input' : 'a file'}`,
    `to read it: xports analyze ${[word, ...more].map(printable).join(' ')}`,
  );
}
