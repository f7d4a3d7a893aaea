// Where a command's text goes. A reader that goes away (`| head`) ends the output quietly; any other failure is told.

import { fstatSync, writeSync } from 'node:fs';
import { EXIT, reasonOf, XportsError } from '../base/errors.ts';

const CHUNK_CHARACTERS = 64 * 1024;

/** What is needed of a stream: standard output, or a test's. */
export type TextStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly fd?: number;
};

export class Output {
  /** True once nobody reads any more, or nothing can be written. */
  closed = false;
  readonly isTerminal: boolean;
  private readonly stream: TextStream;
  /** Null where the stream is no file. */
  private readonly file: number | null;
  private pending = '';
  private failure: Error | null = null;

  constructor(stream: TextStream) {
    this.stream = stream;
    this.isTerminal = stream.isTTY === true;
    this.file = fileOf(stream);
    stream.on('error', (error: NodeJS.ErrnoException) => this.fail(error));
  }

  get columns(): number {
    return this.stream.columns ?? 80;
  }

  /** Adds text; resolves when there is room for more. Throws XportsError where it cannot be written. */
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

  /** Text and bytes from an iterator, in order, until they end or nobody reads. */
  async writeChunks(chunks: Iterable<string | Uint8Array>): Promise<void> {
    for (const chunk of chunks) {
      if (typeof chunk === 'string') await this.write(chunk);
      else {
        await this.flush();
        await this.send(chunk);
      }
      if (this.closed) return;
    }
  }

  /** Writes what was added. Throws XportsError where it could not be written, once. */
  async flush(): Promise<void> {
    const text = this.pending;
    this.pending = '';
    await this.send(Buffer.from(text));
  }

  private async send(bytes: Uint8Array): Promise<void> {
    if (!this.closed && bytes.length > 0) {
      if (this.file !== null) this.writeFile(this.file, bytes);
      else await new Promise<void>((resolve) => this.stream.write(bytes, () => resolve()));
      // An error is reported on a later turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { failure } = this;
    this.failure = null;
    if (failure === null) return;
    throw new XportsError('output', EXIT.output, `cannot write the output: ${reasonOf(failure)}`);
  }

  /** To a file at once and to the last byte: the stream over it would take a part that was written for the whole. */
  private writeFile(fd: number, bytes: Uint8Array): void {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    } catch (error) {
      this.fail(error as Error);
    }
  }

  private fail(error: NodeJS.ErrnoException): void {
    if (!this.closed && error.code !== 'EPIPE' && error.code !== 'ERR_STREAM_DESTROYED') this.failure = error;
    this.closed = true;
  }
}

function fileOf({ fd }: TextStream): number | null {
  try {
    return fd !== undefined && fstatSync(fd).isFile() ? fd : null;
  } catch {
    return null;
  }
}
