// Completion for zsh (zshcompsys(1), _arguments).

import { type CommandModel, type OptionModel, withAllBelow } from './model.ts';
import type { Values } from './values.ts';

export function zshCompletion(root: CommandModel): string {
  const functions = withAllBelow(root).reverse().map(functionOf);
  return `#compdef xports
# zsh completion of xports. In a directory of $fpath: xports completion zsh > _xports
_xports_interfaces() { compadd -- $(ls /sys/class/net 2>/dev/null || ifconfig -l 2>/dev/null) }
${functions.join('\n')}
if [[ $funcstack[1] == _xports ]]; then _xports "$@"; else compdef _xports xports; fi
`;
}

function functionOf(command: CommandModel): string {
  const options = command.options.map(optionSpec);
  if (command.commands.length === 0) {
    const places = command.arguments.map(({ name, isVariadic, values }, i) => {
      return quoted(`${isVariadic ? '*' : i + 1}:${described(name)}:${action(values)}`);
    });
    return `${nameOf(command)}() {\n  _arguments -S ${[...options, ...places].join(' \\\n    ')}\n}`;
  }
  const rows = command.commands.map(
    ({ name, description }) => `    ${quoted(`${name}:${described(description)}`)}`,
  );
  const calls = command.commands.map((child) => `      ${child.name}) ${nameOf(child)} ;;`);
  return `${nameOf(command)}() {
  local curcontext="$curcontext" state line
  local -a commands
  commands=(
${rows.join('\n')}
  )
  _arguments -C -S ${[...options, "'1:command:->command'", "'*::argument:->argument'"].join(' \\\n    ')}
  case $state in
    command) _describe -t commands command commands ;;
    argument) case $words[1] in
${calls.join('\n')}
    esac ;;
  esac
}`;
}

function optionSpec({ short, long, description, values }: OptionModel): string {
  const value = values === null ? '' : `:value:${action(values)}`;
  const says = `[${described(description)}]`;
  const equals = values === null ? '' : '=';
  if (short === null) return quoted(`${long}${equals}${says}${value}`);
  // One excludes the other, and both say the same.
  const plus = values === null ? '' : '+';
  return `${quoted(`(${short} ${long})`)}{${short}${plus},${long}${equals}}${quoted(says + value)}`;
}

function action(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `(${values.words.join(' ')})`;
    case 'interfaces':
      return '_xports_interfaces';
    case 'files':
      return '_files';
    default:
      return ' ';
  }
}

function nameOf(command: CommandModel): string {
  return `_${command.path.join('_')}`;
}

function described(text: string): string {
  return text.replace(/[[\]:\\]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
