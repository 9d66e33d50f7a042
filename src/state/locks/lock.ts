import { accessSync, closeSync, constants, lstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from 'libsql';
import { ClaudeMemError, errnoOf, messageOf } from '../../shared/errors.ts';
import { lookAtTrusted, trustIn } from '../../shared/own-file.ts';
import { ioError } from '../files/io-error.ts';
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

/** Created here because SQLite would take the mode from the umask and hide the errno. */
function createIfMissing(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw ioError('create the lock file', path, error);
  }
}

/** SQLite reports "unable to open database file" for every cause. */
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
    hint: 'Do not remove lock files. Try again.',
  });
}

function existingFileKey(path: string): string | undefined {
  try {
    // SQLite would follow a link and open another user's file for writing.
    if (lookAtTrusted(path, trustIn(dirname(path))) === undefined) return undefined;
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
  } catch (error) {
    throw ioError('check the lock file', path, error);
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

function isBusy(error: unknown): boolean {
  const code = errnoOf(error);
  return code !== undefined && /^SQLITE_(?:BUSY|LOCKED)/.test(code);
}

function heldByThisProcess(path: string): ClaudeMemError {
  return new ClaudeMemError('lock-held', `this process (pid ${process.pid}) already holds or awaits the lock ${path}`, {
    hint: 'This is a bug in claude-mem: a process takes a lock only once.',
  });
}

function heldByAnother(path: string): ClaudeMemError {
  const holder = readLockHolder(path);
  const who =
    holder === undefined ? 'an unknown process' : `pid ${holder.pid} (${holder.command}) since ${holder.since}`;
  return new ClaudeMemError('lock-held', `${path} is held by ${who}`, {
    hint: 'Wait until that process is done, then try again.',
  });
}

function lockFileError(path: string, error: unknown): Error {
  if (error instanceof ClaudeMemError) return error;
  const code = errnoOf(error) ?? '';
  if (code === 'SQLITE_NOTADB' || code === 'SQLITE_CORRUPT') {
    return new ClaudeMemError('io', `${path} is damaged: it is not a lock file`, {
      hint: 'The file contains no data. Make sure that no claude-mem runs on this data dir, then remove the file and try again.',
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
