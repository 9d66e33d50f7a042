import { pathToFileURL } from 'node:url';
import Database from 'libsql';
import { ClaudeMemError } from '../shared/errors.ts';
import { assertOwnDatabase, fileKey } from './database-file.ts';
import { memoryError } from './sqlite-error.ts';

/** Excludes booleans: libsql 0.5 aborts the whole process when one is bound. */
export type SqlValue = string | number | null;
export type Row = Readonly<Record<string, SqlValue>>;

/** Receives its values as one array: libsql treats a single `null` as a missing object of named values. */
type Statement = Database.Statement<[SqlValue[]]>;

export interface ConnectionOptions {
  readonly mode: 'read-only' | 'read-write';
  /** How long a statement waits for another process's lock, in milliseconds. It blocks the event loop. */
  readonly busyTimeoutMs?: number | undefined;
}

/**
 * Readers and the writer never block each other. A statement waits only for a second writer (an older worker that is
 * about to end) or for recovery after a crash. Shorter than the 5 s after which a worker counts as hung.
 */
const BUSY_TIMEOUT_MS = 2_000;

/** SQLite's own names for the modes; neither creates a file. */
const URI_MODE = { 'read-only': 'ro', 'read-write': 'rw' } as const;

/**
 * One connection to a SQLite file. Prepares every statement once; every error names the file.
 * @throws ClaudeMemError `io` from each method.
 */
export class Connection {
  readonly path: string;
  readonly #mode: ConnectionOptions['mode'];
  readonly #database: Database.Database;
  readonly #openedKey: string | undefined;
  readonly #statements = new Map<string, Statement>();

  constructor(path: string, { mode, busyTimeoutMs = BUSY_TIMEOUT_MS }: ConnectionOptions) {
    this.path = path;
    this.#mode = mode;
    assertOwnDatabase(path);
    this.#openedKey = fileKey(path);
    // libsql ignores the options `readonly` and `fileMustExist`; SQLite reads the same settings from a URI.
    const uri = `${pathToFileURL(path).href}?mode=${URI_MODE[mode]}`;
    this.#database = this.#attempt('open the memory', () => new Database(uri, { timeout: busyTimeoutMs }));
  }

  /** All rows of a query. */
  all(sql: string, ...values: SqlValue[]): Row[] {
    return this.#attempt('read the memory', () => this.#prepare(sql).all(bindable(values)) as Row[]);
  }

  /** The first row. Uses `all`, because libsql's `get` adds a `_metadata` column. */
  first(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.all(sql, ...values)[0];
  }

  /** Runs one statement that changes data. */
  run(sql: string, ...values: SqlValue[]): { readonly changes: number; readonly lastRowid: number } {
    return this.#attempt('write to the memory', () => {
      const { changes, lastInsertRowid } = this.#prepare(sql).run(bindable(values));
      return { changes, lastRowid: Number(lastInsertRowid) };
    });
  }

  /** Runs a script of statements without parameters. */
  execute(sql: string): void {
    this.#requireOpen();
    this.#attempt('write to the memory', () => this.#database.exec(sql));
  }

  /** The value of a pragma (with `simple`, libsql returns a row). */
  pragma(source: string): SqlValue {
    return this.#attempt('open the memory', () => {
      const rows = this.#database.pragma(source) as Row[];
      return Object.values(rows[0] ?? {})[0] ?? null;
    });
  }

  /**
   * Runs `work` in a transaction. Takes the write lock first, so that the transaction cannot fail halfway for lack of
   * it. Committed when this returns; nothing is stored when it throws.
   */
  transaction<Result>(work: () => Result): Result {
    this.#requireSameFile();
    this.execute('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.execute('COMMIT');
      return result;
    } catch (error) {
      // SQLite has already rolled back after a full disk or an I/O error. A second rollback would fail and hide the
      // cause.
      if (this.#database.inTransaction) this.execute('ROLLBACK');
      throw error;
    }
  }

  /** Whether the open file is still the file at this path. */
  isSameFile(): boolean {
    return this.#openedKey === fileKey(this.path);
  }

  /**
   * Checkpoints the log as far as no reader prevents it, and closes. Committed data is safe without a checkpoint, which
   * only shortens the next open. The second call does nothing.
   */
  close(): void {
    if (!this.#database.open) return;
    try {
      this.#emptyLog();
    } finally {
      // libsql closes the file when the last statement is garbage collected.
      this.#statements.clear();
      this.#database.close();
    }
  }

  #emptyLog(): void {
    if (this.#mode === 'read-only') return;
    try {
      if (!this.isSameFile()) return;
      // A shutdown has a deadline, so it does not wait for readers.
      this.pragma('busy_timeout = 0');
      this.pragma('wal_checkpoint(TRUNCATE)');
    } catch (error) {
      // For example a full disk. The log stays, and the next open reads it.
      if (!(error instanceof ClaudeMemError)) throw error;
    }
  }

  /** A row written to a deleted file would be acknowledged but lost. */
  #requireSameFile(): void {
    if (this.isSameFile()) return;
    throw new ClaudeMemError('io', `the memory ${this.path} was removed or replaced while it was open`, {
      hint: 'Run claude-mem restart. Nothing is stored until then.',
    });
  }

  #prepare(sql: string): Statement {
    this.#requireOpen();
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare<[SqlValue[]]>(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** libsql keeps running the statements of a closed connection. */
  #requireOpen(): void {
    if (!this.#database.open) throw new ClaudeMemError('io', `the memory ${this.path} is closed`);
  }

  #attempt<Result>(action: string, work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw memoryError(action, this.path, error);
    }
  }
}

/** libsql silently cuts a text at its first NUL; the replacement character keeps the rest. */
function bindable(values: readonly SqlValue[]): SqlValue[] {
  return values.map((value) => (typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value));
}
