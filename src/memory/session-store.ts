import { randomUUID } from 'node:crypto';
import { withoutPrivate, withoutPrivateParts } from '../operations/redact/secrets/private-parts.ts';
import { Connection } from './connection.ts';
import type { HookEvent } from '../operations/hooks/hook-event.ts';
import { memoryPath, prepareDatabaseFile } from './database-file.ts';
import { recordHookEvent } from './hook-events.ts';
import { migrate, type OnUpdate } from './migrate.ts';
import { MIGRATIONS } from './migrations.ts';
import {
  type NewObservation,
  type NewSession,
  type Observation,
  type Session,
  toObservation,
  toSession,
} from './records.ts';

export interface SessionStoreOptions {
  readonly now?: () => Date;
  /** How long a statement waits for another process's lock, in milliseconds, blocking the event loop. */
  readonly busyTimeoutMs?: number;
  readonly onUpdate?: OnUpdate;
}

export interface StoredObservation {
  readonly id: number;
  /** False if an earlier delivery of the same `observationId` had stored it. */
  readonly isNew: boolean;
}

export interface MemoryCounts {
  readonly sessions: number;
  readonly prompts: number;
  readonly observations: number;
  readonly summaries: number;
}

/** A file of the spool. */
export interface SpooledFile {
  /** The same for each attempt to store it. */
  readonly id: string;
  /** Undefined for an input with nothing to store. */
  readonly event: HookEvent | undefined;
}

/** Metadata with the ids of stored files: one row for each transaction. The semicolon follows the colon. */
const IS_SPOOLED = "key >= 'spooled:' AND key < 'spooled;'";

/**
 * The only writer of a data dir's memory. Removes text between `<private>` and `</private>` before storing. When a
 * method returns, its change is on disk and survives a SIGKILL or power cut.
 * @throws ClaudeMemError `io` from each method, with the path and a hint; nothing of that call is then stored.
 */
export class SessionStore {
  readonly #connection: Connection;
  readonly #now: () => Date;

  /** Creates the database (0600) if it is missing; the data dir must exist. */
  constructor(dataDir: string, { now = () => new Date(), ...how }: SessionStoreOptions = {}) {
    this.#now = now;
    this.#connection = openForWriting(memoryPath(dataDir), how);
  }

  /** Creates a session, or finds the one with that `sessionId` and reopens it if it was completed. */
  createSession({ project, sessionId, prompt }: NewSession): Session {
    return this.#connection.transaction(() => {
      const id = this.#openSession(project, sessionId);
      if (prompt !== undefined) this.#insertPromptOnce(id, withoutPrivate(prompt));
      return this.#existingSession(id);
    });
  }

  getSession(id: number): Session | undefined {
    const row = this.#connection.first('SELECT * FROM sessions WHERE id = ?', id);
    return row === undefined ? undefined : toSession(row);
  }

  /** Marks a session as completed. A second call keeps the first time. Undefined if there is no such session. */
  completeSession(id: number): Session | undefined {
    return this.#connection.transaction(() => {
      this.#connection.run(
        'UPDATE sessions SET completed_at = coalesce(completed_at, ?) WHERE id = ?',
        this.#time(),
        id,
      );
      return this.getSession(id);
    });
  }

  /** Also accepts late observations of a completed session. Undefined if there is no such session. */
  addObservation(sessionId: number, given: NewObservation): StoredObservation | undefined {
    const observation = { ...given, ...withoutPrivateParts(textsOf(given)) };
    return this.#connection.transaction(() => {
      const known = this.#deliveredBefore(observation.observationId);
      if (known !== undefined) return { id: known, isNew: false };
      if (this.getSession(sessionId) === undefined) return undefined;
      return { id: this.#insertObservation(sessionId, observation), isNew: true };
    });
  }

  /** @returns the id; undefined if there is no such session. */
  addPrompt(sessionId: number, text: string): number | undefined {
    return this.#addText('prompts', sessionId, withoutPrivate(text));
  }

  /** @returns the id; undefined if there is no such session. */
  addSummary(sessionId: number, text: string): number | undefined {
    return this.#addText('summaries', sessionId, withoutPrivate(text));
  }

  /** Stores one hook event. An event that was stored before changes nothing. */
  recordEvent(event: HookEvent): { readonly isNew: boolean } {
    return this.#connection.transaction(() => this.#record(event));
  }

  /**
   * Stores the events of spooled files in one transaction, each file once: a file whose removal failed or was interrupted is recognized.
   * @param isAll whether no other file is in the spool, so that earlier files need not be recognized any longer.
   * @returns whether each event is new.
   */
  recordSpooled(files: readonly SpooledFile[], isAll: boolean): readonly boolean[] {
    return this.#connection.transaction(() => {
      const known = this.#spooledBefore();
      if (isAll) this.#connection.run(`DELETE FROM metadata WHERE ${IS_SPOOLED}`);
      const ids = JSON.stringify(files.map(({ id }) => id));
      this.#connection.run('INSERT INTO metadata VALUES (?, ?)', `spooled:${randomUUID()}`, ids);
      return files.map(({ id, event }) => !known.has(id) && event !== undefined && this.#record(event).isNew);
    });
  }

  /** Observations with an id above the watermark, in commit order. */
  observationsAfter(watermark: number, limit: number): Observation[] {
    const sql = 'SELECT * FROM observations WHERE id > ? ORDER BY id LIMIT ?';
    return this.#connection.all(sql, watermark, limit).map(toObservation);
  }

  countObservationsAfter(watermark: number): number {
    return Number(this.#connection.first('SELECT count(*) AS count FROM observations WHERE id > ?', watermark)?.count);
  }

  counts(): MemoryCounts {
    const row = this.#connection.first(`SELECT (SELECT count(*) FROM sessions) AS sessions,
      (SELECT count(*) FROM prompts) AS prompts, (SELECT count(*) FROM observations) AS observations,
      (SELECT count(*) FROM summaries) AS summaries`);
    return {
      sessions: Number(row?.sessions),
      prompts: Number(row?.prompts),
      observations: Number(row?.observations),
      summaries: Number(row?.summaries),
    };
  }

  /**
   * Identifies this database. Observation ids start again in a new database, while a vector store may outlive the old
   * one.
   */
  databaseId(): string {
    return this.#metadata('database-id') ?? '';
  }

  /** Id of the last observation in a vector store; 0 for an unknown store. */
  watermark(vectorStoreId: string): number {
    return Number(this.#metadata(watermarkKey(vectorStoreId)) ?? 0);
  }

  /** A lower value makes a vector store fill again from there. */
  setWatermark(vectorStoreId: string, observationId: number): void {
    const sql = 'INSERT INTO metadata VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value';
    this.#connection.transaction(() => this.#connection.run(sql, watermarkKey(vectorStoreId), String(observationId)));
  }

  /** The second call does nothing. */
  close(): void {
    this.#connection.close();
  }

  /** Ids of stored files whose removal is not known. */
  #spooledBefore(): ReadonlySet<string> {
    const rows = this.#connection.all(`SELECT value FROM metadata WHERE ${IS_SPOOLED}`);
    return new Set(rows.flatMap(({ value }) => JSON.parse(String(value)) as string[]));
  }

  #record(event: HookEvent): { readonly isNew: boolean } {
    return recordHookEvent(this.#connection, withoutPrivateOf(event));
  }

  #openSession(project: string, externalId: string | undefined): number {
    const known = this.#connection.first('SELECT id FROM sessions WHERE external_id = ?', externalId ?? null);
    if (known !== undefined) {
      this.#connection.run('UPDATE sessions SET completed_at = NULL WHERE id = ?', Number(known.id));
      return Number(known.id);
    }
    const sql = 'INSERT INTO sessions (external_id, project, created_at) VALUES (?, ?, ?)';
    return this.#connection.run(sql, externalId ?? null, project, this.#time()).lastRowid;
  }

  #existingSession(id: number): Session {
    const session = this.getSession(id);
    if (session === undefined) throw new Error(`session ${id} vanished while it was being created`);
    return session;
  }

  /**
   * A caller without an answer repeats its request. The session then exists, and its prompt must not be stored twice.
   */
  #insertPromptOnce(sessionId: number, text: string): void {
    const last = this.#connection.first(
      'SELECT text FROM prompts WHERE session_id = ? ORDER BY id DESC LIMIT 1',
      sessionId,
    );
    if (last?.text !== text) this.#insertText('prompts', sessionId, text);
  }

  #deliveredBefore(observationId: string | undefined): number | undefined {
    if (observationId === undefined) return undefined;
    const row = this.#connection.first('SELECT id FROM observations WHERE external_id = ?', observationId);
    return row === undefined ? undefined : Number(row.id);
  }

  #insertObservation(sessionId: number, observation: NewObservation): number {
    const { observationId = randomUUID(), type, title, text, files = [] } = observation;
    const sql = `INSERT INTO observations (external_id, session_id, type, title, text, files, created_at)
      VALUES (?, ?, ?, ?, ?, ?, ?)`;
    const values = [observationId, sessionId, type, title, text, JSON.stringify(files), this.#time()];
    return this.#connection.run(sql, ...values).lastRowid;
  }

  #addText(table: 'prompts' | 'summaries', sessionId: number, text: string): number | undefined {
    return this.#connection.transaction(() => {
      if (this.getSession(sessionId) === undefined) return undefined;
      return this.#insertText(table, sessionId, text);
    });
  }

  #insertText(table: 'prompts' | 'summaries', sessionId: number, text: string): number {
    const sql = `INSERT INTO ${table} (session_id, text, created_at) VALUES (?, ?, ?)`;
    return this.#connection.run(sql, sessionId, text, this.#time()).lastRowid;
  }

  #metadata(key: string): string | undefined {
    const value = this.#connection.first('SELECT value FROM metadata WHERE key = ?', key)?.value;
    return typeof value === 'string' ? value : undefined;
  }

  #time(): string {
    return this.#now().toISOString();
  }
}

/**
 * WAL, so that readers and the writer never block each other. `synchronous = FULL`, because NORMAL loses the last
 * commits when the machine stops, and users do power off a machine that a leak has frozen. SQLite would then also reuse
 * the lost ids, which the vector store already holds with other documents. FULL costs one fsync per commit, a few times
 * a minute.
 */
function openForWriting(path: string, { busyTimeoutMs, onUpdate }: Omit<SessionStoreOptions, 'now'>): Connection {
  prepareDatabaseFile(path);
  const connection = new Connection(path, { mode: 'read-write', busyTimeoutMs });
  try {
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    connection.pragma('foreign_keys = ON');
    migrate(connection, MIGRATIONS, onUpdate);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function watermarkKey(vectorStoreId: string): string {
  return `watermark:${vectorStoreId}`;
}

function textsOf({ title, text, files }: NewObservation) {
  return { title, text, ...(files === undefined ? {} : { files }) };
}

/** Hooks remove private parts themselves; other API clients may not. */
function withoutPrivateOf(event: HookEvent): HookEvent {
  switch (event.kind) {
    case 'prompt':
      return { ...event, prompt: withoutPrivate(event.prompt) };
    case 'observation':
      return { ...event, observation: { ...event.observation, ...withoutPrivateParts(textsOf(event.observation)) } };
    case 'stop':
      return event.answer === undefined ? event : { ...event, answer: withoutPrivate(event.answer) };
    case 'session-start':
    case 'session-end':
      return event;
  }
}
