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

export async function xports(...args: readonly string[]): Promise<Called> {
  const stdout = new Kept();
  const stderr = new Kept();
  const code = await main(args, { stdout, stderr });
  return { code, out: stdout.text, err: stderr.text };
}
