// Completion for bash 3.2 and newer (bash(1), Programmable Completion). Where nothing is offered, bash offers files.

import { type CommandModel, withAllBelow } from './model.ts';
import type { Values } from './values.ts';

export function bashCompletion(root: CommandModel): string {
  const all = withAllBelow(root);
  const called = all.slice(1).map((command) => quoted(command.path.join('/')));
  const values = all.flatMap((command) =>
    command.options.flatMap(({ short, long, values }) => {
      if (values === null) return [];
      const names = [long, ...(short === null ? [] : [short])];
      const at = names.map((name) => quoted(`${command.path.join('/')}/${name}`)).join('|');
      return [`    ${at}) ${offer(values)} return ;;`];
    }),
  );
  const inside = all.map((command) => {
    const options = command.options.flatMap(({ short, long }) => [long, ...(short === null ? [] : [short])]);
    const plain =
      command.commands.length > 0
        ? offer({ kind: 'words', words: command.commands.map(({ name }) => name) })
        : offer(command.arguments[0]?.values ?? { kind: 'unknown' });
    return [
      `    ${quoted(command.path.join('/'))})`,
      `      if [[ $cur == -* ]]; then ${offer({ kind: 'words', words: options })}`,
      `      else ${plain} fi ;;`,
    ].join('\n');
  });
  return `# bash completion of xports. In ~/.bashrc: source <(xports completion bash)
_xports() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path=xports i
  # "=" is a word of its own here.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/\${COMP_WORDS[i]}" in
      ${called.join('|')}) path="$path/\${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$path/$prev" in
${values.join('\n')}
  esac
  case "$path" in
${inside.join('\n')}
  esac
}
complete -o bashdefault -o default -F _xports xports
`;
}

function offer(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `COMPREPLY=( $(compgen -W ${quoted(values.words.join(' '))} -- "$cur") );`;
    case 'interfaces':
      return 'COMPREPLY=( $(compgen -W "$(ls /sys/class/net 2>/dev/null || ifconfig -l 2>/dev/null)" -- "$cur") );';
    default:
      return ':;';
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
