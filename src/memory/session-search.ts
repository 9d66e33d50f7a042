import { Connection, type Row } from './connection.ts';
import { fileKey, memoryPath } from './database-file.ts';
import { queryTerms, wordExpressions } from './keyword-query.ts';
import { isRare, keywordScore, SUBSTRINGS_SCORE, type TermHits } from './keyword-score.ts';
import { isReadable } from './migrate.ts';
import {
  type Observation,
  type Prompt,
  type SearchResult,
  type Session,
  type Summary,
  toObservation,
  toSearchResult,
  toSession,
  toSessionText,
} from './records.ts';

export interface SearchRequest {
  /** The query as typed: any text. */
  readonly query: string;
  /** Maximum number of results. */
  readonly limit: number;
  /** Only observations of this project. */
  readonly project?: string | undefined;
}

export interface SessionSearchOptions {
  /** How long a statement waits for a lock, in milliseconds, blocking the event loop. */
  readonly busyTimeoutMs?: number;
}

/** How many of the newest observations a substring search reads, which limits it to about 50 ms. */
const SUBSTRING_SCAN_ROWS = 20_000;

/** Older observations without a summary are of no use for a new session. */
const NEWEST_EXAMINED = 2_000;

/**
 * How many hits by bm25 are scored at least: it counts how often a word occurs, so that it may rank a hit with more of
 * the query's words lower.
 */
const FEWEST_SCORED = 50;

/** A word in the title ranks higher than one in the text: weights of title, text, files. */
const BY_INDEX = `
  SELECT rowid AS id, bm25(observations_index, 4.0, 1.0, 2.0) AS relevance
  FROM observations_index
  WHERE observations_index MATCH ?1 AND (?2 IS NULL OR rowid IN (
    SELECT observations.id FROM observations JOIN sessions ON sessions.id = session_id WHERE project = ?2))
  ORDER BY relevance, rowid DESC
  LIMIT ?3`;

const TERM_COUNTS = `
  SELECT (SELECT count(*) FROM observations_index WHERE observations_index MATCH term.value) AS found
  FROM json_each(?) AS term ORDER BY term.key`;

const TERM_HITS = `
  SELECT term.key AS term, hits.rowid AS id
  FROM json_each(?1) AS term JOIN observations_index AS hits ON hits.observations_index MATCH term.value
  WHERE +hits.rowid IN (SELECT value FROM json_each(?2))`;

/** In the given order. */
const BY_IDS = `
  SELECT observations.* FROM json_each(?) AS wanted
  JOIN observations ON observations.id = wanted.value ORDER BY wanted.key`;

/** A word of a query with its FTS5 expression. */
type CountedWord = ReturnType<typeof wordExpressions>[number] & Omit<TermHits, 'ids'>;

/** Newest first, because a substring match has no rank. */
const BY_SUBSTRING = `
  SELECT observations.*, 0 AS relevance
  FROM (SELECT * FROM observations ORDER BY id DESC LIMIT ${SUBSTRING_SCAN_ROWS}) AS observations
  JOIN sessions ON sessions.id = session_id
  WHERE (?2 IS NULL OR project = ?2) AND NOT EXISTS (
    SELECT 1 FROM json_each(?1) AS term
    WHERE instr(lower(title || char(10) || text || char(10) || files), lower(term.value)) = 0)
  ORDER BY observations.id DESC
  LIMIT ?3`;

/**
 * Reads the memory of a data dir and never writes to it. Several readers may run beside the one writer; each call sees
 * everything committed before it. A memory that does not exist yet is empty.
 * @throws ClaudeMemError `io` from each method if the database is damaged, unreadable, or of another version.
 */
export class SessionSearch {
  readonly #path: string;
  readonly #options: SessionSearchOptions;
  #connection: Connection | undefined;
  #isClosed = false;

  constructor(dataDir: string, options: SessionSearchOptions = {}) {
    this.#path = memoryPath(dataDir);
    this.#options = options;
  }

  /**
   * Observations that contain any word of the query, best first. If there are none, observations that contain all terms
   * as substrings.
   */
  search({ query, limit, project }: SearchRequest): SearchResult[] {
    const terms = queryTerms(query);
    if (terms.length === 0) return [];
    const byWord = this.#byWord(terms, project, limit);
    if (byWord.length > 0) return byWord;
    // The index contains whole words only: no emoji, and no parts of Chinese or Japanese sentences.
    const rows = this.#all(BY_SUBSTRING, JSON.stringify(terms), project ?? null, limit);
    return rows.map((row) => toSearchResult(row, SUBSTRINGS_SCORE));
  }

  /** The observations with these ids, in the given order; unknown ids are left out. */
  getObservations(ids: readonly number[]): Observation[] {
    return this.#all(BY_IDS, JSON.stringify(ids)).map(toObservation);
  }

  /** The newest observations first, of one project or all. */
  recent(project: string | undefined, limit: number): Observation[] {
    return this.#newest('observations', project, limit).map(toObservation);
  }

  /** The newest observations that no summary of their session covers yet, newest first. */
  withoutSummary(project: string, limit: number): Observation[] {
    const sql = `SELECT rows.* FROM (SELECT * FROM observations ORDER BY id DESC LIMIT ${NEWEST_EXAMINED}) AS rows
      JOIN sessions ON sessions.id = rows.session_id
      WHERE project = ?1 AND NOT EXISTS (
        SELECT 1 FROM summaries WHERE summaries.session_id = rows.session_id AND summaries.created_at >= rows.created_at)
      ORDER BY rows.id DESC LIMIT ?2`;
    return this.#all(sql, project, limit).map(toObservation);
  }

  /** The newest summaries first, of one project or all. */
  recentSummaries(project: string | undefined, limit: number): Summary[] {
    return this.#newest('summaries', project, limit).map(toSessionText);
  }

  /** The newest sessions first, of one project or all. */
  recentSessions(project: string | undefined, limit: number): Session[] {
    const sql = 'SELECT * FROM sessions WHERE ?1 IS NULL OR project = ?1 ORDER BY id DESC LIMIT ?2';
    return this.#all(sql, project ?? null, limit).map(toSession);
  }

  /** The session with this external id. */
  sessionOf(externalId: string): Session | undefined {
    return this.#all('SELECT * FROM sessions WHERE external_id = ?', externalId).map(toSession)[0];
  }

  /** The prompts of a session, oldest first. */
  promptsOf(sessionId: number): Prompt[] {
    return this.#all('SELECT * FROM prompts WHERE session_id = ? ORDER BY id', sessionId).map(toSessionText);
  }

  /** Like `SessionStore.databaseId`; undefined if there is no memory yet. */
  databaseId(): string | undefined {
    const value = this.#all("SELECT value FROM metadata WHERE key = 'database-id'")[0]?.value;
    return typeof value === 'string' ? value : undefined;
  }

  /** The second call does nothing. */
  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
    this.#connection = undefined;
  }

  #byWord(terms: readonly string[], project: string | undefined, limit: number): SearchResult[] {
    const words = this.#counted(terms);
    const count = Math.max(limit, FEWEST_SCORED);
    // Common words may rank many observations higher than the one with the rare word.
    const listed = [words, words.filter(isRare)].flatMap((some) => this.#listed(some, project, count));
    const ids = [...new Set(listed)];
    if (ids.length === 0) return [];
    const hits = this.#hitsOf(words, ids);
    const total = Number(this.#all('SELECT max(id) AS total FROM observations')[0]?.total ?? 0);
    const scores = new Map(ids.map((id) => [id, keywordScore(id, hits, total)]));
    const scoreOf = (id: number): number => scores.get(id) ?? 0;
    // Equal scores keep the order of bm25: titles before texts, newer before older.
    const best = ids.sort((one, other) => scoreOf(other) - scoreOf(one)).slice(0, limit);
    return this.#all(BY_IDS, JSON.stringify(best)).map((row) => toSearchResult(row, scoreOf(Number(row.id))));
  }

  /** The words of a query, with the number of observations that contain each. */
  #counted(terms: readonly string[]): readonly CountedWord[] {
    const words = wordExpressions(terms);
    if (words.length === 0) return [];
    const counts = this.#all(TERM_COUNTS, expressionsOf(words));
    return words.map((word, index) => ({ ...word, found: Number(counts[index]?.found ?? 0) }));
  }

  /** Ids of the observations with any of these words, best first by bm25. */
  #listed(words: readonly CountedWord[], project: string | undefined, limit: number): readonly number[] {
    const present = words.filter(({ found }) => found > 0);
    if (present.length === 0) return [];
    const anyWord = present.map(({ expression }) => expression).join(' OR ');
    return this.#all(BY_INDEX, anyWord, project ?? null, limit).map(({ id }) => Number(id));
  }

  #hitsOf(words: readonly CountedWord[], listed: readonly number[]): readonly TermHits[] {
    const hits = words.map((word) => ({ ...word, ids: new Set<number>() }));
    const found = this.#all(TERM_HITS, expressionsOf(words), JSON.stringify(listed));
    for (const { term, id } of found) hits[Number(term)]?.ids.add(Number(id));
    return hits;
  }

  #newest(table: 'observations' | 'summaries', project: string | undefined, limit: number): readonly Row[] {
    const sql = `SELECT rows.* FROM ${table} AS rows JOIN sessions ON sessions.id = rows.session_id
      WHERE ?1 IS NULL OR project = ?1 ORDER BY rows.id DESC LIMIT ?2`;
    return this.#all(sql, project ?? null, limit);
  }

  #all(sql: string, ...values: Parameters<Connection['all']>[1][]): readonly Row[] {
    return this.#open()?.all(sql, ...values) ?? [];
  }

  /** Opens the database on demand, and again if the file was replaced, for example by a backup. */
  #open(): Connection | undefined {
    if (this.#isClosed) throw new Error(`the reader of ${this.#path} is closed`);
    if (this.#connection?.isSameFile() === true) return this.#connection;
    this.#connection?.close();
    this.#connection = fileKey(this.#path) === undefined ? undefined : this.#connect();
    return this.#connection;
  }

  #connect(): Connection | undefined {
    const connection = new Connection(this.#path, { mode: 'read-only', ...this.#options });
    try {
      if (isReadable(connection)) return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
    connection.close();
    return undefined;
  }
}

function expressionsOf(words: readonly { readonly expression: string }[]): string {
  return JSON.stringify(words.map(({ expression }) => expression));
}
