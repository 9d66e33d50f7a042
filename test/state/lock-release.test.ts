import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import { expect, test, vi } from 'vitest';
import { acquireLock, type HeldLock } from '../../src/state/locks/lock.ts';
import type * as Holder from '../../src/state/locks/lock-holder.ts';
import { tempDir } from '../helpers/temp-dir.ts';

const removals = vi.hoisted(() => [] as string[]);

// Another process tries to take the lock at the moment its holder record is removed.
vi.mock('../../src/state/locks/lock-holder.ts', async (importOriginal) => {
  const original = await importOriginal<typeof Holder>();
  return {
    ...original,
    removeLockHolder: (path: string) => {
      removals.push(takeElsewhere(path));
      original.removeLockHolder(path);
    },
  };
});

function takeElsewhere(path: string): string {
  const program = `
    const Database = require('libsql');
    try {
      new Database(process.argv[1]).exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
      console.log('taken');
    } catch (error) {
      console.log(error.code);
    }`;
  return spawnSync(process.execPath, ['-e', program, path], { encoding: 'utf8' }).stdout.trim();
}

test('the holder record is removed before the lock is released, so that the next record survives', async () => {
  const path = join(tempDir(), 'operation.lock');
  const lock = await acquireLock(path, { waitMs: 0, holder: { pid: process.pid, command: 'test' } });
  lock.release();
  expect(removals).toEqual(['SQLITE_BUSY']);
  expect(takeElsewhere(path)).toBe('taken');
});

test.each([
  [
    'released',
    '',
    (lock: HeldLock) => {
      lock.release();
    },
  ],
  ['abandoned because it cannot be taken', 'no lock file', () => undefined],
])('a lock file that is %s is closed before this process opens it again', async (_how, content, end) => {
  const path = join(tempDir(), 'operation.lock');
  writeFileSync(path, content, { mode: 0o600 });
  const request = { waitMs: 0, holder: { pid: process.pid, command: 'test' } };
  const attempts: Promise<unknown>[] = [];
  const close = vi.spyOn(Database.prototype, 'close').mockImplementationOnce(function (this: Database.Database) {
    attempts.push(acquireLock(path, request).catch((error: unknown) => error));
    this.close();
    return this;
  });
  await acquireLock(path, request).then(end, () => undefined);
  close.mockRestore();
  expect(await Promise.all(attempts)).toMatchObject([{ code: 'lock-held' }]);
});
