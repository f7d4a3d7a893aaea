// xports completion: a script by which a shell completes commands, options and their values.

import { Argument, Command } from 'commander';
import { bashCompletion } from './completion/bash.ts';
import { fishCompletion } from './completion/fish.ts';
import { type CommandModel, modelOf } from './completion/model.ts';
import { zshCompletion } from './completion/zsh.ts';
import type { Context } from './context.ts';

const SHELLS: Readonly<Record<string, (root: CommandModel) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

const HELP = `
Examples:
  source <(xports completion bash)
      in ~/.bashrc
  xports completion zsh > _xports
      in a directory of $fpath
  xports completion fish > xports.fish
      in ~/.config/fish/completions`;

export function completionCommand(context: Context): Command {
  return new Command('completion')
    .description('print what makes a shell complete commands, options and their values')
    .addArgument(new Argument('<shell>', 'whose completion').choices(Object.keys(SHELLS)))
    .addHelpText('after', HELP)
    .action((shell: string, _flags: object, command: Command) =>
      context.out.write(SHELLS[shell](modelOf(command.parent ?? command))),
    );
}
