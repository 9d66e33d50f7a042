import { accessSync, chmodSync, closeSync, constants, lstatSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';
import { lookAtTrusted, trustIn, UnsuitableFileError } from '../shared/own-file.ts';
import { damagedError, memoryError } from './sqlite-error.ts';

/** The memory is private. SQLite gives its `-wal` and `-shm` files the mode of the database. */
const FILE_MODE = 0o600;

/** The file of a data dir's memory. */
export function memoryPath(dataDir: string): string {
  return join(dataDir, 'memory.db');
}

/**
 * Ensures that a database file of mode 0600 exists for the writer to open. Created here because SQLite would take the
 * mode from the umask.
 *
 * Never opens an existing file: closing a second descriptor of a file drops all POSIX locks that this process holds on
 * it, including SQLite's (https://www.sqlite.org/howtocorrupt.html, 2.2).
 * @throws ClaudeMemError `io` if it cannot be created or written, or is empty beside a log that is not.
 */
export function prepareDatabaseFile(path: string): void {
  assertOwnDatabase(path);
  refuseLogWithoutDatabase(path);
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw memoryError('create the memory', path, error);
    claimExisting(path);
  }
}

/**
 * Device and inode, to detect a replaced file; undefined if there is no file.
 * @throws ClaudeMemError `io` if it is not a regular file: SQLite would report a folder as damaged and wait forever on
 * a pipe.
 */
export function fileKey(path: string): string | undefined {
  const stats = attemptToLook(path, () => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
  if (stats === undefined) return undefined;
  if (stats.isFile()) return `${stats.dev}:${stats.ino}`;
  throw new ClaudeMemError('io', `the memory ${path} is not a regular file`, {
    hint: 'Remove or rename it, or use another data dir with --data-dir.',
  });
}

/**
 * Refuses a database or log that is a link or belongs to another user, because SQLite opens each by name.
 * @throws ClaudeMemError `io`.
 */
export function assertOwnDatabase(path: string): void {
  try {
    const trust = trustIn(dirname(path));
    for (const suffix of ['', '-wal', '-shm', '-journal']) lookAtTrusted(path + suffix, trust);
  } catch (error) {
    if (!(error instanceof UnsuitableFileError)) throw memoryError('check the memory', path, error);
    throw new ClaudeMemError('io', `the memory cannot be used: ${error.message}`, {
      hint: 'Move it away, or use another data dir with --data-dir.',
      cause: error,
    });
  }
}

/** SQLite deletes the log of an empty database, and with it the commits that only the log contains. */
function refuseLogWithoutDatabase(path: string): void {
  if (fileSize(path) > 0 || fileSize(`${path}-wal`) === 0) return;
  throw damagedError(path, 'the file is missing or empty, but its log (-wal) is not');
}

function fileSize(path: string): number {
  return attemptToLook(path, () => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
}

function attemptToLook<Result>(path: string, look: () => Result): Result {
  try {
    return look();
  } catch (error) {
    throw memoryError('check the memory', path, error);
  }
}

/** Checked in the file system, because SQLite opens a read-only file without an error and fails at the first write. */
function claimExisting(path: string): void {
  try {
    const stats = lstatSync(path);
    if (stats.isFile() && (stats.mode & 0o077) !== 0) chmodSync(path, FILE_MODE);
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw memoryError('open the memory', path, error);
  }
}
