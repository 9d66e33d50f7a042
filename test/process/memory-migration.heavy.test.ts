// Migrations of a large memory that are killed, or meet a full disk.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Connection } from '../../src/memory/connection.ts';
import { prepareDatabaseFile } from '../../src/memory/database-file.ts';
import { migrate } from '../../src/memory/migrate.ts';
import { MIGRATIONS } from '../../src/memory/migrations.ts';
import { SessionSearch } from '../../src/memory/session-search.ts';
import { SessionStore } from '../../src/memory/session-store.ts';
import { tempDir } from '../helpers/temp-dir.ts';
import { mountSmallDisk } from './small-disk.ts';
import { TestTree } from './tree-harness.ts';

const WRITER = fileURLToPath(new URL('../fixtures/memory-writer.ts', import.meta.url));
const ROUNDS = 8;
/** The start of the writer takes most of this time, in milliseconds. */
const KILLED_WITHIN_MS = 1_500;

/** Runs something on the database of a data dir. */
function within<Result>(dataDir: string, use: (connection: Connection) => Result): Result {
  const connection = new Connection(join(dataDir, 'memory.db'), { mode: 'read-write' });
  try {
    return use(connection);
  } finally {
    connection.close();
  }
}

/** A memory of the version before prompts were indexed. */
function oldMemory(dataDir: string, prompts: number): string {
  prepareDatabaseFile(join(dataDir, 'memory.db'));
  within(dataDir, (connection) => {
    migrate(connection, MIGRATIONS.slice(0, 2));
    connection.execute(`
      INSERT INTO sessions (project, created_at) VALUES ('shop', '2026-11-25T10:00:00.000Z');
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${prompts})
      INSERT INTO prompts (session_id, text, created_at)
        SELECT 1, 'prompt ' || n || ' about ' || hex(randomblob(120)), '2026-11-25T10:00:00.000Z' FROM numbers;`);
  });
  return dataDir;
}

function state(dataDir: string) {
  return within(dataDir, (connection) => ({
    version: Number(connection.pragma('user_version')),
    prompts: Number(connection.first('SELECT count(*) AS count FROM prompts')?.count),
    integrity: connection.pragma('integrity_check'),
  }));
}

function expectSearchable(dataDir: string, prompts: number): void {
  new SessionStore(dataDir).close();
  expect(state(dataDir)).toEqual({ version: MIGRATIONS.length, prompts, integrity: 'ok' });
  const search = new SessionSearch(dataDir);
  try {
    expect(search.search({ query: `"prompt ${prompts}"`, type: 'prompt', limit: 1 })).toHaveLength(1);
  } finally {
    search.close();
  }
}

test('a migration ended by SIGKILL at any moment loses nothing and is made up for', async () => {
  const prompts = 20_000;
  const before = oldMemory(tempDir(), prompts);
  const versions: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const dataDir = tempDir();
    cpSync(join(before, 'memory.db'), join(dataDir, 'memory.db'));
    const writer = spawn(process.execPath, ['--import', 'tsx', WRITER, dataDir, 'run', '0'], { stdio: 'ignore' });
    const closed = once(writer, 'close');
    await sleep((KILLED_WITHIN_MS * (round + 1)) / ROUNDS);
    writer.kill('SIGKILL');
    await closed;
    const after = state(dataDir);
    expect(after).toMatchObject({ prompts, integrity: 'ok' });
    versions.push(after.version);
    expectSearchable(dataDir, prompts);
  }
  expect(versions.every((version) => version === 2 || version === MIGRATIONS.length)).toBe(true);
}, 120_000);

test('a start that a migration makes too late says so, and one with more time is ready', async () => {
  const tree = await TestTree.create();
  mkdirSync(tree.dataDir, { recursive: true, mode: 0o700 });
  const prompts = 700_000;
  oldMemory(tree.dataDir, prompts);
  const late = await tree.run(['start', '--no-chroma', '--timeout', '4s']);
  expect([late.status, tree.members()]).toEqual([1, []]);
  expect(late.stderr).toContain('Start failed: the tree was not ready in time');
  expect(late.stderr).toContain('updating the memory to a newer schema');
  expect(late.stderr).toMatch(/start --timeout 5m/);
  // The migration may end within the grace period of its worker.
  expect(state(tree.dataDir)).toMatchObject({ prompts, integrity: 'ok' });
  const { status, stderr } = await tree.run(['start', '--no-chroma', '--timeout', '5m']);
  expect([status, stderr]).toEqual([0, '']);
  await tree.run(['stop']);
  expectSearchable(tree.dataDir, prompts);
}, 240_000);

test('a migration on a full disk leaves the memory as it was, and works once there is room', (context) => {
  const disk = mountSmallDisk(context, '16m');
  const prompts = 5_000;
  oldMemory(disk.path, prompts);
  for (const freePages of [0, 3, 40, 300]) {
    disk.fill(freePages);
    expect(() => new SessionStore(disk.path)).toThrow(expect.objectContaining({ code: 'io' }) as Error);
    disk.free();
    expect(state(disk.path)).toEqual({ version: 2, prompts, integrity: 'ok' });
  }
  expectSearchable(disk.path, prompts);
}, 60_000);
