import { Connection } from './connection.ts';
import { fileKey, memoryPath } from './database-file.ts';
import { type ReadRows, rowsByIds, searchByKeyword, type SearchRequest } from './keyword-search.ts';
import { filterConditions, KIND_TABLES, type MemoryFilter, OBSERVATIONS } from './memory-kinds.ts';
import { readableVersion } from './migrate.ts';
import { TEXTS_INDEXED } from './migrations.ts';
import { type Timeline, timelineAround, type TimelineRequest } from './timeline.ts';
import {
  type MemoryKind,
  type MemoryRecord,
  type Observation,
  type Prompt,
  type SearchResult,
  type Session,
  type Summary,
  toObservation,
  toRecord,
  toWholeRecord,
  toSession,
  toSessionText,
} from './records.ts';

export interface SessionSearchOptions {
  /** How long a statement waits for a lock, in milliseconds, blocking the event loop. */
  readonly busyTimeoutMs?: number;
}

/** Older observations without a summary are of no use for a new session. */
const NEWEST_EXAMINED = 2_000;

/**
 * Reads the memory of a data dir and never writes to it. Several readers may run beside the one writer; each call sees
 * everything committed before it. A memory that does not exist yet is empty.
 * @throws ClaudeMemError `io` from each method if the database is damaged, unreadable, or of another version.
 */
export class SessionSearch {
  readonly #path: string;
  readonly #options: SessionSearchOptions;
  #connection: Connection | undefined;
  /** Of the open file. */
  #version = 0;
  #isClosed = false;

  constructor(dataDir: string, options: SessionSearchOptions = {}) {
    this.#path = memoryPath(dataDir);
    this.#options = options;
  }

  /** Like `searchByKeyword`. */
  search(request: SearchRequest): SearchResult[] {
    this.#open();
    return searchByKeyword(request, this.#read, this.#version >= TEXTS_INDEXED ? KIND_TABLES : [OBSERVATIONS]);
  }

  /** The observations with these ids, in the given order; unknown ids are left out. */
  getObservations(ids: readonly number[]): Observation[] {
    return rowsByIds(OBSERVATIONS, ids, this.#read).map(toObservation);
  }

  /** The records of a kind with these ids, in the given order; unknown ids are left out. */
  getRecords(kind: MemoryKind, ids: readonly number[]): (MemoryRecord & Pick<Observation, 'files'>)[] {
    const table = KIND_TABLES.find((one) => one.kind === kind) ?? OBSERVATIONS;
    return rowsByIds(table, ids, this.#read).map((row) => toWholeRecord(row, kind));
  }

  /** Like `timelineAround`. */
  timeline(request: TimelineRequest): Timeline | undefined {
    return timelineAround(request, this.#read);
  }

  /** The newest observations first, of one project or all. */
  recent(project: string | undefined, limit: number): Observation[] {
    return this.newest({ project }, limit);
  }

  /** The newest matching observations first. */
  newest(filter: MemoryFilter, limit: number): Observation[] {
    const { sql, values } = filterConditions(OBSERVATIONS, filter);
    const query = `SELECT rows.* FROM observations AS rows JOIN sessions ON sessions.id = rows.session_id
      WHERE true ${sql} ORDER BY rows.id DESC LIMIT ?`;
    return this.#read(query, ...values, limit).map(toObservation);
  }

  /** The newest prompts and observations that no summary of their session covers yet, newest first. */
  withoutSummary(project: string, limit: number): MemoryRecord[] {
    const kinds = KIND_TABLES.filter(({ kind }) => kind !== 'summary');
    const records = kinds.flatMap(({ kind, table, columns }) => {
      const sql = `SELECT ${columns} FROM (SELECT * FROM ${table} ORDER BY id DESC LIMIT ${NEWEST_EXAMINED}) AS rows
        JOIN sessions ON sessions.id = rows.session_id
        WHERE project = ?1 AND NOT EXISTS (
          SELECT 1 FROM summaries WHERE summaries.session_id = rows.session_id AND summaries.created_at >= rows.created_at)
        ORDER BY rows.id DESC LIMIT ?2`;
      return this.#read(sql, project, limit).map((row) => toRecord(row, kind));
    });
    // Of the same time, the prompt comes before the observation.
    return records.sort((one, other) =>
      one.createdAt < other.createdAt ? 1 : one.createdAt > other.createdAt ? -1 : 0,
    );
  }

  /** The newest summaries first, of one project or all. */
  recentSummaries(project: string | undefined, limit: number): Summary[] {
    const sql = `SELECT rows.* FROM summaries AS rows JOIN sessions ON sessions.id = rows.session_id
      WHERE ?1 IS NULL OR project = ?1 ORDER BY rows.id DESC LIMIT ?2`;
    return this.#read(sql, project ?? null, limit).map(toSessionText);
  }

  /** The newest sessions first, of one project or all. */
  recentSessions(project: string | undefined, limit: number): Session[] {
    const sql = 'SELECT * FROM sessions WHERE ?1 IS NULL OR project = ?1 ORDER BY id DESC LIMIT ?2';
    return this.#read(sql, project ?? null, limit).map(toSession);
  }

  /** The session with this external id. */
  sessionOf(externalId: string): Session | undefined {
    return this.#read('SELECT * FROM sessions WHERE external_id = ?', externalId).map(toSession)[0];
  }

  /** The prompts of a session, oldest first. */
  promptsOf(sessionId: number): Prompt[] {
    return this.#read('SELECT * FROM prompts WHERE session_id = ? ORDER BY id', sessionId).map(toSessionText);
  }

  /** Like `SessionStore.databaseId`; undefined if there is no memory yet. */
  databaseId(): string | undefined {
    const value = this.#read("SELECT value FROM metadata WHERE key = 'database-id'")[0]?.value;
    return typeof value === 'string' ? value : undefined;
  }

  /** The second call does nothing. */
  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
    this.#connection = undefined;
  }

  readonly #read: ReadRows = (sql, ...values) => this.#open()?.all(sql, ...values) ?? [];

  /** Opens the database on demand, and again if the file was replaced, for example by a backup. */
  #open(): Connection | undefined {
    if (this.#isClosed) throw new Error(`the reader of ${this.#path} is closed`);
    if (this.#connection?.isSameFile() === true) {
      // A worker of another version may have migrated it meanwhile.
      this.#version = readableVersion(this.#connection) ?? 0;
      return this.#connection;
    }
    this.#connection?.close();
    this.#connection = fileKey(this.#path) === undefined ? undefined : this.#connect();
    return this.#connection;
  }

  #connect(): Connection | undefined {
    const connection = new Connection(this.#path, { mode: 'read-only', ...this.#options });
    try {
      const version = readableVersion(connection);
      if (version !== undefined) {
        this.#version = version;
        return connection;
      }
    } catch (error) {
      connection.close();
      throw error;
    }
    connection.close();
    return undefined;
  }
}
