import type { Judgement, Verdict } from '../../core/verdicts/verdict.ts';
import { keyOf } from '../terminate/terminate-until-quiet.ts';
import type { Observation } from '../observe/observe.ts';

/** A change of one process since the previous reading. */
export interface Change {
  /** `unlisted`: the process still runs, but no longer has a verdict. */
  readonly kind: 'appeared' | 'ended' | 'verdict' | 'unlisted';
  /** As last seen. */
  readonly judgement: Judgement;
  readonly from: Verdict | null;
  readonly to: Verdict | null;
}

/** The last judgements, by pid and start. */
export type Known = ReadonlyMap<string, Judgement>;

/**
 * Compares a reading with the known judgements. A process that is missing from an incomplete listing stays known until a complete listing
 * misses it too.
 */
export function findChanges(
  known: Known,
  { judgements, index, reading }: Pick<Observation, 'judgements' | 'index' | 'reading'>,
): { readonly known: Known; readonly changes: readonly Change[] } {
  const next = new Map(judgements.map((judgement) => [keyOf(judgement), judgement]));
  const present = new Set([...index.byPid.values()].map((row) => keyOf({ row })));
  const changes: Change[] = [];
  for (const [key, judgement] of next) {
    const from = known.get(key)?.verdict ?? null;
    const to = judgement.verdict;
    if (from !== to) changes.push({ kind: from === null ? 'appeared' : 'verdict', judgement, from, to });
  }
  for (const [key, judgement] of known) {
    if (next.has(key)) continue;
    const isThere = present.has(key);
    if (!isThere && !reading.snapshot.complete) next.set(key, judgement);
    else changes.push({ kind: isThere ? 'unlisted' : 'ended', judgement, from: judgement.verdict, to: null });
  }
  return { known: next, changes };
}
