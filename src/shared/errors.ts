/** What went wrong, as a stable word for scripts (`error.code` of the JSON). */
export type ErrorCode =
  | 'usage'
  | 'settings'
  | 'data-dir'
  | 'not-owner'
  | 'process-table-unreadable'
  | 'manifest-unreadable'
  | 'snapshot-file'
  | 'lock-held'
  | 'port-taken'
  | 'io'
  | 'interrupted';

/** An error that was foreseen: the CLI prints its message and hint, and a stack trace only for others. */
export class ClaudeMemError extends Error {
  /** Each program of the package has a copy of this class, and what one throws another one has to know. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'ClaudeMemError';
  }

  readonly code: ErrorCode;
  /** What to do about it, in one sentence. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClaudeMemError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The program asked has not answered in time. It may still answer: late is not gone. */
export class LateAnswerError extends Error {
  override readonly name = 'LateAnswerError';
}

/** By name, because each program of the package has a copy of the class. */
export function isLateAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === 'LateAnswerError';
}

/** The errno of a Node.js system error, such as `ENOENT`; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  // Not by `instanceof`: jest runs tests in a realm of their own, where errors of Node.js are of another one.
  const isObject = typeof error === 'object' && error !== null;
  return isObject && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
