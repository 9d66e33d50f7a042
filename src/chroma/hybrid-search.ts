import type { SearchMode } from '../operations/tree/tree-messages.ts';
import { withTimeout } from '../shared/with-timeout.ts';
import { matchObservations } from './document.ts';
import type { VectorAnswer, VectorIndex, VectorMatch, VectorQuery } from './vector-index.ts';
import type { Observation, SearchResult } from '../memory/records.ts';
import type { SearchRequest } from '../memory/keyword-search.ts';
import type { SessionSearch } from '../memory/session-search.ts';
import { fuse, type NearObservation } from './fusion.ts';
import { messageOf } from '../shared/errors.ts';

export interface SearchAnswer {
  readonly mode: SearchMode;
  /** Why meaning was not used, for users. */
  readonly reason?: string;
  readonly results: readonly SearchResult[];
}

export interface SearchSources {
  readonly vectors: Pick<VectorIndex, 'query'>;
  readonly memory: Pick<SessionSearch, 'search' | 'getObservations'>;
}

/** A semantic query takes 0.2 to 0.5 s. After this many milliseconds, a keyword answer is more useful than waiting. */
const VECTORS_BUDGET_MS = 2_000;

/** Matches of a search in a period that are examined; those outside the period are dropped. */
const MOST_EXAMINED = 100;

/**
 * Searches by meaning and by keyword. If there is no semantic answer in time (Chroma is starting, missing or slow),
 * returns the keyword hits and the reason.
 * @throws ClaudeMemError `io` if SQLite cannot be read.
 */
export async function hybridSearch(
  request: SearchRequest,
  { vectors, memory }: SearchSources,
  budgetMs = VECTORS_BUDGET_MS,
): Promise<SearchAnswer> {
  const { query, limit, project, type } = request;
  const isTimed = request.after !== undefined || request.before !== undefined;
  const most = isTimed ? Math.max(limit, MOST_EXAMINED) : limit;
  const answer = await askVectors(vectors, { text: query, limit: most, project, type }, budgetMs);
  const byWord = memory.search(request);
  if (!answer.available) return { mode: 'keyword', reason: answer.reason, results: byWord };
  return { mode: 'semantic', results: fuse(observed(answer.matches, memory, request), byWord, limit) };
}

/** The reason for a keyword answer after so many milliseconds, for users. */
export function tookLonger(limitMs: number): string {
  return `semantic search took longer than ${limitMs / 1000} s`;
}

/** Always answers, and in time. */
async function askVectors(
  vectors: SearchSources['vectors'],
  query: VectorQuery,
  budgetMs: number,
): Promise<VectorAnswer> {
  try {
    const answer = await withTimeout(budgetMs, vectors.query(query));
    return answer ?? { available: false, reason: tookLonger(budgetMs) };
  } catch (error) {
    return {
      available: false,
      reason: `semantic search failed: ${messageOf(error)}`,
    };
  }
}

/** Vectors contain only ids. The shown data comes from SQLite, which also knows deleted and replaced observations. */
function observed(
  matches: readonly VectorMatch[],
  memory: SearchSources['memory'],
  request: SearchRequest,
): readonly NearObservation[] {
  const observations = memory.getObservations(matches.map(({ observationId }) => observationId));
  // Chroma cannot compare times, and an older worker does not know the filter by type.
  const wanted = observations.filter((observation) => isWanted(observation, request));
  return matchObservations(matches, wanted).map(({ match: { distance }, observation }) => ({
    observation,
    distance,
  }));
}

function isWanted({ type, createdAt }: Observation, { type: wanted = type, after, before }: SearchRequest): boolean {
  return type === wanted && (after === undefined || createdAt >= after) && (before === undefined || createdAt < before);
}
