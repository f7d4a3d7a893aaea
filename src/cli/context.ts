// What every command gets: its output, how it looks, and the exit code it leaves.

import { type Style, style } from '../report/style.ts';
import { Output } from './output.ts';

export interface Context {
  readonly out: Output;
  /** Writes a line to standard error. */
  readonly say: (line: string) => void;
  readonly look: Style;
  exitCode: number;
}

/** Colour is for terminals, and NO_COLOR (no-color.org) turns it off. */
export function wantsColour(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
}

export function processContext(): Context {
  const out = new Output(process.stdout);
  process.stderr.on('error', () => {});
  return {
    out,
    say: (line) => process.stderr.write(`${line}\n`),
    look: style(out.columns, wantsColour(out.isTerminal, process.env)),
    exitCode: 0,
  };
}
