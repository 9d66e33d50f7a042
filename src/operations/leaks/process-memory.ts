import { isLeak, type Judgement } from '../../core/verdicts/verdict.ts';

export interface ReportedMemory {
  readonly pssBytes: number | null;
  readonly rssBytes: number | null;
  readonly swapBytes: number | null;
  /** PSS + swap if readable, else RSS. RSS counts shared pages in full and omits swapped-out pages. */
  readonly totalBytes: number | null;
  readonly kind: 'pss+swap' | 'rss' | null;
}

/** Memory of the leaks among these, in bytes. */
export function leakedBytes(judgements: readonly Judgement[]): number {
  return judgements.filter(isLeak).reduce((sum, judgement) => sum + (memoryOf(judgement).totalBytes ?? 0), 0);
}

export function memoryOf({ row }: Judgement): ReportedMemory {
  const { pssBytes = null, rssBytes = null, swapBytes = null } = row;
  if (pssBytes !== null) {
    return { pssBytes, rssBytes, swapBytes, totalBytes: pssBytes + (swapBytes ?? 0), kind: 'pss+swap' };
  }
  return { pssBytes, rssBytes, swapBytes, totalBytes: rssBytes, kind: rssBytes === null ? null : 'rss' };
}
