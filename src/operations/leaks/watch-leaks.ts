import { ClaudeMemError } from '../../shared/errors.ts';
import { findChanges, type Change, type Known } from './leak-changes.ts';
import type { Observation } from '../observe/observe.ts';

export interface WatchPorts {
  readonly observe: () => Promise<Observation>;
  /** Waits for the next reading to be due. @returns whether there is to be one. */
  readonly wait: () => Promise<boolean>;
}

/** One look at the machine, or the failure of one. */
export interface WatchReading {
  /** 1, 2, 3 … */
  readonly number: number;
  readonly seen: Observation | ClaudeMemError;
  /** Since the last reading that did not fail; none at the first. */
  readonly changes: readonly Change[];
}

/**
 * Reads again and again. A reading that fails is one that says so, because the next may succeed.
 * @param count how many readings there are to be; without it there is no end but by `wait`.
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
