import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';

/**
 * Writes what only records: ending needs nothing but signals, so a disk that is full or a folder that is gone stops no ending.
 * @returns why it could not be written, in a sentence; undefined if it was.
 * @throws whatever is no fault of the files.
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
