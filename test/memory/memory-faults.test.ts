import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ClaudeMemError } from '../../src/shared/errors.ts';
import { Connection } from '../../src/memory/connection.ts';
import { migrate, readableVersion } from '../../src/memory/migrate.ts';
import { MIGRATIONS } from '../../src/memory/migrations.ts';
import { prepareDatabaseFile } from '../../src/memory/database-file.ts';
import { memoryError } from '../../src/memory/sqlite-error.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { openMemory, openSearch, openStore } from './open-memory.ts';

const NEWEST = MIGRATIONS.at(-1)!.version;

const isRoot = process.geteuid?.() === 0;

function thrownBy(action: () => unknown): ClaudeMemError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ClaudeMemError);
    return error as ClaudeMemError;
  }
  throw new Error('nothing was thrown');
}

/** Opens a connection on a fresh database and closes it before another one uses the file. */
function withConnection(path: string, work: (connection: Connection) => void): void {
  if (!existsSync(path)) writeFileSync(path, '');
  const connection = new Connection(path, { mode: 'read-write' });
  try {
    work(connection);
  } finally {
    connection.close();
  }
}

describe('a damaged database', () => {
  test('a damaged database is refused, named and left unchanged', () => {
    const dataDir = tempDir();
    const path = join(dataDir, 'memory.db');
    writeFileSync(path, 'no database at all '.repeat(500));
    const before = readFileSync(path);
    for (const open of [() => openStore(dataDir), () => openSearch(dataDir).recent(undefined, 1)]) {
      const error = thrownBy(open);
      expect(error).toMatchObject({ code: 'io' });
      expect(error.message).toContain(`${path} is damaged`);
      expect(error.hint).toContain('.recover');
    }
    expect(readFileSync(path)).toEqual(before);
  });

  test('a damaged page in the middle is reported with the path of the database', () => {
    const { dataDir, store, search, remember } = openMemory();
    for (let index = 0; index < 200; index++) remember(`title ${index}`, 'text '.repeat(200));
    store.close();
    search.close();
    const path = join(dataDir, 'memory.db');
    const bytes = readFileSync(path);
    bytes.fill(0xa5, 8_192, bytes.length - 8_192);
    writeFileSync(path, bytes);
    expect(thrownBy(() => openSearch(dataDir).recent(undefined, 1_000)).message).toContain('is damaged');
  });

  test.each(['missing', 'empty'])('a log whose database is %s is not deleted', (state) => {
    const dataDir = tempDir();
    const path = join(dataDir, 'memory.db');
    if (state === 'empty') writeFileSync(path, '');
    writeFileSync(`${path}-wal`, 'committed rows');
    expect(thrownBy(() => openStore(dataDir)).message).toContain('its log (-wal) is not');
    expect(readFileSync(`${path}-wal`, 'utf8')).toBe('committed rows');
  });
});

describe('a database of another version or program', () => {
  test('a database of a newer version is refused and left unchanged', () => {
    const dataDir = tempDir();
    const path = join(dataDir, 'memory.db');
    openStore(dataDir).close();
    withConnection(path, (connection) => {
      connection.execute('PRAGMA user_version = 99');
    });
    for (const open of [() => openStore(dataDir), () => openSearch(dataDir).recent(undefined, 1)]) {
      expect(thrownBy(open)).toMatchObject({
        code: 'io',
        hint: expect.stringContaining('Update claude-mem') as string,
      });
    }
    withConnection(path, (connection) => {
      expect(connection.pragma('user_version')).toBe(99);
    });
  });

  test('a database of another program is refused and left unchanged', () => {
    const dataDir = tempDir();
    withConnection(join(dataDir, 'memory.db'), (connection) => {
      connection.execute('CREATE TABLE recipes (name TEXT)');
    });
    expect(thrownBy(() => openStore(dataDir)).message).toContain('another program (it contains the table recipes)');
  });

  test('a reader refuses a schema that is too old until the writer has migrated it', () => {
    const path = join(tempDir(), 'memory.db');
    const next = [...MIGRATIONS, { version: NEWEST + 1, sql: 'ALTER TABLE sessions ADD COLUMN note TEXT' }];
    withConnection(path, (connection) => {
      expect(readableVersion(connection)).toBeUndefined();
      migrate(connection);
      connection.run("INSERT INTO sessions (project, created_at) VALUES ('alpha', 'now')");
      expect(thrownBy(() => readableVersion(connection, NEWEST + 1, next)).message).toContain(
        `schema ${NEWEST} of an older claude-mem; this one reads schema ${NEWEST + 1}`,
      );
      migrate(connection, next);
      expect(readableVersion(connection, NEWEST + 1, next)).toBe(NEWEST + 1);
      expect(connection.first('SELECT project, note FROM sessions')).toEqual({ project: 'alpha', note: null });
    });
  });

  test('a reader that is open during a migration finds what the new schema has', () => {
    const dataDir = tempDir();
    prepareDatabaseFile(join(dataDir, 'memory.db'));
    withConnection(join(dataDir, 'memory.db'), (connection) => {
      migrate(connection, MIGRATIONS.slice(0, 2));
      connection.run("INSERT INTO sessions (project, created_at) VALUES ('alpha', 'now')");
      connection.run("INSERT INTO prompts (session_id, text, created_at) VALUES (1, 'a zebra crossing', 'now')");
    });
    const search = openSearch(dataDir);
    expect(search.search({ query: 'zebra', limit: 5 })).toEqual([]);
    openStore(dataDir);
    expect(search.search({ query: 'zebra', limit: 5 })).toMatchObject([{ kind: 'prompt' }]);
    withConnection(join(dataDir, 'memory.db'), (connection) => {
      connection.execute(`PRAGMA user_version = ${NEWEST + 1}`);
    });
    expect(thrownBy(() => search.search({ query: 'zebra', limit: 5 })).message).toContain('of a newer claude-mem');
  });

  test('data of the first version survives every migration', () => {
    const dataDir = tempDir();
    prepareDatabaseFile(join(dataDir, 'memory.db'));
    withConnection(join(dataDir, 'memory.db'), (connection) => {
      migrate(connection, MIGRATIONS.slice(0, 1));
      connection.run("INSERT INTO sessions (project, created_at) VALUES ('alpha', 'now')");
      for (const table of ['prompts', 'prompts', 'summaries', 'summaries'])
        connection.run(`INSERT INTO ${table} (session_id, text, created_at) VALUES (1, 'the same', 'now')`);
    });
    const store = openStore(dataDir);
    expect(store.counts()).toEqual({ sessions: 1, prompts: 2, observations: 0, summaries: 2 });
  });

  test('a memory of the version before is searched unchanged, and its prompts and summaries after the migration', () => {
    const dataDir = tempDir();
    prepareDatabaseFile(join(dataDir, 'memory.db'));
    withConnection(join(dataDir, 'memory.db'), (connection) => {
      migrate(connection, MIGRATIONS.slice(0, 2));
      connection.run("INSERT INTO sessions (project, created_at) VALUES ('alpha', 'now')");
      connection.run("INSERT INTO prompts (session_id, text, created_at) VALUES (1, 'faster login', 'now')");
      connection.run("INSERT INTO summaries (session_id, text, created_at) VALUES (1, 'Asked: faster login', 'now')");
      connection.run(
        "INSERT INTO observations VALUES (1, 'x', 1, 'change', 'Edit login.ts', 'the login', '[]', '2026-11-25T10:00:00.000Z')",
      );
    });
    const kinds = () =>
      openSearch(dataDir)
        .search({ query: 'login', limit: 10 })
        .map(({ kind }) => kind);
    expect(kinds()).toEqual(['observation']);
    withConnection(join(dataDir, 'memory.db'), (connection) => {
      expect(connection.pragma('user_version')).toBe(2);
    });
    openStore(dataDir);
    expect(kinds().sort()).toEqual(['observation', 'prompt', 'summary']);
  });

  test('a failed migration leaves the old schema intact', () => {
    const path = join(tempDir(), 'memory.db');
    const broken = [...MIGRATIONS, { version: NEWEST + 1, sql: 'CREATE TABLE extra (x); CREATE TABLE sessions (x)' }];
    withConnection(path, (connection) => {
      migrate(connection);
      expect(() => {
        migrate(connection, broken);
      }).toThrow('already exists');
      expect(connection.pragma('user_version')).toBe(NEWEST);
      expect(connection.first("SELECT 1 AS found FROM sqlite_schema WHERE name = 'extra'")).toBeUndefined();
      migrate(connection);
    });
  });
});

describe('a disk or file with an error', () => {
  test('a full disk stores nothing of the call, and later calls work', () => {
    const path = join(tempDir(), 'memory.db');
    withConnection(path, (connection) => {
      migrate(connection);
      connection.pragma(`max_page_count = ${Number(connection.pragma('page_count')) + 2}`);
      const sql = "INSERT INTO prompts (session_id, text, created_at) VALUES (1, ?, 'now')";
      connection.run("INSERT INTO sessions (project, created_at) VALUES ('alpha', 'now')");
      const error = thrownBy(() => connection.transaction(() => connection.run(sql, 'x'.repeat(100_000))));
      expect(error.message).toContain(path);
      expect(error).toMatchObject({ code: 'io', hint: expect.stringContaining('Free some disk space') as string });
      connection.transaction(() => connection.run(sql, 'short'));
      expect(connection.all('SELECT text FROM prompts')).toEqual([{ text: 'short' }]);
    });
  });

  test('a second writer is waited for and then named as the cause', () => {
    const dataDir = tempDir();
    const other = openStore(dataDir);
    const store = openStore(dataDir, { busyTimeoutMs: 20 });
    const holder = new Connection(join(dataDir, 'memory.db'), { mode: 'read-write' });
    holder.execute('BEGIN IMMEDIATE');
    const error = thrownBy(() => store.createSession({ project: 'alpha' }));
    expect(error).toMatchObject({ code: 'io', hint: expect.stringContaining('second claude-mem') as string });
    expect(openSearch(dataDir).recentSessions(undefined, 1)).toEqual([]);
    holder.execute('COMMIT');
    holder.close();
    expect(store.createSession({ project: 'alpha' }).id).toBe(1);
    expect(other.createSession({ project: 'alpha' }).id).toBe(2);
  });

  test('a reader cannot write', () => {
    const { dataDir } = openMemory();
    const reader = new Connection(join(dataDir, 'memory.db'), { mode: 'read-only' });
    const error = thrownBy(() => reader.run("INSERT INTO sessions (project, created_at) VALUES ('beta', 'now')"));
    reader.close();
    expect(error.message).toContain('can be read but not written');
  });

  test('a folder in place of the database is refused with its path', () => {
    const dataDir = tempDir();
    mkdirSync(join(dataDir, 'memory.db'));
    for (const open of [() => openStore(dataDir), () => openSearch(dataDir).recent(undefined, 1)]) {
      expect(thrownBy(open)).toMatchObject({
        code: 'io',
        message: expect.stringMatching(/is a folder|not a regular file/) as string,
      });
    }
  });

  test.skipIf(isRoot)('a read-only folder is reported (not as root, who can write anywhere)', () => {
    const dataDir = tempDir();
    chmodSync(dataDir, 0o500);
    const error = thrownBy(() => openStore(dataDir));
    chmodSync(dataDir, 0o700);
    expect(error.message).toContain('permission denied (EACCES)');
  });

  test.skipIf(isRoot)('a read-only file is reported at opening (not as root, who can write anywhere)', () => {
    const dataDir = tempDir();
    openStore(dataDir).close();
    chmodSync(join(dataDir, 'memory.db'), 0o400);
    expect(thrownBy(() => openStore(dataDir)).message).toContain('permission denied (EACCES)');
    expect(openSearch(dataDir).recent(undefined, 1)).toEqual([]);
  });

  test('a file removed while open accepts no more rows', () => {
    const { dataDir, store, search, remember } = openMemory();
    remember('kept');
    expect(search.recent(undefined, 1)).toHaveLength(1);
    for (const name of ['memory.db', 'memory.db-wal', 'memory.db-shm']) rmSync(join(dataDir, name));
    expect(thrownBy(() => remember('lost')).message).toContain('was removed or replaced');
    expect(search.recent(undefined, 1)).toEqual([]);
    store.close();
    expect(existsSync(join(dataDir, 'memory.db'))).toBe(false);
  });

  test('a reader follows a file that was replaced', () => {
    const { dataDir, store, search, remember } = openMemory();
    remember('in the backup');
    store.close();
    const path = join(dataDir, 'memory.db');
    copyFileSync(path, `${path}.backup`);
    const reopened = openStore(dataDir);
    reopened.addPrompt(1, 'later');
    expect(search.promptsOf(1)).toHaveLength(1);
    reopened.close();
    for (const name of [`${path}-wal`, `${path}-shm`]) rmSync(name, { force: true });
    renameSync(`${path}.backup`, path);
    expect(search.promptsOf(1)).toHaveLength(0);
    expect(search.recent(undefined, 1)).toHaveLength(1);
  });
});

describe('errors', () => {
  test.each([
    [2067, 'SQLITE_CONSTRAINT_UNIQUE'],
    [1, 'SQLITE_ERROR'],
  ])('an unexpected error (%i) keeps its stack trace', (rawCode, code) => {
    const error = Object.assign(new Error('mistake'), { rawCode, code });
    expect(memoryError('write to', '/data/memory.db', error)).toBe(error);
  });

  test.each([
    [4874, 'input/output error'],
    [267, 'is damaged'],
    [1032, 'can be read but not written'],
    [261, 'another process is writing to it'],
  ])('an extended result code (%i) is explained by its primary code', (rawCode, meaning) => {
    const error = Object.assign(new Error('low level'), { rawCode, code: `UNKNOWN_SQLITE_ERROR_${rawCode}` });
    expect(memoryError('read', '/data/memory.db', error).message).toContain(meaning);
  });
});

test('a truncated database is refused or reported as damaged, never treated as empty', () => {
  const { dataDir, store, search, remember } = openMemory();
  for (let index = 0; index < 50; index++) remember(`title ${index}`, 'text '.repeat(200));
  store.close();
  search.close();
  const path = join(dataDir, 'memory.db');
  const half = Math.floor(statSync(path).size / 2);
  truncateSync(path, half);
  expect(thrownBy(() => openSearch(dataDir).search({ query: 'title', limit: 100 })).message).toContain('is damaged');
});

test('the database has version 3, and each migration raises the version by one', () => {
  expect(MIGRATIONS.map(({ version }) => version)).toEqual([1, 2, 3]);
});
