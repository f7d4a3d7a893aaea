// The manual page, from the same tree that prints help (groff_man(7)). `npm run man` writes man/xports.1 with it.

import { Command } from 'commander';
import { type CommandModel, type Example, modelOf, type OptionModel } from './completion/model.ts';
import type { Context } from './context.ts';
import { packageVersion } from './version.ts';

const EXIT_CODES: readonly (readonly [code: number, text: string])[] = [
  [0, 'done; a capture without packets is done too'],
  [1, 'done, and --fail-on was met'],
  [2, 'the command line makes no sense'],
  [3, 'no source is a capture that can be read'],
  [4, 'a capture is damaged or cut short, or one of several could not be read; the rest is stored'],
  [5, 'live capture cannot start'],
  [6, 'the database cannot be read or written'],
  [70, 'an error of xports itself'],
  [74, 'the output cannot be written'],
];

const ENVIRONMENT: readonly (readonly [name: string, text: string])[] = [
  ['NO_COLOR', 'where it is set and not empty, nothing is coloured'],
  ['FORCE_COLOR', 'where it is set, and not to 0, output that is no terminal is coloured too'],
  ['TZ', 'the time zone of Network Monitor captures that do not name theirs'],
];

/** Hidden: it is for those who build the package. */
export function manualCommand(context: Context): Command {
  return new Command('manual')
    .description('print the manual page')
    .addHelpText('after', '\nExamples:\n  xports manual > xports.1')
    .action((_flags: object, self: Command) =>
      context.out.write(manualPage(modelOf(self.parent ?? self), packageVersion())),
    );
}

export function manualPage(root: CommandModel, version: string): string {
  const lines = [
    `.TH XPORTS 1 "" "xports ${version}" "User Commands"`,
    '.SH NAME',
    'xports \\- which services an Exchange server really uses, from a packet capture',
    '.SH SYNOPSIS',
    '.B xports',
    '.I COMMAND',
    '.RI [ OPTION "]... [" ARGUMENT ]...',
    '.SH DESCRIPTION',
    plain(root.description),
    '.PP',
    'It reads packet captures, makes flow records, labels them by the allow-list of Exchange, and keeps them in one SQLite database.',
    '.SH COMMANDS',
    ...root.commands.flatMap((command) => commandLines(command)),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, text]) => ['.TP', `.B ${code}`, plain(text)]),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, text]) => ['.TP', `.B ${name}`, plain(text)]),
    '.SH FILES',
    '.TP',
    '.I xports.db',
    plain('the database in the current directory, unless --db names another'),
    '.SH EXAMPLES',
    ...exampleLines(root.examples),
    '.SH SEE ALSO',
    '.BR tcpdump (8),',
    '.BR dumpcap (1),',
    '.BR pcap\\-filter (7)',
  ];
  return `${lines.join('\n')}\n`;
}

function commandLines(command: CommandModel): string[] {
  const words = command.arguments.map(({ name, isRequired, isVariadic }) => {
    const shown = `${name.toUpperCase()}${isVariadic ? '...' : ''}`;
    return isRequired ? shown : `[${shown}]`;
  });
  const children = command.commands.length === 0 ? [] : ['COMMAND'];
  return [
    `.SS ${plain([...command.path, ...children, ...words].join(' '))}`,
    plain(sentence(command.description)),
    ...command.arguments.flatMap(({ name, description }) => [
      '.TP',
      `.I ${plain(name.toUpperCase())}`,
      plain(description),
    ]),
    ...command.options.filter(({ long }) => long !== '--help').flatMap(optionLines),
    ...(command.examples.length === 0 ? [] : ['.PP', 'Examples:', ...exampleLines(command.examples)]),
    ...command.commands.flatMap(commandLines),
  ];
}

function optionLines({ flags, description, choices }: OptionModel): string[] {
  const words = choices === null ? '' : `; one of ${choices.join(', ')}`;
  return ['.TP', `.B ${plain(flags)}`, plain(description + words)];
}

function exampleLines(examples: readonly Example[]): string[] {
  return examples.flatMap(({ line, says }) => [
    ...(says === '' ? [] : ['.PP', plain(sentence(says))]),
    '.PP',
    '.RS 4',
    '.nf',
    plain(line),
    '.fi',
    '.RE',
  ]);
}

function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended[0].toUpperCase() + ended.slice(1);
}

/** Text that the formatter prints as it is. */
function plain(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll("'", '\\(aq');
  return escaped.startsWith('.') ? `\\&${escaped}` : escaped;
}
