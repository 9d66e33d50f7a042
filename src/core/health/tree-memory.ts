import { isChromaRole } from '../tree/manifest.ts';
import type { ProcessRow } from '../process/snapshot.ts';
import type { Judgement } from '../verdicts/verdict.ts';

/** Memory of some processes together, in bytes. */
export interface MemoryUse {
  readonly bytes: number;
  /** PSS + swap of all of them; false if the RSS of one had to do. */
  readonly isProportional: boolean;
  /** Processes of which nothing could be read. */
  readonly unknown: number;
}

/** The managed chroma processes (wrapper and python) of each tree; the memory limit is for these together. */
export function chromaMemory(judgements: readonly Judgement[]): ReadonlyMap<string, MemoryUse> {
  const trees = new Map<string, ProcessRow[]>();
  for (const { verdict, treeId, role, row } of judgements) {
    if (verdict !== 'managed' || treeId === null || !isChromaRole(role)) continue;
    trees.set(treeId, [...(trees.get(treeId) ?? []), row]);
  }
  return new Map([...trees].map(([treeId, rows]) => [treeId, memoryOf(rows)]));
}

/** PSS + swap where they could be read, else RSS. */
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
