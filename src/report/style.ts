// How a terminal report looks: its width and its few colours, each with one meaning.

import pc from 'picocolors';

export type Paint = (text: string) => string;

export interface Style {
  /** Columns of the terminal; text is broken at them in a pipe too. */
  readonly width: number;
  /** True where tables have to fit: a pipe gets all columns. */
  readonly isScreen: boolean;
  readonly heading: Paint;
  readonly faint: Paint;
  readonly good: Paint;
  readonly warn: Paint;
  readonly bad: Paint;
}

const NARROWEST = 40;
/** Longer lines are hard to read. */
const WIDEST = 120;

export function style(width: number, colour: boolean, isScreen = false): Style {
  const colours = pc.createColors(colour);
  return {
    width: Math.min(Math.max(width, NARROWEST), WIDEST),
    isScreen,
    heading: colours.bold,
    faint: colours.dim,
    good: colours.green,
    warn: colours.yellow,
    bad: colours.red,
  };
}
