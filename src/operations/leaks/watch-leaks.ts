import { ClaudeMemError } from '../../shared/errors.ts';
import { findChanges, type Change, type Known } from './leak-changes.ts';
import type { Observation } from '../observe/observe.ts';

export interface WatchPorts {
  readonly observe: () => Promise<Observation>;
  /** Waits until the next reading is due. @returns false to end the watch. */
  readonly wait: () => Promise<boolean>;
}

/** One reading, or its error. */
export interface WatchReading {
  /** 1, 2, 3 … */
  readonly number: number;
  readonly seen: Observation | ClaudeMemError;
  /** Changes since the last successful reading; empty at the first one. */
  readonly changes: readonly Change[];
}

/**
 * Takes readings repeatedly. A failed reading is yielded as an error, because the next one may succeed.
 * @param count number of readings; default: until `wait` returns false.
 * @throws ClaudeMemError when the very first reading fails.
 */
export async function* watchLeaks(
  { observe, wait }: WatchPorts,
  { count = Infinity }: { readonly count?: number | undefined } = {},
): AsyncGenerator<WatchReading> {
  let known: Known | undefined;
  for (let number = 1; number <= count; number += 1) {
    if (number > 1 && !(await wait())) return;
    const seen = known === undefined ? await observe() : await observe().catch(onlyForeseen);
    if (seen instanceof ClaudeMemError) {
      yield { number, seen, changes: [] };
      continue;
    }
    const found = findChanges(known ?? new Map(), seen);
    yield { number, seen, changes: known === undefined ? [] : found.changes };
    known = found.known;
  }
}

function onlyForeseen(error: unknown): ClaudeMemError {
  if (error instanceof ClaudeMemError) return error;
  throw error;
}
