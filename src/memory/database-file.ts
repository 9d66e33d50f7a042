import { accessSync, chmodSync, closeSync, constants, lstatSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ClaudeMemError, errnoOf } from '../shared/errors.ts';
import { lookAtTrusted, trustIn, UnsuitableFileError } from '../shared/own-file.ts';
import { damagedError, memoryError } from './sqlite-error.ts';

/** What is remembered is private. SQLite gives its `-wal` and `-shm` files the mode of the database. */
const FILE_MODE = 0o600;

/** Where a data dir keeps its memory. */
export function memoryPath(dataDir: string): string {
  return join(dataDir, 'memory.db');
}

/**
 * Makes sure there is a database file of mode 0600 for the writer to open. Created here and not by SQLite, which would leave the
 * mode to the umask.
 *
 * An existing file is never opened: closing a second descriptor of a file drops all POSIX locks this process holds on it, SQLite's
 * own too (https://www.sqlite.org/howtocorrupt.html, 2.2).
 * @throws ClaudeMemError `io` when it cannot be created or written to, or is empty beside a log that is not.
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
 * Device and inode, which tell a file that was replaced from the one that was opened; undefined where there is none.
 * @throws ClaudeMemError `io` for what is no regular file: SQLite would call a folder damaged, and wait for ever on a pipe.
 */
export function fileKey(path: string): string | undefined {
  const stats = attemptToLook(path, () => lstatSync(path, { bigint: true, throwIfNoEntry: false }));
  if (stats === undefined) return undefined;
  if (stats.isFile()) return `${stats.dev}:${stats.ino}`;
  throw new ClaudeMemError('io', `the memory ${path} is no regular file`, {
    hint: 'Remove or rename what stands there, or use another data dir with --data-dir.',
  });
}

/**
 * Refuses a database, or a log of one, that is a link or belongs to another user: SQLite opens each by its name.
 * @throws ClaudeMemError `io`.
 */
export function assertOwnDatabase(path: string): void {
  try {
    const trust = trustIn(dirname(path));
    for (const suffix of ['', '-wal', '-shm', '-journal']) lookAtTrusted(path + suffix, trust);
  } catch (error) {
    if (!(error instanceof UnsuitableFileError)) throw memoryError('look at the memory', path, error);
    throw new ClaudeMemError('io', `the memory cannot be used: ${error.message}`, {
      hint: 'Move away what stands there, or use another data dir with --data-dir.',
      cause: error,
    });
  }
}

/** SQLite deletes the log of an empty database: what was committed to it alone would be lost. */
function refuseLogWithoutDatabase(path: string): void {
  if (fileSize(path) > 0 || fileSize(`${path}-wal`) === 0) return;
  throw damagedError(path, 'it is missing or empty, and its log (-wal) is not');
}

function fileSize(path: string): number {
  return attemptToLook(path, () => statSync(path, { throwIfNoEntry: false })?.size ?? 0);
}

function attemptToLook<Result>(path: string, look: () => Result): Result {
  try {
    return look();
  } catch (error) {
    throw memoryError('look at the memory', path, error);
  }
}

/** Asked of the file system, because SQLite opens what it may not write to all the same, and fails with the first row. */
function claimExisting(path: string): void {
  try {
    const stats = lstatSync(path);
    if (stats.isFile() && (stats.mode & 0o077) !== 0) chmodSync(path, FILE_MODE);
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw memoryError('open the memory', path, error);
  }
}
