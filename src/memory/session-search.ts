import { Connection, type Row } from './connection.ts';
import { fileKey, memoryPath } from './database-file.ts';
import { fullTextExpression, queryTerms } from './keyword-query.ts';
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

/** A word in the title ranks higher than one in the text: weights of title, text, files. */
const BY_INDEX = `
  SELECT observations.*, hits.relevance
  FROM (
    SELECT rowid, bm25(observations_index, 4.0, 1.0, 2.0) AS relevance
    FROM observations_index
    WHERE observations_index MATCH ?1 AND (?2 IS NULL OR rowid IN (
      SELECT observations.id FROM observations JOIN sessions ON sessions.id = session_id WHERE project = ?2))
    ORDER BY relevance, rowid DESC
    LIMIT ?3
  ) AS hits
  JOIN observations ON observations.id = hits.rowid
  ORDER BY relevance, observations.id DESC`;

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
    const expression = fullTextExpression(terms);
    const scope = [project ?? null, limit] as const;
    const found = expression === undefined ? [] : this.#all(BY_INDEX, expression, ...scope);
    // The index contains whole words only: no emoji, and no parts of Chinese or Japanese sentences.
    const rows = found.length > 0 ? found : this.#all(BY_SUBSTRING, JSON.stringify(terms), ...scope);
    return rows.map(toSearchResult);
  }

  /** The observations with these ids, in the given order; unknown ids are left out. */
  getObservations(ids: readonly number[]): Observation[] {
    const sql = `SELECT observations.* FROM json_each(?) AS wanted
      JOIN observations ON observations.id = wanted.value ORDER BY wanted.key`;
    return this.#all(sql, JSON.stringify(ids)).map(toObservation);
  }

  /** The newest observations first, of one project or all. */
  recent(project: string | undefined, limit: number): Observation[] {
    return this.#newest('observations', project, limit).map(toObservation);
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
