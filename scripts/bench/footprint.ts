import { readdirSync, readFileSync } from 'node:fs';

/** The memory and descriptors of a process at one moment. */
export interface Footprint {
  /** Proportional set size and swap: shared memory counts proportionally. */
  readonly pssBytes: number;
  /** Memory that belongs to this process alone and that no file backs, swapped or not: its heaps, buffers and stacks. */
  readonly ownBytes: number;
  /** Open file descriptors. */
  readonly descriptors: number;
}

/** Reads it from `/proc`. Does not depend on how many other processes share its files, except for the PSS. */
export function footprintOf(pid: number): Footprint {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  const bytes = (...names: readonly string[]): number =>
    names
      .map((name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0) * 1024)
      .reduce((sum, value) => sum + value);
  return {
    pssBytes: bytes('Pss', 'SwapPss'),
    ownBytes: bytes('Anonymous', 'Swap'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}
