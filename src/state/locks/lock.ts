import { accessSync, closeSync, constants, lstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'libsql';
import { ClaudeMemError, errnoOf, messageOf } from '../../shared/errors.ts';
import { lookAtTrusted, trustIn } from '../../shared/own-file.ts';
import { ioError } from '../files/io-error.ts';
import { type LockHolder, readLockHolder, removeLockHolder, writeLockHolder } from './lock-holder.ts';

/**
 * How long SQLite itself retries within one attempt, in milliseconds. Without it two takers of a free lock can make each other
 * fail; with it exactly one gets through. It blocks the event loop, so it is short.
 */
const ATTEMPT_MS = 25;

const SHORTEST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

/** Of others are waited for at most, each as long as one may take. */
const MOST_TURNS = 10;

/**
 * Lock files that this process holds or waits for, by device and inode. POSIX locks belong to the process: opening such a file
 * again and closing it would silently drop the lock. Held here also because a database that is garbage collected is closed, and
 * whoever holds a lock for life may not keep the handle.
 */
const taken = new Map<string, Database | undefined>();

export interface LockRequest {
  /** How long to wait for one holder, in milliseconds; 0: one attempt. A queue that moves is waited for longer. */
  readonly waitMs: number;
  readonly holder: Omit<LockHolder, 'since'>;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

export interface HeldLock {
  readonly path: string;
  /** False once its file was removed or replaced: another process may then hold a lock of the same name. */
  isInPlace(): boolean;
  /** Gives the lock to whoever comes next; the second call does nothing. */
  release(): void;
}

/**
 * Takes a lock that the kernel releases when this process ends, however it ends: a SQLite file in an exclusive transaction. The
 * transaction writes nothing, so the file stays empty and needs no space. It is never unlinked: two takers could then hold two files of
 * one name. Children do not inherit it.
 * @throws ClaudeMemError `lock-held` naming the holder; `io` for a file that is no lock, or cannot be created or written;
 * `interrupted`.
 */
export async function acquireLock(path: string, request: LockRequest): Promise<HeldLock> {
  createIfMissing(path);
  const key = fileKey(path);
  assertAccess(path, constants.R_OK | constants.W_OK);
  if (taken.has(key)) throw heldByThisProcess(path);
  taken.set(key, undefined);
  let database: Database | undefined;
  try {
    database = await openLockFile(path);
    taken.set(key, database);
    await lockWithin(database, path, request);
    writeLockHolder(path, { ...request.holder, since: new Date().toISOString() });
    return heldLock(path, key, database);
  } catch (error) {
    database?.close();
    taken.delete(key);
    throw error;
  }
}

/**
 * Whether nobody holds the lock at this moment; a lock this process holds is not free. Creates and writes nothing: a lock file that
 * is not there is free.
 * @throws ClaudeMemError `io` when that cannot be found out.
 */
export async function isLockFree(path: string): Promise<boolean> {
  const key = existingFileKey(path);
  if (key === undefined) return true;
  if (taken.has(key)) return false;
  assertAccess(path, constants.R_OK);
  const database = await openLockFile(path);
  try {
    // Reading takes a shared lock: it fails while the exclusive one is held, and hinders no other reader.
    database.exec('SELECT count(*) FROM sqlite_master');
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw lockFileError(path, error);
  } finally {
    database.close();
  }
}

/** Created here and not by SQLite, which would leave the mode to the umask and the errno to guessing. */
function createIfMissing(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw ioError('create the lock file', path, error);
  }
}

/** SQLite says "unable to open database file" for every reason. */
function assertAccess(path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw ioError('use the lock file', path, error);
  }
}

function fileKey(path: string): string {
  const key = existingFileKey(path);
  if (key !== undefined) return key;
  throw new ClaudeMemError('io', `the lock file ${path} was removed while it was being taken`, {
    hint: 'Leave lock files where they are; try again.',
  });
}

function existingFileKey(path: string): string | undefined {
  try {
    // SQLite would follow a link, and open another user's file for writing.
    if (lookAtTrusted(path, trustIn(dirname(path))) === undefined) return undefined;
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
  } catch (error) {
    throw ioError('look at the lock file', path, error);
  }
}

/** Loads what a lock needs, ahead of the moment. Not with this module: most commands take no lock, and it costs about 15 ms. */
export async function loadLocks(): Promise<void> {
  await import('libsql');
}

async function openLockFile(path: string): Promise<Database> {
  const { default: SqliteDatabase } = await import('libsql');
  try {
    return new SqliteDatabase(path, { timeout: ATTEMPT_MS });
  } catch (error) {
    throw lockFileError(path, error);
  }
}

async function lockWithin(database: Database, path: string, { waitMs, signal }: LockRequest): Promise<void> {
  const startedAt = performance.now();
  let deadline = startedAt + waitMs;
  let known = waitMs > 0 ? holderKey(path) : undefined;
  for (let pauseMs = SHORTEST_PAUSE_MS; !tryLock(database, path); pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    let remainingMs = deadline - performance.now();
    if (remainingMs <= 0) {
      const next = holderKey(path);
      // Thirty commands at once take longer than one may: the turn passes on, only this one has not had it yet.
      const isMoving = waitMs > 0 && next !== undefined && next !== known;
      if (!isMoving || performance.now() - startedAt >= waitMs * MOST_TURNS) throw heldByAnother(path);
      known = next;
      deadline = performance.now() + waitMs;
      remainingMs = waitMs;
    }
    // Spread out, so that several waiters do not come back at the same moment each time.
    await pause(Math.min(remainingMs, pauseMs * (0.5 + Math.random())), path, signal);
  }
}

function holderKey(path: string): string | undefined {
  const holder = readLockHolder(path);
  return holder && `${holder.pid} ${holder.since}`;
}

function tryLock(database: Database, path: string): boolean {
  try {
    // A journal in memory: no second file on the disk that could outlive us or need space.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw lockFileError(path, error);
  }
}

async function pause(ms: number, path: string, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  } catch (cause) {
    throw new ClaudeMemError('interrupted', `interrupted while waiting for ${path}`, { cause });
  }
}

function heldLock(path: string, key: string, database: Database): HeldLock {
  let isHeld = true;
  // Only now: the first opening for writing can give a file another inode (overlayfs), and an open one keeps it (FUSE).
  const heldKey = existingFileKey(path);
  const isInPlace = () => {
    try {
      return existingFileKey(path) === heldKey;
    } catch {
      // It cannot be looked at, which proves nothing.
      return true;
    }
  };
  return {
    path,
    isInPlace,
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      // While the lock still protects it: the next holder's file must not be the one that goes.
      if (isInPlace()) removeLockHolder(path);
      database.exec('ROLLBACK');
      database.close();
      taken.delete(key);
    },
  };
}

function isBusy(error: unknown): boolean {
  const code = errnoOf(error);
  return code !== undefined && /^SQLITE_(?:BUSY|LOCKED)/.test(code);
}

function heldByThisProcess(path: string): ClaudeMemError {
  return new ClaudeMemError('lock-held', `${path} is held or being taken by this process itself (pid ${process.pid})`, {
    hint: 'This is a mistake in claude-mem: a lock is taken once in a process.',
  });
}

function heldByAnother(path: string): ClaudeMemError {
  const holder = readLockHolder(path);
  const who =
    holder === undefined
      ? 'another process, which has not written down who it is'
      : `pid ${holder.pid} (${holder.command}) since ${holder.since}`;
  return new ClaudeMemError('lock-held', `${path} is held by ${who}`, {
    hint: 'Wait until it is done and try again.',
  });
}

function lockFileError(path: string, error: unknown): Error {
  if (error instanceof ClaudeMemError) return error;
  const code = errnoOf(error) ?? '';
  if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') {
    return new ClaudeMemError('io', `${path} is damaged: it is not a lock file`, {
      hint: 'It holds no data: when no claude-mem runs on this data dir, empty or remove it and try again.',
      cause: error,
    });
  }
  if (code === 'SQLITE_FULL') {
    return new ClaudeMemError('io', `cannot take the lock ${path}: no space left on the device`, {
      hint: 'Free some disk space and try again.',
      cause: error,
    });
  }
  const reason = messageOf(error);
  return new ClaudeMemError('io', `cannot take the lock ${path}: ${reason}`, {
    hint: 'Check that it is a regular file that this user may read and write.',
    cause: error,
  });
}
