import type { Observation, SearchResult } from '../memory/records.ts';

/** An observation that is near in meaning. */
export interface NearObservation {
  readonly observation: Observation;
  /** 0: the same meaning. */
  readonly distance: number;
}

/**
 * A hit by word counts less than one by meaning of the same score: a word may mean something else. It counts enough to bring an exact
 * name or error code, which an embedding hardly knows, above what is only vaguely alike.
 */
const WORD_WEIGHT = 0.6;

/**
 * One list of both kinds of hits, best first, scores from 0 to 1. Both scores are taken for the chance that the hit is what was meant:
 * found by either is good, found by both is better (`1 − (1 − meaning)(1 − word)`). Ranks alone would not do: with a word such as "the" in
 * the query every observation is a hit by word, and only its score says that it is a worthless one.
 */
export function fuse(near: readonly NearObservation[], byWord: readonly SearchResult[], limit: number): SearchResult[] {
  const results = new Map(near.map((hit) => [hit.observation.id, fromMeaning(hit)]));
  for (const hit of byWord) {
    const meaning = results.get(hit.id)?.score ?? 0;
    results.set(hit.id, { ...hit, score: 1 - (1 - meaning) * (1 - WORD_WEIGHT * hit.score) });
  }
  return [...results.values()].sort((one, other) => other.score - one.score || other.id - one.id).slice(0, limit);
}

function fromMeaning({ observation, distance }: NearObservation): SearchResult {
  const { id, sessionId, type, title, text, createdAt } = observation;
  return { id, sessionId, type, title, text, score: 1 / (1 + Math.max(0, distance)), createdAt };
}
