// A command of the user's that is started for every finding that is new or resolved, with the finding as JSON on its
// standard input. No shell takes part: words of a finding come from the wire.

import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { InvalidArgumentError } from 'commander';
import { reasonOf } from '../base/errors.ts';
import type { FindingNote } from '../pipeline/news.ts';

const AT_ONCE = 4;
/** Findings that wait for their turn; a flood of them is not kept without end. */
const MOST_WAITING = 10_000;
const LONGEST_RUN_MS = 60_000;
/** At the end of a capture, for those that are under way or wait. */
const LONGEST_END_MS = 30_000;

/**
 * A program and its arguments: separated by blanks; '…' and "…" keep blanks in a word. Nothing else has a meaning: no
 * variables, no globs, no backslashes.
 */
export function parseCommand(text: string): readonly string[] {
  const words: string[] = [];
  const pattern = /\s*((?:[^\s'"]|'[^']*'|"[^"]*")+)\s*/y;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) throw new InvalidArgumentError('A quote is not closed.');
    words.push(match[1].replace(/'([^']*)'|"([^"]*)"/g, (_all, single, double) => single ?? double));
  }
  if (words.length > 0 && words[0] !== '') return words;
  throw new InvalidArgumentError('Give a program, and its arguments if it has any.');
}

export class FindingCommand {
  private readonly words: readonly string[];
  private readonly say: (sentence: string) => void;
  private readonly waiting: FindingNote[] = [];
  private readonly running = new Set<ChildProcess>();
  private left = 0;
  private idle: (() => void) | null = null;

  constructor(words: readonly string[], say: (sentence: string) => void) {
    this.words = words;
    this.say = say;
  }

  tell(notes: readonly FindingNote[]): void {
    const room = MOST_WAITING - this.waiting.length;
    this.waiting.push(...notes.slice(0, room));
    if (notes.length > room) {
      this.left += notes.length - room;
      this.say(`--on-finding is slower than findings come: ${this.left} were not given to it`);
    }
    this.next();
  }

  /** Resolves when the command is done with all findings, or after a while without it. */
  async end(): Promise<void> {
    if (this.running.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.idle = resolve;
      timer = setTimeout(resolve, LONGEST_END_MS);
    });
    clearTimeout(timer);
    if (this.running.size > 0) this.say('--on-finding did not end; it is stopped');
    this.waiting.length = 0;
    for (const child of this.running) child.kill('SIGKILL');
  }

  private next(): void {
    while (this.running.size < AT_ONCE) {
      const note = this.waiting.shift();
      if (note === undefined) break;
      this.start(note);
    }
    if (this.running.size === 0) this.idle?.();
  }

  private start(note: FindingNote): void {
    const [program, ...args] = this.words;
    let child: ChildProcessByStdio<Writable, null, null>;
    try {
      child = spawn(program, args, { stdio: ['pipe', 'ignore', 'ignore'], shell: false });
    } catch (error) {
      // The capture goes on whatever the system refuses.
      this.say(`--on-finding ${program}: ${reasonOf(error)}`);
      return;
    }
    this.running.add(child);
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_RUN_MS);
    const done = (trouble: string | null) => {
      clearTimeout(timer);
      if (!this.running.delete(child)) return;
      if (trouble !== null) this.say(`--on-finding ${program}: ${trouble}`);
      this.next();
    };
    child.on('error', (error) => done(reasonOf(error)));
    child.on('close', (code, signal) =>
      done(code === 0 ? null : `it ended with ${signal ?? `code ${code}`}`),
    );
    // A command need not read what it is given.
    child.stdin.on('error', () => {});
    child.stdin.end(`${JSON.stringify(note)}\n`);
  }
}
