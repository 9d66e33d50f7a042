import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';

/**
 * Runs a write that must not stop a command: ending processes needs only signals, so a full disk or a missing folder is no obstacle.
 * @returns why the write failed, in a sentence; undefined if it succeeded.
 * @throws every error that is not a file error.
 */
export function whyUnwritten(write: () => unknown): string | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    const isForeseen = error instanceof ClaudeMemError || errnoOf(error) !== undefined;
    if (!(error instanceof Error) || !isForeseen) throw error;
    return error.message;
  }
}
