// Calls the command line within the test's own process, with streams that keep what is written.

import { Writable } from 'node:stream';

// The built one: a run stores its rows from a thread, which has to be JavaScript.
const built = new URL('../../dist/cli/main.js', import.meta.url).href;
const { main } = (await import(built)) as typeof import('../../src/cli/main.ts');

export interface Called {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

class Kept extends Writable {
  text = '';

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

/** The same on a terminal that is so many columns wide. */
export async function xportsOnTerminal(columns: number, ...args: readonly string[]): Promise<Called> {
  return called(args, Object.assign(new Kept(), { isTTY: true, columns }), new Kept());
}

export async function xports(...args: readonly string[]): Promise<Called> {
  return called(args, new Kept(), new Kept());
}

async function called(args: readonly string[], stdout: Kept, stderr: Kept): Promise<Called> {
  const code = await main(args, { stdout, stderr });
  return { code, out: stdout.text, err: stderr.text };
}
