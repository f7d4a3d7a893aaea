// Opens what a capture is read from: a file, a pipe or a device by its name, or standard input.

import { close, constants, fstat, open } from 'node:fs';
import { isatty } from 'node:tty';
import { promisify } from 'node:util';
import type { ByteSource } from './bytes.ts';
import { DeviceSource } from './devices.ts';
import { openRegularFile } from './files.ts';
import { StreamSource } from './streams.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify(fstat);

/** A named pipe whose writer has not come yet would hold `open` up, and nothing could call that off. */
const READ_ONLY = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Opens by name, which may be bytes. What is no regular file ends when `stop` says so. Throws what the system says. */
export async function openFileSource(path: string | Buffer, stop?: AbortSignal): Promise<ByteSource> {
  const fd = await openFile(path, READ_ONLY);
  try {
    const stat = await statFile(fd);
    if (stat.isFile()) return await openRegularFile(path, fd, stat);
    if (stat.isFIFO() || stat.isSocket() || isatty(fd)) return new StreamSource(fd, stop);
    return new DeviceSource(fd, stop);
  } catch (error) {
    await closeFile(fd).catch(() => {});
    throw error;
  }
}

/** Standard input, whatever it is: packets are handed on as they arrive. It ends when `stop` says so. */
export async function openStdinSource(stop?: AbortSignal): Promise<ByteSource> {
  const stat = await statFile(0);
  if (stat.isFIFO() || stat.isSocket() || isatty(0)) return new StreamSource(0, stop);
  return new DeviceSource(0, stop);
}
