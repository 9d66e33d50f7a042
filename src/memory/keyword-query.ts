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
 * The FTS5 expression of each term that contains a letter or digit. Terms are FTS5 strings, in which only a quote is
 * special (https://www.sqlite.org/fts5.html#fts5_strings), so that they cannot act as operators.
 */
export function wordExpressions(terms: readonly string[]): { readonly term: string; readonly expression: string }[] {
  return terms
    .filter((term) => /[\p{L}\p{N}]/u.test(term))
    .map((term) => ({ term, expression: `"${term.replaceAll('"', '""')}"` }));
}
