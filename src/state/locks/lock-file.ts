import { accessSync, closeSync, lstatSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { lookAtTrusted, trustIn } from '../../shared/own-file.ts';
import { ioError } from '../files/io-error.ts';

/** Creates the lock file, because SQLite would take the mode from the umask and hide the errno. */
export function createIfMissing(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw ioError('create the lock file', path, error);
  }
}

/** Checks the access itself: SQLite reports "unable to open database file" for every cause. */
export function assertAccess(path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw ioError('use the lock file', path, error);
  }
}

/**
 * Identifies the file that has this path now, by device and inode.
 * @throws ClaudeMemError `io`, also if there is no such file.
 */
export function fileKey(path: string): string {
  const key = existingFileKey(path);
  if (key !== undefined) return key;
  throw new ClaudeMemError('io', `the lock file ${path} was removed while it was being taken`, {
    hint: 'Do not remove lock files. Try again.',
  });
}

/**
 * Like `fileKey`; undefined if there is no such file.
 * @throws ClaudeMemError `io`.
 */
export function existingFileKey(path: string): string | undefined {
  try {
    // SQLite would follow a link and open another user's file for writing.
    if (lookAtTrusted(path, trustIn(dirname(path))) === undefined) return undefined;
    const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
    return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
  } catch (error) {
    throw ioError('check the lock file', path, error);
  }
}
