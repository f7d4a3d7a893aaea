// The command line: commands, their errors as sentences, and the exit code.

import { Command, CommanderError } from 'commander';
import { EXIT, XportsError } from '../base/errors.ts';
import { commandsFor } from './commands.ts';
import { type Context, contextOf, type Streams } from './context.ts';
import { refuseNoCommand, speakOurWay } from './usage.ts';
import { packageVersion } from './version.ts';

const HELP = `
Exit codes:
  0   done
  1   done, and --fail-on was met
  2   the command line makes no sense
  3   no capture could be read
  4   a capture is damaged; the rest is stored
  5   live capture cannot start
  6   the database cannot be read or written
  70  an error of xports itself
  74  the output cannot be written

Examples:
  xports analyze capture.pcapng
      read a capture and print the report
  sudo xports live --iface eth1
      watch an interface until Ctrl-C
  xports flows --verdict unexpected --format csv
      the flows behind the report`;

/** Runs one command and returns its exit code. */
export async function main(argv: readonly string[], streams: Streams = process): Promise<number> {
  const context = contextOf(streams);
  try {
    const root = await program(argv[0], context);
    refuseNoCommand(root, argv);
    await root.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    context.exitCode = explain(error, context);
  }
  try {
    await context.out.flush();
  } catch (error) {
    const exitCode = explain(error, context);
    // What failed before is why there was little to print.
    if (context.exitCode !== EXIT.database) context.exitCode = exitCode;
  }
  return context.exitCode;
}

/** The command line for these words, of which the first may name a command. */
async function program(word: string | undefined, context: Context): Promise<Command> {
  const root = new Command('xports')
    .description(
      'Says which services a Microsoft Exchange server really uses, and every port that is not on the allow-list.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', HELP);
  for (const { command, hidden } of await commandsFor(word, context)) root.addCommand(command, { hidden });
  for (const command of [root, ...root.commands, ...root.commands.flatMap((parent) => parent.commands)]) {
    speakOurWay(command, context);
  }
  return root;
}

function explain(error: unknown, context: Context): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof XportsError) {
    context.say(`xports: ${error.message}`);
    if (error.hint !== undefined) context.say(`  ${error.hint}`);
    return error.exitCode;
  }
  context.say(
    `xports: internal error, please report it: ${error instanceof Error ? error.stack : String(error)}`,
  );
  return EXIT.internal;
}
