// Finds the commands that pages show, and runs them: in this process, or in a shell where a line needs one.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { xports } from '../cli/call.ts';

export interface Example {
  /** `docs/usage.md:25`. */
  readonly place: string;
  /** As the page has it, without prompt and comment. */
  readonly command: string;
  /** What the page shows below a line that begins with `$`; null where it shows nothing. */
  readonly output: string | null;
}

export interface Ran {
  readonly code: number;
  /** Standard output and standard error, in this order. */
  readonly text: string;
}

const COMMAND = /^(sudo )?(node bin\/xports\.js|xports) [a-z-]/;

/** Every line of a fenced block that calls xports; two blanks or more begin a comment. */
export function examplesOf(path: string, name: string): Example[] {
  const found: Example[] = [];
  let fenced = false;
  let shown: { readonly place: string; readonly command: string; lines: string[] } | null = null;
  const end = () => {
    if (shown !== null) found.push({ ...shown, output: `${shown.lines.join('\n')}\n` });
    shown = null;
  };
  for (const [i, line] of readFileSync(path, 'utf8').split('\n').entries()) {
    const place = `${name}:${i + 1}`;
    if (line.startsWith('```')) {
      end();
      fenced = !fenced;
    } else if (fenced && line.startsWith('$ ')) {
      end();
      if (/\bxports /.test(line)) shown = { place, command: line.slice(2), lines: [] };
    } else if (shown !== null) {
      shown.lines.push(line);
    } else if (fenced && (COMMAND.test(line) || /(\||&&) (node bin\/xports\.js|xports) /.test(line))) {
      found.push({ place, command: line.split(/ {2,}/)[0], output: null });
    }
  }
  return found;
}

/** Runs a command in the current folder; `tools` is the folder of the programs that a shell finds first. */
export async function run(command: string, tools: string): Promise<Ran> {
  const plain = /^xports ([^|<>;&$"'`\\*]*?)(?: > ([\w.-]+))?$/.exec(command);
  if (plain !== null) {
    const { code, out, err } = await xports(...plain[1].split(' '));
    if (plain[2] === undefined) return { code, text: out + err };
    writeFileSync(plain[2], out);
    return { code, text: err };
  }
  // In a pipeline one program's errors and another's output would be one pipe, which Node makes one that does not block.
  const script = command.includes('|') ? command : `exec 2>&1; ${command}`;
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', script], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${tools}:${process.env.PATH}` },
  });
  return { code: status ?? -1, text: stdout + stderr };
}
