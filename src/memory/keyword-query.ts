/** A pasted log is cut to what one would look for, so that a search stays fast. Characters. */
const LONGEST_QUERY = 20_000;
const LONGEST_TERM = 200;
const MOST_TERMS = 64;

/** A `"quoted phrase"`, else what stands between spaces, commas, brackets and quotes: `src/login.ts` stays one term. */
const TERM = /"([^"]+)"|[^\s,;()[\]{}<>"`|]+/gu;

/**
 * The terms of what a person typed, each once. None for an empty query. NUL separates: it cannot be bound.
 */
export function queryTerms(query: string): string[] {
  const typed = query.slice(0, LONGEST_QUERY).replaceAll('\0', ' ');
  const terms = new Set<string>();
  for (const [whole, phrase] of typed.matchAll(TERM)) {
    const term = (phrase ?? whole).trim().slice(0, LONGEST_TERM);
    if (term !== '') terms.add(term);
    if (terms.size === MOST_TERMS) break;
  }
  return [...terms];
}

/**
 * An FTS5 expression for any of the terms; bm25 puts the observations with most and rarest of them first. As FTS5 strings, in which
 * only a quote means anything (https://www.sqlite.org/fts5.html#fts5_strings), they cannot be taken for operators.
 * @returns undefined when no term has a letter or digit to look for.
 */
export function fullTextExpression(terms: readonly string[]): string | undefined {
  const words = terms.filter((term) => /[\p{L}\p{N}]/u.test(term));
  if (words.length === 0) return undefined;
  return words.map((word) => `"${word.replaceAll('"', '""')}"`).join(' OR ');
}
