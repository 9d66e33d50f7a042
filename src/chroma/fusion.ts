import type { Observation, SearchResult } from '../memory/records.ts';

/** An observation found by meaning. */
export interface NearObservation {
  readonly observation: Observation;
  /** 0 means identical in meaning. */
  readonly distance: number;
}

/**
 * Merges both kinds of hits, best first, with scores from 0 to 1. Treats each score as the probability that the hit is
 * relevant and combines them: `1 − (1 − meaning)(1 − word)`, where meaning is `1 / (1 + distance)` and word is
 * `keywordScore`. Ranks alone would fail: for a word such as "the", every observation is a keyword hit, and only its
 * score shows that it is worthless.
 */
export function fuse(near: readonly NearObservation[], byWord: readonly SearchResult[], limit: number): SearchResult[] {
  const results = new Map(near.map(fromMeaning).map((hit) => [keyOf(hit), hit]));
  for (const hit of byWord) {
    const meaning = results.get(keyOf(hit))?.score ?? 0;
    results.set(keyOf(hit), { ...hit, score: 1 - (1 - meaning) * (1 - hit.score) });
  }
  return [...results.values()].sort((one, other) => other.score - one.score || other.id - one.id).slice(0, limit);
}

/** Ids of different kinds may be equal. */
function keyOf({ kind, id }: SearchResult): string {
  return `${kind} ${id}`;
}

function fromMeaning({ observation, distance }: NearObservation): SearchResult {
  const { id, sessionId, type, title, text, createdAt } = observation;
  return { kind: 'observation', id, sessionId, type, title, text, score: 1 / (1 + Math.max(0, distance)), createdAt };
}
