/** Longer queries are cut, for example a pasted log, so that a search stays fast. In characters. */
const LONGEST_QUERY = 20_000;
const LONGEST_TERM = 200;
const MOST_TERMS = 64;

/** A `"quoted phrase"`, or the text between spaces, commas, brackets and quotes: `src/login.ts` stays one term. */
const TERM = /"([^"]+)"|[^\s,;()[\]{}<>"`|]+/gu;

/**
 * The distinct terms of a typed query; empty for an empty query. NUL acts as a separator, because it cannot be bound.
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
 * An FTS5 expression that matches any of the terms; bm25 ranks observations with the most and rarest terms first. Terms
 * are FTS5 strings, in which only a quote is special (https://www.sqlite.org/fts5.html#fts5_strings), so that they
 * cannot act as operators.
 * @returns undefined if no term contains a letter or digit.
 */
export function fullTextExpression(terms: readonly string[]): string | undefined {
  const words = terms.filter((term) => /[\p{L}\p{N}]/u.test(term));
  if (words.length === 0) return undefined;
  return words.map((word) => `"${word.replaceAll('"', '""')}"`).join(' OR ');
}
