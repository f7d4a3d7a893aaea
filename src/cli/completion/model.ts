// The command tree as what is made from it needs it: completion for three shells, and the manual.

import type { Argument, Command, Option } from 'commander';
import { type Values, valuesOf } from './values.ts';

export interface OptionModel {
  readonly short: string | null;
  readonly long: string;
  /** As help prints it: `-i, --iface <name>`. */
  readonly flags: string;
  readonly description: string;
  /** What its value may be; null for an option without one. */
  readonly values: Values | null;
  /** The only values that are accepted; null where there are others. */
  readonly choices: readonly string[] | null;
}

export interface ArgumentModel {
  readonly name: string;
  readonly isRequired: boolean;
  readonly isVariadic: boolean;
  readonly description: string;
  readonly values: Values;
}

export interface Example {
  readonly line: string;
  /** '' for nothing. */
  readonly says: string;
}

export interface CommandModel {
  /** The words that call it, from `xports` on. */
  readonly path: readonly string[];
  readonly name: string;
  readonly description: string;
  readonly options: readonly OptionModel[];
  readonly arguments: readonly ArgumentModel[];
  readonly commands: readonly CommandModel[];
  readonly examples: readonly Example[];
}

/** What is meant where a command of several is left out, as in `xports runs`. */
const LIST = 'list';

export function modelOf(command: Command, above: readonly string[] = []): CommandModel {
  const help = command.createHelp();
  const path = [...above, command.name()];
  const where = path.slice(1).join(' ');
  const commands = help
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help')
    .map((child) => modelOf(child, path));
  const own = help.visibleOptions(command).map((option) => optionModel(option, where));
  const meant = commands.find(({ name }) => name === LIST)?.options ?? [];
  return {
    path,
    name: command.name(),
    description: command.description(),
    options: [...meant.filter(({ long }) => own.every((option) => option.long !== long)), ...own],
    arguments: command.registeredArguments.map((argument) => argumentModel(argument, where)),
    commands,
    examples: examplesIn(helpTextOf(command)),
  };
}

/** The command and all below it. */
export function withAllBelow(command: CommandModel): CommandModel[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}

function optionModel(option: Option, where: string): OptionModel {
  const takesValue = option.required || option.optional;
  return {
    short: option.short ?? null,
    long: option.long ?? '',
    flags: option.flags,
    description: descriptionOf(option),
    choices: option.argChoices ?? null,
    values: takesValue ? valuesOf(where, option.long ?? '', option.flags, option.argChoices) : null,
  };
}

/** With what is assumed unless it is given. */
function descriptionOf({ description, defaultValue, defaultValueDescription, negate }: Option): string {
  const shown =
    defaultValueDescription ??
    (typeof defaultValue === 'string' || typeof defaultValue === 'number' ? String(defaultValue) : undefined);
  return shown === undefined || negate ? description : `${description} (default: ${shown})`;
}

function argumentModel(argument: Argument, where: string): ArgumentModel {
  const name = argument.name();
  return {
    name,
    isRequired: argument.required,
    isVariadic: argument.variadic,
    description: argument.description,
    values: valuesOf(where, name, `<${name}>`, argument.argChoices),
  };
}

/** What `--help` prints, so that what is tested and in the manual is what users see. */
export function helpTextOf(command: Command): string {
  let text = '';
  const before = { ...command.configureOutput() };
  command.configureOutput({
    ...before,
    writeOut: (part) => {
      text += part;
    },
  });
  command.outputHelp();
  command.configureOutput(before);
  return text;
}

/** The examples at the end of a help text: commands behind two blanks, and what is said of one behind six. */
export function examplesIn(help: string): Example[] {
  const [, section = ''] = help.split('\nExamples:\n');
  const examples: Example[] = [];
  for (const line of section.split('\n')) {
    if (/^ {2}\S/.test(line)) examples.push({ line: line.trim(), says: '' });
    else if (/^ {6}\S/.test(line)) {
      const last = examples.pop();
      if (last !== undefined) examples.push({ ...last, says: `${last.says} ${line.trim()}`.trim() });
    }
  }
  return examples;
}
