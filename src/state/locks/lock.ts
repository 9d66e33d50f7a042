import { constants } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'libsql';
import { ClaudeMemError } from '../../shared/errors.ts';
import { heldByAnother, heldByThisProcess, isBusy, lockFileError } from './lock-errors.ts';
import { assertAccess, createIfMissing, existingFileKey, fileKey } from './lock-file.ts';
import { type LockHolder, readLockHolder, removeLockHolder, writeLockHolder } from './lock-holder.ts';

/**
 * How long SQLite itself retries within one attempt, in milliseconds. Without retries, two processes that try a free
 * lock can make each other fail; with them, exactly one succeeds. The retries block the event loop, so the time is
 * short.
 */
const ATTEMPT_MS = 25;

const SHORTEST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 200;

/** How many other holders to wait for at most, each for the time allowed for one holder. */
const MOST_TURNS = 10;

/**
 * Lock files that this process holds or waits for, by device and inode. POSIX locks belong to the process: opening and
 * closing such a file again would silently release the lock. The map also keeps the database from being garbage
 * collected, which would close it.
 */
const taken = new Map<string, Database | undefined>();

export interface LockRequest {
  /** How long to wait for one holder, in milliseconds; 0 means one attempt. The wait is longer while holders change. */
  readonly waitMs: number;
  readonly holder: Omit<LockHolder, 'since'>;
  /** Aborts the wait. */
  readonly signal?: AbortSignal;
}

export interface HeldLock {
  readonly path: string;
  /** False if the file was removed or replaced: another process may then hold a lock with the same name. */
  isInPlace(): boolean;
  /** Releases the lock. The second call does nothing. */
  release(): void;
}

/**
 * Takes a lock that the kernel releases when this process ends for any reason: an exclusive transaction on a SQLite
 * file. The transaction writes nothing, so the file stays empty and needs no space. The file is never unlinked: two
 * processes could then hold two files of the same name. Children do not inherit the lock.
 * @throws ClaudeMemError `lock-held` names the holder. `io`: the file is not a lock, or it cannot be created or
 * written. `interrupted`: the caller's signal aborted the wait.
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
 * Whether no process holds the lock now, this one included. A missing lock file means free. Creates and writes nothing.
 * @throws ClaudeMemError `io` if the state cannot be determined.
 */
export async function isLockFree(path: string): Promise<boolean> {
  const key = existingFileKey(path);
  if (key === undefined) return true;
  if (taken.has(key)) return false;
  assertAccess(path, constants.R_OK);
  const database = await openLockFile(path);
  try {
    // A read takes a shared lock. It fails while the exclusive lock is held and does not block other readers.
    database.exec('SELECT count(*) FROM sqlite_master');
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw lockFileError(path, error);
  } finally {
    database.close();
  }
}

/**
 * Loads the lock library early. Not loaded with this module: most commands take no lock, and loading costs about 15 ms.
 */
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
      // Thirty simultaneous commands take longer than one wait. As long as the holder changes, the queue moves.
      const isMoving = waitMs > 0 && next !== undefined && next !== known;
      if (!isMoving || performance.now() - startedAt >= waitMs * MOST_TURNS) throw heldByAnother(path);
      known = next;
      deadline = performance.now() + waitMs;
      remainingMs = waitMs;
    }
    // Random delay, so that waiters do not retry at the same moment.
    await pause(Math.min(remainingMs, pauseMs * (0.5 + Math.random())), path, signal);
  }
}

function holderKey(path: string): string | undefined {
  const holder = readLockHolder(path);
  return holder && `${holder.pid} ${holder.since}`;
}

function tryLock(database: Database, path: string): boolean {
  try {
    // A journal in memory needs no second file, which could outlive this process or need space.
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
  // Read only now: the first open for writing can change the inode (overlayfs), and an open handle keeps it (FUSE).
  const heldKey = existingFileKey(path);
  const isInPlace = () => {
    try {
      return existingFileKey(path) === heldKey;
    } catch {
      // A failed check proves nothing.
      return true;
    }
  };
  return {
    path,
    isInPlace,
    release: () => {
      if (!isHeld) return;
      isHeld = false;
      // Before the release: afterwards it could be the next holder's record.
      if (isInPlace()) removeLockHolder(path);
      database.exec('ROLLBACK');
      database.close();
      taken.delete(key);
    },
  };
}
