// Completion for fish (complete(1) of fish).

import { type CommandModel, withAllBelow } from './model.ts';
import type { Values } from './values.ts';

export function fishCompletion(root: CommandModel): string {
  const all = withAllBelow(root);
  return `# fish completion of xports. xports completion fish > ~/.config/fish/completions/xports.fish
function __xports_at
    set -l path xports
    for word in (commandline -opc)[2..-1]
        switch "$path/$word"
            case ${all
              .slice(1)
              .map((command) => command.path.join('/'))
              .join(' ')}
                set path "$path/$word"
        end
    end
    test "$path" = "$argv[1]"
end
${all.flatMap(linesOf).join('\n')}
`;
}

function linesOf(command: CommandModel): string[] {
  const start = `complete -c xports -n ${quoted(`__xports_at ${command.path.join('/')}`)}`;
  const commands = command.commands.map(
    ({ name, description }) => `${start} -f -a ${name} -d ${quoted(description)}`,
  );
  const [argument] = command.arguments;
  if (argument === undefined || argument.values.kind !== 'files') commands.push(`${start} -f`);
  if (argument !== undefined && argument.values.kind === 'words')
    commands.push(`${start} -a ${quoted(argument.values.words.join(' '))}`);
  const options = command.options.map(({ short, long, description, values }) => {
    const names = `${short === null ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`;
    return `${start}${names}${values === null ? '' : valueFlags(values)} -d ${quoted(description)}`;
  });
  return [...commands, ...options];
}

function valueFlags(values: Values): string {
  switch (values.kind) {
    case 'words':
      return ` -x -a ${quoted(values.words.join(' '))}`;
    case 'interfaces':
      return ' -x -a \'(ls /sys/class/net 2>/dev/null; or ifconfig -l 2>/dev/null | string split " ")\'';
    case 'files':
      return ' -r -F';
    default:
      return ' -x';
  }
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
