import type { Row, SqlValue } from './connection.ts';
import { queryTerms, wordExpressions } from './keyword-query.ts';
import { isRare, keywordScore, SUBSTRINGS_SCORE, type TermHits } from './keyword-score.ts';
import { canMatch, filterConditions, KIND_TABLES, type KindTable, type MemoryFilter } from './memory-kinds.ts';
import { type SearchResult, toSearchResult } from './records.ts';

export interface SearchRequest extends MemoryFilter {
  /** The query as typed: any text. */
  readonly query: string;
  /** Maximum number of results. */
  readonly limit: number;
}

/** Runs a query on the memory. */
export type ReadRows = (sql: string, ...values: SqlValue[]) => readonly Row[];

/** How many of the newest records of a kind a substring search reads, which limits it to about 50 ms. */
const SUBSTRING_SCAN_ROWS = 20_000;

/**
 * How many hits by bm25 are scored at least: it counts how often a word occurs, so that it may rank a hit with more of
 * the query's words lower.
 */
const FEWEST_SCORED = 50;

/** A word of a query with its FTS5 expression. */
type CountedWord = ReturnType<typeof wordExpressions>[number] & Omit<TermHits, 'ids'>;

/**
 * Records that contain any word of the query, best first. If there are none, records that contain all terms as
 * substrings. The words are weighed by their rarity among the records of the same kind.
 * @param existing the kinds that have an index.
 */
export function searchByKeyword(
  request: SearchRequest,
  read: ReadRows,
  existing: readonly KindTable[] = KIND_TABLES,
): SearchResult[] {
  const terms = queryTerms(request.query);
  if (terms.length === 0) return [];
  const tables = existing.filter((table) => canMatch(table, request));
  const byWord = tables.flatMap((table) => searchByWord(table, { terms, request, read }));
  // The index contains whole words only: no emoji, and no parts of Chinese or Japanese sentences.
  const results =
    byWord.length > 0 ? byWord : tables.flatMap((table) => searchBySubstring(table, { terms, request, read }));
  // Equal scores keep the order of the kinds, and of bm25 within a kind: titles before texts, newer before older.
  return results.sort((one, other) => other.score - one.score).slice(0, request.limit);
}

interface Search {
  readonly terms: readonly string[];
  readonly request: SearchRequest;
  readonly read: ReadRows;
}

function searchByWord(table: KindTable, { terms, request, read }: Search): SearchResult[] {
  const words = countWords(table, terms, read);
  // Common words may rank many records higher than the one with the rare word.
  const listed = [words, words.filter(isRare)].flatMap((some) => listIds(table, some, { request, read }));
  const ids = [...new Set(listed)];
  if (ids.length === 0) return [];
  const hits = hitsOf(table, words, { ids, read });
  const total = Number(read(`SELECT max(id) AS total FROM ${table.table}`)[0]?.total ?? 0);
  const scores = new Map(ids.map((id) => [id, keywordScore(id, hits, total)]));
  const scoreOf = (id: number): number => scores.get(id) ?? 0;
  const best = ids.sort((one, other) => scoreOf(other) - scoreOf(one)).slice(0, request.limit);
  return rowsByIds(table, best, read).map((row) => toSearchResult(row, table.kind, scoreOf(Number(row.id))));
}

/** The rows with these ids, in the given order; unknown ids are left out. */
export function rowsByIds({ table, columns }: KindTable, ids: readonly number[], read: ReadRows): readonly Row[] {
  const sql = `SELECT ${columns} FROM json_each(?) AS wanted JOIN ${table} AS rows ON rows.id = wanted.value
    ORDER BY wanted.key`;
  return read(sql, JSON.stringify(ids));
}

/** The words of a query, with the number of records that contain each. */
function countWords({ index }: KindTable, terms: readonly string[], read: ReadRows): readonly CountedWord[] {
  const words = wordExpressions(terms);
  if (words.length === 0) return [];
  const sql = `SELECT (SELECT count(*) FROM ${index} WHERE ${index} MATCH term.value) AS found
    FROM json_each(?) AS term ORDER BY term.key`;
  const counts = read(sql, expressionsOf(words));
  return words.map((word, at) => ({ ...word, found: Number(counts[at]?.found ?? 0) }));
}

/** Ids of the records with any of these words, best first by bm25. */
function listIds(
  table: KindTable,
  words: readonly CountedWord[],
  { request, read }: Omit<Search, 'terms'>,
): readonly number[] {
  const present = words.filter(({ found }) => found > 0);
  if (present.length === 0) return [];
  const { index, relevance } = table;
  const filter = filterConditions(table, request);
  const isWanted =
    filter.values.length === 0
      ? ''
      : `AND rowid IN (SELECT rows.id FROM ${table.table} AS rows JOIN sessions ON sessions.id = rows.session_id
          WHERE true ${filter.sql})`;
  const sql = `SELECT rowid AS id, ${relevance} AS relevance FROM ${index} WHERE ${index} MATCH ? ${isWanted}
    ORDER BY relevance, rowid DESC LIMIT ?`;
  const anyWord = present.map(({ expression }) => expression).join(' OR ');
  return read(sql, anyWord, ...filter.values, Math.max(request.limit, FEWEST_SCORED)).map(({ id }) => Number(id));
}

function hitsOf(
  { index }: KindTable,
  words: readonly CountedWord[],
  { ids, read }: { readonly ids: readonly number[]; readonly read: ReadRows },
): readonly TermHits[] {
  const hits = words.map((word) => ({ ...word, ids: new Set<number>() }));
  const sql = `SELECT term.key AS term, hits.rowid AS id
    FROM json_each(?1) AS term JOIN ${index} AS hits ON hits.${index} MATCH term.value
    WHERE +hits.rowid IN (SELECT value FROM json_each(?2))`;
  for (const { term, id } of read(sql, expressionsOf(words), JSON.stringify(ids)))
    hits[Number(term)]?.ids.add(Number(id));
  return hits;
}

/** Newest first, because a substring match has no rank. */
function searchBySubstring(table: KindTable, { terms, request, read }: Search): SearchResult[] {
  const filter = filterConditions(table, request);
  const sql = `SELECT ${table.columns}
    FROM (SELECT * FROM ${table.table} ORDER BY id DESC LIMIT ${SUBSTRING_SCAN_ROWS}) AS rows
    JOIN sessions ON sessions.id = rows.session_id
    WHERE NOT EXISTS (
      SELECT 1 FROM json_each(?) AS term WHERE instr(lower(${table.searched}), lower(term.value)) = 0) ${filter.sql}
    ORDER BY rows.id DESC LIMIT ?`;
  const rows = read(sql, JSON.stringify(terms), ...filter.values, request.limit);
  return rows.map((row) => toSearchResult(row, table.kind, SUBSTRINGS_SCORE));
}

function expressionsOf(words: readonly { readonly expression: string }[]): string {
  return JSON.stringify(words.map(({ expression }) => expression));
}
