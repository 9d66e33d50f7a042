import type { ProportionalMemory } from '../../../operations/ports/process.ts';
import { readProportionalMemory } from './memory.ts';
import type { MeasureMemory, RowDraft } from './row-reader.ts';

interface Measured {
  readonly startTicks: number | undefined;
  readonly rssBytes: number | undefined;
  readonly at: number;
  readonly memory: ProportionalMemory;
}

/** In milliseconds. Shared memory can change without a change of the resident set. */
const MEASURE_AGAIN_MS = 60_000;

/**
 * Caches PSS and swap, which cost a millisecond per process: measures again when the resident set has changed (as it
 * does when pages are swapped out), and once a minute.
 */
export class MemoryKeeper {
  readonly #now: () => number;
  readonly #measured = new Map<number, Measured>();

  constructor(now: () => number) {
    this.#now = now;
  }

  readonly measure: MeasureMemory = (row, directory) => {
    const { pid, startTicks, rssBytes } = row;
    const known = this.#measured.get(pid);
    const at = this.#now();
    if (
      known?.startTicks === startTicks &&
      known?.rssBytes === rssBytes &&
      known !== undefined &&
      at - known.at < MEASURE_AGAIN_MS
    )
      return known.memory;
    const memory = readProportionalMemory(directory);
    this.#measured.set(pid, { startTicks, rssBytes, at, memory });
    return memory;
  };

  forgetAllBut(rows: ReadonlyMap<number, RowDraft>): void {
    for (const pid of this.#measured.keys()) if (!rows.has(pid)) this.#measured.delete(pid);
  }
}
