/** A term of a query and where it occurs. */
export interface TermHits {
  /** As typed. */
  readonly term: string;
  /** Number of observations in the whole memory that contain it. */
  readonly found: number;
  /** Ids of the listed observations that contain it. */
  readonly ids: ReadonlySet<number>;
}

/** Score of an observation with all words of the query. A word may have another meaning, so it proves less than 1. */
const ALL_WORDS = 0.6;
/** The share of doubt that an exact name removes: a query with an error code asks for that one. */
const EXACT_NAME = 0.9;
/** A word that more observations contain says little about each of them. */
const MOST_WITH_RARE = 3;
const SHORTEST_NAME = 3;
/** A digit, a capital after a small letter, four capitals, or any sign within: `ERR_4711`, `parseFile`, `ENOENT`. */
const NAME = /\p{N}|\p{Ll}\p{Lu}|\p{Lu}{4}|[\p{L}\p{N}][^\p{L}\p{N}\p{M}'’]+[\p{L}\p{N}]/u;

/** Score of a query whose terms are only parts of words, all of them in the observation. */
export const SUBSTRINGS_SCORE = 0.3;

/**
 * The relevance of an observation for a query, from 0 (none of its words) to 1. Up to 0.6: the share of the query's
 * words that the observation contains, weighted by rarity, where words that occur nowhere count in full. Above 0.9: the
 * observation is one of at most three with a name of the query. Comparable between answers.
 */
export function keywordScore(id: number, terms: readonly TermHits[], total: number): number {
  const weigh = (some: readonly TermHits[]): number => some.reduce((sum, { found }) => sum + rarity(found, total), 0);
  const matched = terms.filter(({ ids }) => ids.has(id));
  const byWords = matched.length === 0 ? 0 : ALL_WORDS * (weigh(matched) / weigh(terms));
  return matched.some(isTelling) ? 1 - (1 - byWords) * (1 - EXACT_NAME) : byWords;
}

/** Whether few observations contain the word. */
export function isRare({ found }: Pick<TermHits, 'found'>): boolean {
  return found > 0 && found <= MOST_WITH_RARE;
}

function isTelling(hits: TermHits): boolean {
  return isRare(hits) && hits.term.length >= SHORTEST_NAME && NAME.test(hits.term);
}

/** The inverse document frequency of bm25 in the form that is never negative. */
function rarity(found: number, total: number): number {
  const all = Math.max(found, total);
  return Math.log(1 + (all - found + 0.5) / (found + 0.5));
}
