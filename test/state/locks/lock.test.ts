import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { acquireLock, isLockFree } from '../../../src/state/locks/lock.ts';
import { readLockHolder } from '../../../src/state/locks/lock-holder.ts';
import { tempDir } from '../../helpers/temp-dir.ts';
import { anError } from '../an-error.ts';

const REQUEST = { waitMs: 0, holder: { pid: process.pid, startTicks: 77, command: 'claude-mem start' } };

describe('acquireLock', () => {
  test('records the holder and leaves an empty file after the release', async () => {
    const folder = tempDir();
    const path = join(folder, 'operation.lock');
    const lock = await acquireLock(path, REQUEST);
    expect(readdirSync(folder).sort()).toEqual(['operation.lock', 'operation.lock.holder']);
    const holder = readLockHolder(path);
    expect(holder).toMatchObject(REQUEST.holder);
    expect(Date.parse(holder?.since ?? '')).not.toBeNaN();
    lock.release();
    lock.release();
    expect(readdirSync(folder)).toEqual(['operation.lock']);
    expect(statSync(path)).toMatchObject({ size: 0 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('can be taken again after it was released', async () => {
    const path = join(tempDir(), 'operation.lock');
    for (let round = 0; round < 3; round += 1) (await acquireLock(path, REQUEST)).release();
  });

  test('refuses a lock of this process under any name without opening the file', async () => {
    const folder = tempDir();
    const path = join(folder, 'operation.lock');
    const lock = await acquireLock(path, REQUEST);
    symlinkSync(folder, join(folder, 'link'));
    for (const name of [path, join(folder, 'link', 'operation.lock')]) {
      await expect(acquireLock(name, { ...REQUEST, waitMs: 60_000 })).rejects.toThrow(
        anError('lock-held', /this process \(pid \d+\) already holds or awaits/),
      );
      expect(await isLockFree(name)).toBe(false);
    }
    lock.release();
    expect(await isLockFree(path)).toBe(true);
  });

  test('refuses a second attempt in this process during the first', async () => {
    const path = join(tempDir(), 'operation.lock');
    const results = await Promise.allSettled([acquireLock(path, REQUEST), acquireLock(path, REQUEST)]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
    for (const result of results) if (result.status === 'fulfilled') result.value.release();
  });

  test.each(['hello', 'x'.repeat(5000)])('acquireLock gives a hint for a file that is not a lock', async (content) => {
    const path = join(tempDir(), 'operation.lock');
    writeFileSync(path, content);
    const expected = anError('io', `${path} is damaged`);
    await expect(acquireLock(path, REQUEST)).rejects.toThrow(expected);
    await expect(isLockFree(path)).rejects.toThrow(expected);
    expect(readFileSync(path, 'utf8')).toBe(content);
    // After the removal of the content, as the hint says, the lock can be taken.
    writeFileSync(path, '');
    (await acquireLock(path, REQUEST)).release();
  });

  test('names the path if the lock is a folder or its folder is missing', async () => {
    const folder = tempDir();
    mkdirSync(join(folder, 'is-folder.lock'));
    for (const path of [join(folder, 'is-folder.lock'), join(folder, 'missing', 'x.lock')]) {
      await expect(acquireLock(path, REQUEST)).rejects.toThrow(anError('io', path));
    }
  });

  test('takes a lock even if the holder cannot be recorded, so that stop works on a full disk', async () => {
    const path = join(tempDir(), 'operation.lock');
    mkdirSync(`${path}.holder`);
    const lock = await acquireLock(path, REQUEST);
    expect(await isLockFree(path)).toBe(false);
    lock.release();
    expect(await isLockFree(path)).toBe(true);
  });
});

describe('isLockFree', () => {
  test('creates nothing', async () => {
    const folder = tempDir();
    expect(await isLockFree(join(folder, 'operation.lock'))).toBe(true);
    expect(await isLockFree(join(folder, 'missing', 'operation.lock'))).toBe(true);
    writeFileSync(join(folder, 'empty.lock'), '');
    expect(await isLockFree(join(folder, 'empty.lock'))).toBe(true);
    expect(readdirSync(folder)).toEqual(['empty.lock']);
    expect(statSync(join(folder, 'empty.lock')).size).toBe(0);
  });
});

describe('readLockHolder', () => {
  test.each(['', '{', '[]', 'null', '{"pid":"7","command":"x","since":"now"}', '{"pid":7}'])(
    'returns no holder for %j',
    (content) => {
      const path = join(tempDir(), 'operation.lock');
      writeFileSync(`${path}.holder`, content);
      expect(readLockHolder(path)).toBeUndefined();
    },
  );
});

test('a lock detects that its file was removed or replaced, and keeps the next holder record', async () => {
  const path = join(tempDir(), 'supervisor.lock');
  const lock = await acquireLock(path, REQUEST);
  expect(lock.isInPlace()).toBe(true);
  rmSync(path);
  expect(lock.isInPlace()).toBe(false);
  const next = await acquireLock(path, REQUEST);
  expect([lock.isInPlace(), next.isInPlace()]).toEqual([false, true]);
  lock.release();
  expect(readLockHolder(path)).toMatchObject(REQUEST.holder);
  next.release();
});
