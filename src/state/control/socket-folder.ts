import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ClaudeMemError, errnoOf } from '../../shared/errors.ts';
import { ioError } from '../files/io-error.ts';

/** The hint of each error about a place for a socket. */
export const SHORTER = 'Use a data dir with a shorter path, or set XDG_RUNTIME_DIR to a folder that belongs to you.';

/**
 * Creates the folder (0700) for a socket outside the data dir. Refuses a folder that another user created first, and a
 * link: every user can write to the temp dir.
 * @throws ClaudeMemError `io`.
 */
export function ensureSocketFolder(socketPath: string): void {
  const folder = dirname(socketPath);
  assertNotReplaceable(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw ioError('create', folder, error);
  }
  const stats = lstatSync(folder);
  const isOurs = process.geteuid === undefined || stats.uid === process.geteuid();
  if (stats.isDirectory() && isOurs && (stats.mode & 0o077) === 0) return;
  throw new ClaudeMemError('io', `${folder} is not a private folder of this user`, {
    hint: `If it belongs to you, remove it. ${SHORTER}`,
  });
}

/**
 * Refuses a world-writable folder without the sticky bit: any user can replace the socket folder in it. The temp dir has
 * that bit.
 * @throws ClaudeMemError `io`.
 */
export function assertNotReplaceable(base: string): void {
  try {
    const { mode } = statSync(base);
    if ((mode & 0o002) === 0 || (mode & 0o1000) !== 0) return;
  } catch (error) {
    throw ioError('use', base, error);
  }
  throw new ClaudeMemError('io', `all users can replace files in ${base}`, { hint: SHORTER });
}
