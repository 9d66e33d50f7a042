import { isChromaRole } from '../tree/manifest.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import type { Judgement } from '../verdicts/verdict.ts';

/** Total memory of some processes. */
export interface MemoryUse {
  readonly bytes: number;
  /** Whether `bytes` is PSS + swap for all of them; false if RSS was used for one. */
  readonly isProportional: boolean;
  /** Number of processes whose memory could not be read. */
  readonly unknown: number;
}

/** The memory of the managed Chroma processes (wrapper and python) of each tree. The memory limit applies to this sum. */
export function chromaMemory(judgements: readonly Judgement[]): ReadonlyMap<string, MemoryUse> {
  const trees = new Map<string, ProcessRow[]>();
  for (const { verdict, treeId, role, row } of judgements) {
    if (verdict !== 'managed' || treeId === null || !isChromaRole(role)) continue;
    trees.set(treeId, [...(trees.get(treeId) ?? []), row]);
  }
  return new Map([...trees].map(([treeId, rows]) => [treeId, memoryOf(rows)]));
}

/** Sums PSS + swap of each process, or its RSS if PSS is unreadable. */
export function memoryOf(rows: readonly ProcessRow[]): MemoryUse {
  let bytes = 0;
  for (const row of rows)
    bytes += row.pssBytes === undefined ? (row.rssBytes ?? 0) : row.pssBytes + (row.swapBytes ?? 0);
  return {
    bytes,
    isProportional: rows.every(({ pssBytes }) => pssBytes !== undefined),
    unknown: rows.filter(({ pssBytes, rssBytes }) => pssBytes === undefined && rssBytes === undefined).length,
  };
}
