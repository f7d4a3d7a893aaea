// Keeps the packets of a live capture in files while they pass: whole records only, so that every file can be read by
// itself, and a new file by size or age.

import { type FileHandle, open, unlink } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { EXIT, reasonOf, XportsError } from '../../base/errors.ts';
import { printable } from '../../base/text.ts';
import type { ByteSource } from '../bytes.ts';

const FILE_HEADER_BYTES = 24;
/** Packets may hold secrets: the owner alone reads them. */
const MODE = 0o600;
const NUMBER_DIGITS = 5;

export interface WriteOptions {
  readonly path: string;
  /** A file is never longer than this, but for a single read that is; null for no limit. */
  readonly maxBytes: number | null;
  /** Age at which a file ends; null for none. */
  readonly maxSeconds: number | null;
  /** Files kept, the newest; null for all. */
  readonly maxFiles: number | null;
}

export class CaptureWriter {
  /** Why nothing is written any more; null while all is well. */
  failure: string | null = null;
  private readonly options: WriteOptions;
  private file: FileHandle | null = null;
  private path = '';
  private readonly written: string[] = [];
  private header: Uint8Array | null = null;
  private bytes = 0;
  private openedAtMs = 0;
  private number = 0;

  private constructor(options: WriteOptions) {
    this.options = options;
  }

  /** Creates the first file; one that is there is not written over. Throws XportsError with exit code 2. */
  static async create(options: WriteOptions): Promise<CaptureWriter> {
    const writer = new CaptureWriter(options);
    try {
      await writer.openNext();
    } catch (error) {
      const reason =
        (error as NodeJS.ErrnoException).code === 'EEXIST' ? 'it is there already' : reasonOf(error);
      throw new XportsError(
        'usage',
        EXIT.usage,
        `--write ${printable(options.path)}: ${reason}`,
        'name another file',
      );
    }
    return writer;
  }

  /** Puts this writer between a source and its reader. A failure to write does not stop the reading. */
  over(source: ByteSource): ByteSource {
    return {
      size: source.size,
      read: async (into, at, length) => {
        const count = await source.read(into, at, length);
        // Before the reader gets them, since its buffer is filled anew after that.
        if (count > 0) await this.write(into.subarray(at, at + count));
        return count;
      },
      close: () => source.close(),
    };
  }

  async close(): Promise<void> {
    const { file } = this;
    this.file = null;
    await file?.close().catch((error: unknown) => this.fail(error));
  }

  /** Takes the file's header first, then whole records. */
  private async write(bytes: Uint8Array): Promise<void> {
    if (this.failure !== null) return;
    try {
      if (this.header === null) this.header = bytes.slice(0, FILE_HEADER_BYTES);
      else if (this.isFull(bytes.length)) {
        await this.close();
        await this.openNext();
        await this.append(this.header);
      }
      await this.append(bytes);
    } catch (error) {
      await this.close();
      this.fail(error);
    }
  }

  private isFull(bytes: number): boolean {
    if (this.bytes <= FILE_HEADER_BYTES) return false;
    const { maxBytes, maxSeconds } = this.options;
    if (maxBytes !== null && this.bytes + bytes > maxBytes) return true;
    return maxSeconds !== null && Date.now() - this.openedAtMs >= maxSeconds * 1000;
  }

  private async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.file!.write(bytes, done);
      done += bytesWritten;
    }
    this.bytes += bytes.length;
  }

  private async openNext(): Promise<void> {
    const { path, maxBytes, maxSeconds, maxFiles } = this.options;
    const rotates = maxBytes !== null || maxSeconds !== null;
    for (;;) {
      this.path = rotates ? numbered(path, ++this.number) : path;
      try {
        this.file = await open(this.path, 'wx', MODE);
        break;
      } catch (error) {
        // Files of an earlier capture stay.
        if (!rotates || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
    this.bytes = 0;
    this.openedAtMs = Date.now();
    this.written.push(this.path);
    while (maxFiles !== null && this.written.length > maxFiles) await unlink(this.written.shift()!);
  }

  private fail(error: unknown): void {
    this.failure ??= `--write ${printable(this.path)}: ${reasonOf(error)}; the packets after that are not kept`;
  }
}

/** `capture.pcap` becomes `capture-00001.pcap`. */
function numbered(path: string, number: number): string {
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}-${String(number).padStart(NUMBER_DIGITS, '0')}${ext}`);
}
