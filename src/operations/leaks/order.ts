import { VERDICT_ORDER, type Judgement } from '../../core/verdicts/verdict.ts';
import { memoryOf } from './process-memory.ts';

/** The orders in which processes can be listed. */
export const SORTS = ['verdict', 'memory', 'age', 'pid'] as const;
export type Sort = (typeof SORTS)[number];

/** Leaks first, the largest first, the oldest first, or by pid. Equal processes are ordered by pid. */
export function compareBy(sort: Sort): (left: Judgement, right: Judgement) => number {
  const compare = COMPARISONS[sort];
  return (left, right) => compare(left, right) || left.row.pid - right.row.pid;
}

const COMPARISONS: Readonly<Record<Sort, (left: Judgement, right: Judgement) => number>> = {
  verdict: (left, right) => VERDICT_ORDER.indexOf(left.verdict) - VERDICT_ORDER.indexOf(right.verdict),
  // A process whose memory is unknown comes last.
  memory: (left, right) => (memoryOf(right).totalBytes ?? -1) - (memoryOf(left).totalBytes ?? -1),
  age: (left, right) => right.ageSeconds - left.ageSeconds,
  pid: () => 0,
};
