// Where a command's text goes. A reader that goes away (`| head`) ends the output quietly.

import { once } from 'node:events';

const CHUNK_CHARACTERS = 64 * 1024;

/** What is needed of a stream: standard output, or a test's. */
export type TextStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

export class Output {
  /** True once nobody reads any more. */
  closed = false;
  readonly isTerminal: boolean;
  private readonly stream: TextStream;
  private pending = '';

  constructor(stream: TextStream) {
    this.stream = stream;
    this.isTerminal = stream.isTTY === true;
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') throw error;
      this.closed = true;
    });
  }

  get columns(): number {
    return this.stream.columns ?? 80;
  }

  /** Adds text; resolves when there is room for more. */
  async write(text: string): Promise<void> {
    this.pending += text;
    if (this.pending.length >= CHUNK_CHARACTERS) await this.flush();
  }

  /** Lines from an iterator that may have millions, until they end or nobody reads. */
  async writeLines(lines: Iterable<string>, end = '\n'): Promise<void> {
    for (const line of lines) {
      this.pending += line + end;
      if (this.pending.length < CHUNK_CHARACTERS) continue;
      await this.flush();
      if (this.closed) return;
    }
  }

  async flush(): Promise<void> {
    const text = this.pending;
    this.pending = '';
    if (this.closed || text === '') return;
    if (!this.stream.write(text)) {
      // A stream that broke emits an error instead, which has set `closed`.
      await once(this.stream, 'drain').catch(() => {});
    }
    // An error of this write is reported on a later turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
