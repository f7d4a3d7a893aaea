// What every command gets: its output, how it looks, and the exit code it leaves.

import { printableLines } from '../base/text.ts';
import type { Fit } from '../report/rows.ts';
import { type Style, style } from '../report/style.ts';
import { Output, type TextStream } from './output.ts';

export interface Context {
  readonly out: Output;
  readonly stderr: TextStream;
  /** Writes one line or more to standard error, with nothing in them that a terminal would obey. */
  readonly say: (text: string) => void;
  readonly look: Style;
  exitCode: number;
}

/** Colour is for terminals. NO_COLOR (no-color.org) turns it off, FORCE_COLOR on where there is none, and 0 means off. */
export function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (NO_COLOR || FORCE_COLOR === '0' || FORCE_COLOR === 'false') return false;
  return Boolean(FORCE_COLOR) || (isTerminal && TERM !== 'dumb');
}

/** What a table has to fit on: nothing where the output is no terminal. */
export function fitOf(
  { out }: Context,
  dropFirst: readonly string[],
  otherwise = '--format csv',
): Fit | null {
  return out.isTerminal ? { columns: out.columns, dropFirst, otherwise } : null;
}

export interface Streams {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
}

export function contextOf({ stdout, stderr }: Streams): Context {
  const out = new Output(stdout);
  // Nobody is left to tell.
  stderr.on('error', () => {});
  return {
    out,
    stderr,
    say: (text) => stderr.write(`${printableLines(text)}\n`),
    look: style(out.columns, wantsColour(out.isTerminal, process.env), out.isTerminal),
    exitCode: 0,
  };
}
