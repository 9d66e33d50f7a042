/** The kind of error, as a stable word for scripts (`error.code` in the JSON). */
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

/** An expected error: the CLI prints its message and hint. For any other error it prints a stack trace. */
export class ClaudeMemError extends Error {
  /** By name: each bundled program has its own copy of this class and must recognize errors of the other copies. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'ClaudeMemError';
  }

  readonly code: ErrorCode;
  /** How to fix the problem, in one sentence. */
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClaudeMemError';
    this.code = code;
    this.hint = options.hint;
  }
}

/** The program did not answer in time. It may still be alive and answer later. */
export class LateAnswerError extends Error {
  override readonly name = 'LateAnswerError';
}

/** By name, because each bundled program has its own copy of the class. */
export function isLateAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === 'LateAnswerError';
}

/** The errno of a Node.js system error, such as `ENOENT`; undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  // Not by `instanceof`: jest runs tests in a realm of its own, where errors of Node.js have another class.
  const isObject = typeof error === 'object' && error !== null;
  return isObject && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
