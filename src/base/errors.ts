// Errors a user sees: what happened, the exit code it stands for, and what to do next.

export const EXIT = {
  done: 0,
  failOn: 1,
  usage: 2,
  noCapture: 3,
  damaged: 4,
  noLive: 5,
  database: 6,
  /** Our own fault: EX_SOFTWARE of sysexits.h, so that no script takes it for an answer. */
  internal: 70,
  /** The report could not be written to where it was to go: EX_IOERR of sysexits.h. */
  output: 74,
} as const;

export type ErrorCode = 'usage' | 'no-capture' | 'live' | 'database' | 'output' | 'internal';

/** An error meant for the user: `message` says what was found, `hint` what to do about it. */
export class XportsError extends Error {
  readonly code: ErrorCode;
  readonly exitCode: number;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, exitCode: number, message: string, hint?: string) {
    super(message);
    this.name = 'XportsError';
    this.code = code;
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** What the system said of a failed call, in words, without its code and path repeated. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOENT':
      return 'no such file or directory';
    case 'EACCES':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOSPC':
      return 'no space left on the device';
    case 'EMFILE':
      return 'too many files are open';
    case 'EIO':
      return 'the system reported an input or output error';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
