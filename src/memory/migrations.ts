/** One schema step. A released step never changes: every change is a new step. */
export interface Migration {
  /** 1, 2, 3 …; the database's `user_version` after the step. */
  readonly version: number;
  readonly sql: string;
}

/**
 * Ids are never reused (AUTOINCREMENT), and a single writer commits one transaction after the other. Observation ids
 * therefore follow the order of commits, which the watermark of a vector store relies on.
 *
 * The search index stores no text itself (external content). Its triggers also cover rows edited with sqlite3.
 */
const FIRST: Migration = {
  version: 1,
  sql: `
    CREATE TABLE sessions (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      external_id TEXT UNIQUE,
      project TEXT NOT NULL,
      created_at TEXT NOT NULL,
      completed_at TEXT
    ) STRICT;
    CREATE INDEX sessions_by_project ON sessions (project);

    CREATE TABLE prompts (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      session_id INTEGER NOT NULL REFERENCES sessions (id),
      text TEXT NOT NULL,
      created_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX prompts_by_session ON prompts (session_id);

    CREATE TABLE observations (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      external_id TEXT NOT NULL UNIQUE,
      session_id INTEGER NOT NULL REFERENCES sessions (id),
      type TEXT NOT NULL,
      title TEXT NOT NULL,
      text TEXT NOT NULL,
      files TEXT NOT NULL CHECK (json_valid(files)),
      created_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX observations_by_session ON observations (session_id);

    CREATE TABLE summaries (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      session_id INTEGER NOT NULL REFERENCES sessions (id),
      text TEXT NOT NULL,
      created_at TEXT NOT NULL
    ) STRICT;
    CREATE INDEX summaries_by_session ON summaries (session_id);

    CREATE TABLE metadata (
      key TEXT PRIMARY KEY,
      value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO metadata VALUES ('database-id', lower(hex(randomblob(16))));

    CREATE VIRTUAL TABLE observations_index USING fts5 (
      title, text, files,
      content = 'observations', content_rowid = 'id',
      tokenize = 'porter unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER observations_inserted AFTER INSERT ON observations BEGIN
      INSERT INTO observations_index (rowid, title, text, files) VALUES (new.id, new.title, new.text, new.files);
    END;
    CREATE TRIGGER observations_deleted AFTER DELETE ON observations BEGIN
      INSERT INTO observations_index (observations_index, rowid, title, text, files)
        VALUES ('delete', old.id, old.title, old.text, old.files);
    END;
    CREATE TRIGGER observations_updated AFTER UPDATE ON observations BEGIN
      INSERT INTO observations_index (observations_index, rowid, title, text, files)
        VALUES ('delete', old.id, old.title, old.text, old.files);
      INSERT INTO observations_index (rowid, title, text, files) VALUES (new.id, new.title, new.text, new.files);
    END;
  `,
};

/** Prompts and summaries delivered by a hook carry an external id, so that a repeated delivery is recognized. */
const DELIVERED_ONCE: Migration = {
  version: 2,
  sql: `
    ALTER TABLE prompts ADD COLUMN external_id TEXT;
    CREATE UNIQUE INDEX prompts_by_external_id ON prompts (external_id);
    ALTER TABLE summaries ADD COLUMN external_id TEXT;
    CREATE UNIQUE INDEX summaries_by_external_id ON summaries (external_id);
  `,
};

/** From this version on, prompts and summaries have an index. */
export const TEXTS_INDEXED = 3;

const indexOfTexts = (table: 'prompts' | 'summaries'): string => `
    CREATE VIRTUAL TABLE ${table}_index USING fts5 (
      text,
      content = '${table}', content_rowid = 'id',
      tokenize = 'porter unicode61 remove_diacritics 2'
    );
    INSERT INTO ${table}_index (${table}_index) VALUES ('rebuild');
    CREATE TRIGGER ${table}_inserted AFTER INSERT ON ${table} BEGIN
      INSERT INTO ${table}_index (rowid, text) VALUES (new.id, new.text);
    END;
    CREATE TRIGGER ${table}_deleted AFTER DELETE ON ${table} BEGIN
      INSERT INTO ${table}_index (${table}_index, rowid, text) VALUES ('delete', old.id, old.text);
    END;
    CREATE TRIGGER ${table}_updated AFTER UPDATE ON ${table} BEGIN
      INSERT INTO ${table}_index (${table}_index, rowid, text) VALUES ('delete', old.id, old.text);
      INSERT INTO ${table}_index (rowid, text) VALUES (new.id, new.text);
    END;`;

/** The search over prompts and summaries, and records by time. */
const SEARCHABLE: Migration = {
  version: TEXTS_INDEXED,
  sql: `
    ${indexOfTexts('prompts')}
    ${indexOfTexts('summaries')}
    CREATE INDEX prompts_by_time ON prompts (created_at);
    CREATE INDEX observations_by_time ON observations (created_at);
    CREATE INDEX summaries_by_time ON summaries (created_at);
  `,
};

/** In ascending order of version. */
export const MIGRATIONS: readonly Migration[] = [FIRST, DELIVERED_ONCE, SEARCHABLE];
